/* SPDX-License-Identifier: Apache-2.0 */
/* The platforms whose identity token is more than a variable, and the permission that each one wants. */
#include "identity_platform.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/log.h"
#include "net/child.h"

#define REQUEST_URL "ACTIONS_ID_TOKEN_REQUEST_URL"
#define REQUEST_TOKEN "ACTIONS_ID_TOKEN_REQUEST_TOKEN"

enum { TRIES = 3, PAUSE_MILLISECONDS = 1000, ADDRESS_LIMIT = 64 * 1024 };

static bool runs_on_forgejo(const struct identity_request *request)
{
    const char *url = identity_variable(request, REQUEST_URL);
    return identity_is_true(request, "FORGEJO_ACTIONS") || identity_is_true(request, "GITEA_ACTIONS") ||
           (url != NULL && strstr(url, "/api/actions") != NULL);
}

bool identity_is_forgejo(const struct identity_request *request)
{
    return text_equal(request->name, "forgejo") || runs_on_forgejo(request);
}

static bool hint_permission(const struct identity_request *request, bool forgejo, struct error *err)
{
    if (!forgejo)
        return error_hint(err,
                          "add to the workflow or the job: permissions: id-token: write (a pull request from "
                          "a fork does not get it)");
    if (identity_is_true(request, "GITEA_ACTIONS") && !identity_is_true(request, "FORGEJO_ACTIONS"))
        return error_hint(
            err, "Forgejo: add enable-openid-connect: true to the workflow or the job (Forgejo 15 or "
                 "later); Gitea: permissions: id-token: write, where its version has it");
    return error_hint(err,
                      "add to the workflow or the job: enable-openid-connect: true (Forgejo 15 or later)");
}

/* Both variables or none: what is missing is a permission of the job. */
static bool refuse_github(const struct identity_request *request, struct error *err)
{
    bool has_url = identity_variable(request, REQUEST_URL) != NULL;
    bool has_token = identity_variable(request, REQUEST_TOKEN) != NULL;
    bool forgejo = identity_is_forgejo(request);
    const char *platform = forgejo ? "Forgejo Actions" : "GitHub Actions";
    if (has_url != has_token) {
        error_set(err, ERROR_IDENTITY_TOKEN,
                  "this job of %s may not ask for an identity token: '%s' is set, '%s' is not", platform,
                  has_url ? REQUEST_URL : REQUEST_TOKEN, has_url ? REQUEST_TOKEN : REQUEST_URL);
        error_hint(err, "a container or a step of its own needs both variables handed in");
    } else if (identity_is_true(request, "GITHUB_ACTIONS") || runs_on_forgejo(request)) {
        error_set(err, ERROR_IDENTITY_TOKEN,
                  "this job of %s may not ask for an identity token: '" REQUEST_URL "' and '" REQUEST_TOKEN
                  "' are not set",
                  platform);
    } else {
        return error_set(err, ERROR_IDENTITY_TOKEN,
                         "this is no job of %s: '" REQUEST_URL "' and '" REQUEST_TOKEN "' are not set",
                         platform);
    }
    return hint_permission(request, forgejo, err);
}

static bool read_value(const struct http_response *response, struct buffer *token, struct error *err)
{
    static const struct json_source source = {.what = "the answer to the request for an identity token",
                                              .code = ERROR_IDENTITY_TOKEN};
    json_auto_t *body = NULL;
    if (response->status != 200) {
        bool passing = response->status >= 500 || response->status == 429;
        return error_set(err, passing ? ERROR_SERVER : ERROR_IDENTITY_TOKEN,
                         "the request for an identity token was answered with HTTP %ld", response->status);
    }
    if (!json_parse_object(source, buffer_text(&response->body), response->body.length, &body, err))
        return false;
    const char *value = json_text(body, "value");
    if (value == NULL)
        return error_set(err, ERROR_IDENTITY_TOKEN,
                         "the answer to the request for an identity token has no member 'value'");
    return identity_take(value, token, err);
}

static bool ask_github(struct http *http, const struct http_request *ask, struct buffer *token,
                       struct error *err)
{
    cleanup_http_response struct http_response response = {0};
    return http_perform(http, ask, &response, err) && read_value(&response, token, err);
}

static bool pause_before_retry(const struct identity_request *request, struct error *err)
{
    struct error ignored = {0};
    bool never = false;
    log_line(1, "asking for the identity token again: %s", err->message);
    return loop_run(request->context->loop, &never, clock_monotonic() + PAUSE_MILLISECONDS, &ignored) ==
           LOOP_DEADLINE;
}

/* The address is the platform's, with one parameter of ours. */
static bool add_audience(const struct identity_request *request, struct buffer *address, struct error *err)
{
    const char *url = identity_variable(request, REQUEST_URL);
    if (strlen(url) + 3 * strlen(request->audience) > ADDRESS_LIMIT - sizeof("&audience="))
        return error_set(err, ERROR_IDENTITY_TOKEN,
                         "'" REQUEST_URL "' and the audience are longer than %d bytes", ADDRESS_LIMIT);
    buffer_add_format(address, "%s%saudience=", url, strchr(url, '?') != NULL ? "&" : "?");
    encoding_percent(request->audience, address);
    return true;
}

static bool ask_often(const struct identity_request *request, struct http *http, struct buffer *token,
                      struct error *err)
{
    cleanup_buffer struct buffer address = BUFFER(ADDRESS_LIMIT);
    if (!add_audience(request, &address, err))
        return false;
    struct http_request ask = {.what = "the identity token",
                               .url = buffer_text(&address),
                               .accept = "application/json; api-version=2.0",
                               .limit = 2 * IDENTITY_TOKEN_LIMIT,
                               .keep_redirects = true};
    for (int left = TRIES; left > 0; left--) {
        error_clear(err);
        if (ask_github(http, &ask, token, err))
            return true;
        if (left == 1 || !error_is_temporary(err) || !pause_before_retry(request, err))
            break;
    }
    return false;
}

/* The platform is not the provider: none of the provider's headers, and none of its CAs, go there. The scheme
 * is spelled as GitHub's documents spell it, in case that somebody compares letters. */
bool identity_github(const struct identity_request *request, struct buffer *token, struct error *err)
{
    if (identity_variable(request, REQUEST_URL) == NULL || identity_variable(request, REQUEST_TOKEN) == NULL)
        return refuse_github(request, err);
    struct login_context *context = request->context;
    struct http_settings settings = context->config->http;
    cleanup_http struct http *http = NULL;
    cleanup_text_map struct text_map headers = {0};
    cleanup_secret char *job = memory_format("bearer %s", identity_variable(request, REQUEST_TOKEN));
    text_map_set(&headers, "Authorization", job);
    settings.headers = &headers;
    settings.ca_files = settings.ca_data = NULL;
    settings.insecure_skip_tls_verify = false;
    settings.allow_plain_http = true;
    if (!http_open(context->loop, &settings, &http, err))
        return false;
    if (ask_often(request, http, token, err))
        return true;
    error_prefix(err, "cannot get an identity token from %s",
                 identity_is_forgejo(request) ? "Forgejo Actions" : "GitHub Actions");
    if (err->code == ERROR_IDENTITY_TOKEN)
        hint_permission(request, identity_is_forgejo(request), err);
    if (err->code == ERROR_TLS)
        error_hint(
            err, "--certificate-authority is for the provider; SSL_CERT_FILE names the CAs of this request");
    return false;
}

/* <AUDIENCE>_ID_TOKEN, as others who look for a GitLab token expect it. */
static char *conventional_variable(const char *audience)
{
    char *name = memory_format("%s_ID_TOKEN", audience);
    for (char *c = name; *c != '\0'; c++)
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    return name;
}

char *identity_gitlab_variable(const struct identity_request *request)
{
    if (request->argument != NULL)
        return memory_copy_text(request->argument);
    if (request->proof->audience == NULL)
        return memory_copy_text("ID_TOKEN");
    return conventional_variable(request->proof->audience);
}

bool identity_gitlab(const struct identity_request *request, struct buffer *token, struct error *err)
{
    cleanup_string char *variable = identity_gitlab_variable(request);
    const char *value = identity_variable(request, variable);
    if (value != NULL)
        return identity_take(value, token, err);
    if (!identity_is_true(request, "GITLAB_CI"))
        return error_set(err, ERROR_IDENTITY_TOKEN, "this is no job of GitLab: '%s' is not set",
                         safe(variable));
    error_set(err, ERROR_IDENTITY_TOKEN, "this job of GitLab has no identity token: '%s' is not set",
              safe(variable));
    error_hint(err, "add to the job: id_tokens: { %s: { aud: '%s' } }", safe(variable),
               safe(request->audience));
    return error_hint(err, "or name the variable that it has: --client-assertion-source=gitlab:VARIABLE");
}

bool identity_command(const struct identity_request *request, const struct text_list *words,
                      struct buffer *token, struct error *err)
{
    struct child_command command = {.what = "the command for the identity token",
                                    .words = words,
                                    .path = identity_variable(request, "PATH"),
                                    .secrets = request->proof->secrets,
                                    .timeout_seconds = request->context->config->http.timeout_seconds};
    return child_read_output(request->context->loop, &command, token, err);
}

/* Only the command line of CircleCI can ask for an audience. */
static bool circleci_with_audience(const struct identity_request *request, struct buffer *token,
                                   struct error *err)
{
    cleanup_text_list struct text_list words = {0};
    json_auto_t *claims = json_pack("{s:s}", "aud", request->audience);
    if (claims == NULL)
        return error_set(err, ERROR_CONFIG, "--client-assertion-audience is no valid UTF-8");
    cleanup_string char *text = json_to_text(claims);
    static const char *const command[] = {"circleci", "run", "oidc", "get", "--claims"};
    for (size_t i = 0; i < array_length(command); i++)
        text_list_add(&words, command[i]);
    text_list_add(&words, text);
    if (identity_command(request, &words, token, err))
        return true;
    return error_hint(
        err, "a token for another audience needs a circleci command that knows 'run oidc get' (server 4.4 "
             "or later); without --client-assertion-audience the variable CIRCLE_OIDC_TOKEN_V2 is taken");
}

bool identity_circleci(const struct identity_request *request, struct buffer *token, struct error *err)
{
    const char *value = identity_variable(request, "CIRCLE_OIDC_TOKEN_V2");
    if (value == NULL)
        value = identity_variable(request, "CIRCLE_OIDC_TOKEN");
    if (value == NULL && !identity_is_true(request, "CIRCLECI"))
        return error_set(err, ERROR_IDENTITY_TOKEN,
                         "this is no job of CircleCI: 'CIRCLE_OIDC_TOKEN_V2' is not set");
    if (value != NULL && request->proof->audience == NULL)
        return identity_take(value, token, err);
    if (value != NULL)
        return circleci_with_audience(request, token, err);
    error_set(err, ERROR_IDENTITY_TOKEN,
              "this job of CircleCI has no identity token: 'CIRCLE_OIDC_TOKEN_V2' is not set");
    return error_hint(
        err, "a job gets it in a project with OpenID Connect (server 4.4 or later); one of a fork only "
             "when 'Pass secrets to builds from forked pull requests' is on");
}

bool identity_bitbucket(const struct identity_request *request, struct buffer *token, struct error *err)
{
    const char *value = identity_variable(request, "BITBUCKET_STEP_OIDC_TOKEN");
    if (value != NULL)
        return identity_take(value, token, err);
    if (identity_variable(request, "BITBUCKET_BUILD_NUMBER") == NULL)
        return error_set(err, ERROR_IDENTITY_TOKEN,
                         "this is no step of Bitbucket Pipelines: 'BITBUCKET_STEP_OIDC_TOKEN' is not set");
    error_set(
        err, ERROR_IDENTITY_TOKEN,
        "this step of Bitbucket Pipelines has no identity token: 'BITBUCKET_STEP_OIDC_TOKEN' is not set");
    return error_hint(err, "add to the step: oidc: true, or with an audience: oidc: { audiences: [ '%s' ] }",
                      safe(request->audience));
}
