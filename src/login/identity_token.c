/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sources of an identity token, and what holds for all of them. */
#include "login/identity_token.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sha256.h"
#include "crypto/jws.h"
#include "identity_platform.h"
#include "net/browser.h"

enum { VARIABLE_NAME_MAX = 128, SOURCE_NAME_MAX = 16 };
#define KUBERNETES_TOKEN "/var/run/secrets/kubernetes.io/serviceaccount/token"

const char *identity_variable(const struct identity_request *request, const char *name)
{
    return text_variable(request->proof->environment, name);
}

bool identity_take(const char *value, struct buffer *token, struct error *err)
{
    return buffer_append_text(token, value) ||
           error_set(err, ERROR_IDENTITY_TOKEN, "the identity token is longer than %d bytes",
                     IDENTITY_TOKEN_LIMIT);
}

bool identity_is_true(const struct identity_request *request, const char *name)
{
    return text_equal(identity_variable(request, name), "true");
}

static bool from_variable(const struct identity_request *request, struct buffer *token, struct error *err)
{
    const char *value = identity_variable(request, request->argument);
    if (value == NULL)
        return error_set(err, ERROR_IDENTITY_TOKEN,
                         "there is no identity token: the environment variable '%s' is not set",
                         safe(request->argument));
    return identity_take(value, token, err);
}

static const char *file_of(const struct identity_request *request)
{
    return request->argument != NULL ? request->argument : KUBERNETES_TOKEN;
}

static bool from_file(const struct identity_request *request, struct buffer *token, struct error *err)
{
    if (file_read(file_of(request), token, err))
        return true;
    err->code = ERROR_IDENTITY_TOKEN;
    return error_prefix(err, "there is no identity token");
}

static bool from_kubernetes(const struct identity_request *request, struct buffer *token, struct error *err)
{
    if (from_file(request, token, err))
        return true;
    return error_hint(
        err,
        "give the pod a projected volume with a serviceAccountToken (audience: '%s') and name its "
        "file with kubernetes:PATH; automountServiceAccountToken: false hides the default one",
        safe(request->audience));
}

/* "NAME=VALUE", which a person may have written in front as for a shell. */
static bool sets_variable(const char *word)
{
    const char *equals = strchr(word, '=');
    return equals != NULL && memchr(word, '/', (size_t)(equals - word)) == NULL;
}

static bool from_command(const struct identity_request *request, struct buffer *token, struct error *err)
{
    cleanup_text_list struct text_list words = {0};
    if (!browser_words(request->argument, identity_variable(request, "PATH"), &words, err))
        return error_prefix(err, "--client-assertion-source: the command of exec cannot be used");
    if (sets_variable(words.items[0])) {
        error_set(err, ERROR_CONFIG,
                  "--client-assertion-source: the command of exec: begins with a variable, and only a shell "
                  "would set it");
        return error_hint(err, "export it before, or name a script that sets it");
    }
    return identity_command(request, &words, token, err);
}

static bool github_is_here(const struct identity_request *request)
{
    return identity_is_true(request, "GITHUB_ACTIONS") || identity_is_forgejo(request) ||
           identity_variable(request, "ACTIONS_ID_TOKEN_REQUEST_URL") != NULL ||
           identity_variable(request, "ACTIONS_ID_TOKEN_REQUEST_TOKEN") != NULL;
}

static bool gitlab_is_here(const struct identity_request *request)
{
    return identity_is_true(request, "GITLAB_CI");
}

static bool circleci_is_here(const struct identity_request *request)
{
    return identity_is_true(request, "CIRCLECI") ||
           identity_variable(request, "CIRCLE_OIDC_TOKEN_V2") != NULL ||
           identity_variable(request, "CIRCLE_OIDC_TOKEN") != NULL;
}

static bool bitbucket_is_here(const struct identity_request *request)
{
    return identity_variable(request, "BITBUCKET_BUILD_NUMBER") != NULL ||
           identity_variable(request, "BITBUCKET_STEP_OIDC_TOKEN") != NULL;
}

static bool kubernetes_is_here(const struct identity_request *request)
{
    return identity_variable(request, "KUBERNETES_SERVICE_HOST") != NULL;
}

enum argument { ARGUMENT_NONE, ARGUMENT_OPTIONAL, ARGUMENT_NEEDED };
static const struct source {
    const char *name;
    enum argument argument;
    bool (*is_here)(const struct identity_request *request); /* NULL: never found by auto */
    bool (*get)(const struct identity_request *request, struct buffer *token, struct error *err);
} sources[] = {
    /* A runner of GitHub's inside a cluster is still a job of GitHub's: the cluster comes last. */
    {"github", ARGUMENT_NONE, github_is_here, identity_github},
    {"forgejo", ARGUMENT_NONE, NULL, identity_github},
    {"gitlab", ARGUMENT_OPTIONAL, gitlab_is_here, identity_gitlab},
    {"circleci", ARGUMENT_NONE, circleci_is_here, identity_circleci},
    {"bitbucket", ARGUMENT_NONE, bitbucket_is_here, identity_bitbucket},
    {"kubernetes", ARGUMENT_OPTIONAL, kubernetes_is_here, from_kubernetes},
    {"env", ARGUMENT_NEEDED, NULL, from_variable},
    {"file", ARGUMENT_NEEDED, NULL, from_file},
    {"exec", ARGUMENT_NEEDED, NULL, from_command},
};
#define SOURCES                                                                                              \
    "auto, github, forgejo, gitlab[:VARIABLE], circleci, bitbucket, kubernetes[:PATH], env:NAME, "           \
    "file:PATH, exec:COMMAND"

/* The row that TEXT names; *ARGUMENT is what stands behind the colon, or NULL. */
static const struct source *find_source(const char *text, const char **argument)
{
    size_t length = strcspn(text, ":");
    *argument = text[length] == ':' ? text + length + 1 : NULL;
    for (size_t i = 0; i < array_length(sources); i++)
        if (strlen(sources[i].name) == length && strncmp(sources[i].name, text, length) == 0)
            return &sources[i];
    return NULL;
}

/* People write $TOKEN where its name or its file is meant. It must not be shown then. */
static bool is_token(const char *text)
{
    return text != NULL && text_starts_with(text, "eyJ") && strchr(text, '.') != NULL;
}

static bool is_variable_name(const char *text)
{
    size_t length = strlen(text);
    return length <= VARIABLE_NAME_MAX && (text[0] < '0' || text[0] > '9') &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

/* Shows only what can be the name of a platform. */
static bool refuse_unknown(const char *text, struct error *err)
{
    size_t length = strcspn(text, ":");
    cleanup_string char *name = memory_copy_bytes(text, length);
    bool shown = length <= SOURCE_NAME_MAX &&
                 strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") == length;
    return error_set(err, ERROR_CONFIG, "--client-assertion-source%s%s%s is none of %s", shown ? " '" : "",
                     shown ? name : "", shown ? "'" : "", SOURCES);
}

static bool check_argument(const struct source *source, const char *argument, struct error *err)
{
    bool variable = source->get == from_variable || source->get == identity_gitlab;
    if (is_token(argument)) {
        error_set(err, ERROR_CONFIG, "--client-assertion-source '%s' holds a token itself", source->name);
        return error_hint(err, "name where it is, such as env:NAME or file:PATH: a shell puts the value of "
                               "$NAME in its place, and then others can read it");
    }
    if (argument != NULL && variable && !is_variable_name(argument))
        return error_set(
            err, ERROR_CONFIG,
            "--client-assertion-source '%s': what stands behind the colon is no name of a variable",
            source->name);
    return true;
}

bool identity_token_check(const char *text, struct error *err)
{
    const char *argument = NULL;
    const struct source *source = find_source(text, &argument);
    if (text_equal(text, "auto"))
        return true;
    if (source == NULL)
        return refuse_unknown(text, err);
    if (source->argument == ARGUMENT_NONE && argument != NULL)
        return error_set(err, ERROR_CONFIG, "--client-assertion-source '%s' takes nothing behind a colon",
                         source->name);
    if ((source->argument == ARGUMENT_NEEDED || argument != NULL) && text_is_empty(argument))
        return error_set(err, ERROR_CONFIG,
                         "--client-assertion-source '%s' lacks what stands behind the colon: %s",
                         source->name, SOURCES);
    return check_argument(source, argument, err);
}

/* Where we are; the first platform that shows is the one, even if it lacks a permission. */
static const struct source *find_platform(const struct identity_request *request)
{
    for (size_t i = 0; i < array_length(sources); i++)
        if (sources[i].is_here != NULL && sources[i].is_here(request))
            return &sources[i];
    return NULL;
}

/* Completes REQUEST; NULL when auto finds nothing. */
static const struct source *resolve(struct identity_request *request, const char *issuer)
{
    const struct client_proof *proof = request->proof;
    bool automatic = text_equal(proof->source, "auto");
    request->audience = proof->audience != NULL ? proof->audience : issuer;
    const struct source *source =
        automatic ? find_platform(request) : find_source(proof->source, &request->argument);
    request->name = source != NULL ? source->name : "auto";
    return source;
}

static void add_text(struct sha256 *hash, const char *text)
{
    if (text != NULL)
        sha256_add(hash, text, strlen(text) + 1);
}

/* What tells one job from another. */
static const char *const job_variables[] = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                                            "GITHUB_REPOSITORY",
                                            "GITHUB_RUN_ID",
                                            "GITHUB_JOB",
                                            "CI_JOB_ID",
                                            "CIRCLE_OIDC_TOKEN_V2",
                                            "CIRCLE_OIDC_TOKEN",
                                            "CIRCLE_WORKFLOW_JOB_ID",
                                            "BITBUCKET_STEP_OIDC_TOKEN",
                                            "BITBUCKET_STEP_UUID",
                                            "BUILDKITE_JOB_ID",
                                            "SYSTEM_JOBID",
                                            "BUILD_TAG"};

/* What is read once must be left for identity_token_get. */
static bool is_regular(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

char *identity_token_mark(const struct client_proof *proof)
{
    struct identity_request request = {.proof = proof};
    struct sha256 hash;
    uint8_t digest[SHA256_SIZE];
    char hex[2 * 8 + 1];
    struct error ignored = {0};
    cleanup_buffer struct buffer content = BUFFER_SECRET(IDENTITY_TOKEN_LIMIT);
    const struct source *source = resolve(&request, NULL);
    sha256_init(&hash);
    add_text(&hash, proof->source);
    add_text(&hash, proof->audience);
    for (size_t i = 0; i < array_length(job_variables); i++)
        add_text(&hash, identity_variable(&request, job_variables[i]));
    if (text_equal(request.name, "gitlab")) {
        cleanup_string char *variable = identity_gitlab_variable(&request);
        add_text(&hash, identity_variable(&request, variable));
    }
    bool file = source != NULL && (source->get == from_file || source->get == from_kubernetes);
    if (source != NULL && source->get == from_variable)
        add_text(&hash, identity_variable(&request, request.argument));
    else if (file && is_regular(file_of(&request)) && file_read(file_of(&request), &content, &ignored))
        add_text(&hash, buffer_text(&content));
    sha256_end(&hash, digest);
    encoding_hex(digest, 8, hex);
    return memory_format("%s:%s", request.name, hex);
}

static bool refuse_nowhere(struct error *err)
{
    error_set(err, ERROR_IDENTITY_TOKEN,
              "there is no identity token: this is no job of GitHub, Forgejo, GitLab, CircleCI or Bitbucket, "
              "and no pod");
    return error_hint(
        err, "name where the token is: --client-assertion-source=env:NAME, file:PATH or exec:COMMAND "
             "(Buildkite, Azure DevOps, Google: see docs/pipelines.md)");
}

/* One that has expired would be refused with less words. */
static bool check_expiry(const struct identity_request *request, const char *token, struct error *err)
{
    json_auto_t *claims = NULL;
    struct error ignored = {0};
    char ago[CLOCK_DURATION_SIZE];
    double expiry = 0;
    if (!jws_read_claims(token, &claims, &ignored) || !json_number(claims, "exp", &expiry) ||
        (int64_t)expiry > clock_wall())
        return true;
    clock_format_duration(clock_wall() - (int64_t)expiry, ago);
    error_set(err, ERROR_IDENTITY_TOKEN, "the identity token of '%s' expired %s ago", request->name, ago);
    if (text_equal(request->name, "gitlab"))
        error_hint(err,
                   "GitLab gives one token per job, which lives as long as the job's timeout: log in early, "
                   "with '--min-validity' for what is left to do");
    return error_hint(err, "get a new one; if it is new, set the clock of this machine right");
}

/* Three parts, or five where it is encrypted. What is none would show the issuer what a wrong name holds. */
static bool is_jwt(const char *text)
{
    size_t dots = 0;
    for (const char *dot = strchr(text, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
        dots++;
    return (dots == 2 || dots == 4) && text_is_b64token(text) && jws_has_header(text);
}

static bool take(const struct identity_request *request, const struct buffer *raw, char **token,
                 struct error *err)
{
    static const char blanks[] = " \t\r\n";
    const char *start = buffer_text(raw);
    start += strspn(start, blanks);
    size_t length = strlen(start);
    while (length > 0 && strchr(blanks, start[length - 1]) != NULL)
        length--;
    cleanup_secret char *text = memory_copy_bytes(start, length);
    if (text[0] == '\0')
        return error_set(err, ERROR_IDENTITY_TOKEN, "the identity token of '%s' is empty", request->name);
    if (!is_jwt(text)) {
        error_set(err, ERROR_IDENTITY_TOKEN, "what '%s' gives is no token: it has not the form of a JWT",
                  request->name);
        return error_hint(err, "such a token begins with eyJ and has three parts with dots between: see what "
                               "--client-assertion-source names, and what that holds or prints");
    }
    if (!check_expiry(request, text, err))
        return false;
    *token = steal(text);
    return true;
}

bool identity_token_get(struct login_context *context, char **token, struct error *err)
{
    struct identity_request request = {.context = context, .proof = &context->config->proof};
    cleanup_buffer struct buffer raw = BUFFER_SECRET(IDENTITY_TOKEN_LIMIT);
    const struct source *source = resolve(&request, context->config->issuer);
    if (source == NULL)
        return refuse_nowhere(err);
    log_line(1, "identity token from %s", request.name);
    return source->get(&request, &raw, err) && take(&request, &raw, token, err);
}

static char *shown_audience(const json_t *claims)
{
    cleanup_text_list struct text_list list = {0};
    const char *one = json_text(claims, "aud");
    if (one != NULL)
        return memory_copy_text(one);
    return json_text_list(claims, "aud", &list) ? text_list_join(&list, ", ") : memory_copy_text("");
}

void identity_token_hint(const char *token, struct error *err)
{
    json_auto_t *claims = NULL;
    struct error ignored = {0};
    if (!jws_read_claims(token, &claims, &ignored))
        return;
    cleanup_string char *audience = shown_audience(claims);
    error_hint(err, "the identity token says: issuer '%s', subject '%s', audience '%s'",
               safe(json_text(claims, "iss")), safe(json_text(claims, "sub")), safe(audience));
}
