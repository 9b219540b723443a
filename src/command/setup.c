/* SPDX-License-Identifier: Apache-2.0 */
/* `setup`: one login that leaves nothing behind, and what to put into a kubeconfig. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "command/command.h"
#include "command/login_options.h"
#include "crypto/jws.h"
#include "kubernetes/apiserver.h"
#include "kubernetes/manifest.h"
#include "login/login.h"

/* Claims and flags are bounded long before: a token by JWS_TOKEN_LIMIT, flags by FLAGS_LIMIT. */
enum { TEXT_LIMIT = 8 * 1024 * 1024, FLAGS_LIMIT = 128 * 1024, FLAG_COST = 64, COLUMNS = 100 };

static const char user_name[] = "oidc";
static const char install_hint[] =
    "This user logs in with latchkey, which is not where this kubeconfig says: install it, then run "
    "'latchkey setup' again.";

struct entry {
    struct text_list arguments;
    struct text_map environment;
    struct text_list advice; /* what cannot be written into it */
    char *command;
};

static void entry_release(struct entry *entry)
{
    text_list_release(&entry->arguments);
    text_map_release(&entry->environment);
    text_list_release(&entry->advice);
    memory_cleanup_string(&entry->command);
}
#define cleanup_entry __attribute__((cleanup(entry_release)))

/* Appends TEXT as comment lines; what follows the first is indented like it. */
static void add_comment(struct buffer *out, const char *lead, const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        bool fits = column > 0 && column + 1 + word <= COLUMNS;
        if (fits)
            buffer_add(out, " ");
        else if (column == 0)
            buffer_add_format(out, "# %s", lead);
        else
            buffer_add_format(out, "\n# %*s", (int)strlen(lead), "");
        column = fits ? column + 1 + word : strlen(lead) + 2 + word;
        buffer_add_format(out, "%.*s", (int)word, text);
        text += word + strspn(text + word, " ");
    }
    buffer_add(out, "\n");
}

static void add_argument(const struct option *option, const char *flag, struct entry *entry)
{
    const char *value = strchr(flag, '='); /* the flag may be the successor of the option */
    /* kubectl starts us wherever it was started: what names a file must not depend on the directory */
    cleanup_string char *path = (option->flags & OPTION_PATH) && value != NULL && value[1] != '\0'
                                    ? login_options_absolute(value + 1)
                                    : NULL;
    cleanup_string char *whole =
        path != NULL ? memory_format("--%s=%s", option->name, path) : memory_copy_text(flag);
    text_list_add(&entry->arguments, whole);
}

/* A secret is never written, only where it is. */
static void add_secret(const struct command_input *input, const struct option *option, struct entry *entry)
{
    cleanup_string char *variable = option_variable(option);
    cleanup_string char *file_variable = memory_format("%s_FILE", variable);
    if (option_from_file(input->options, option)) {
        cleanup_string char *file = login_options_absolute(command_variable(input, file_variable));
        text_map_set(&entry->environment, file_variable, file);
        return;
    }
    cleanup_string char *advice = memory_format(
        "--%s is a secret and is not written here. Keep it in a file that only you can read, set "
        "%s to its path and run setup again: the entry then names the file. Or export %s "
        "wherever you run kubectl.",
        option->name, file_variable, variable);
    text_list_add(&entry->advice, advice);
}

/* True for what belongs into a kubeconfig: flags of get-token that are not about this one run. */
static bool belongs(const struct option *option)
{
    return (option->commands & COMMAND_GET_TOKEN) && (option->commands & COMMAND_SETUP) &&
           !(option->commands & COMMAND_ROOT);
}

/* Line ends can be written: base64 prints them into certificate data. */
static bool is_writable(const char *text)
{
    cleanup_string char *line = memory_copy_text(text);
    for (char *c = line; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    return text_is_plain(line);
}

static bool check_text(const char *text, size_t *size, struct error *err)
{
    *size += strlen(text) + FLAG_COST;
    if (!is_writable(text))
        return error_set(
            err, ERROR_CONFIG,
            "'%s' holds a control character or another that cannot be seen: it cannot be written "
            "into a kubeconfig",
            safe(text));
    if (*size > FLAGS_LIMIT)
        return error_set(err, ERROR_CONFIG, "the flags are too long for a kubeconfig");
    return true;
}

static bool check_entry(const struct entry *entry, struct error *err)
{
    size_t size = 0;
    for (size_t i = 0; i < entry->arguments.count; i++)
        if (!check_text(entry->arguments.items[i], &size, err))
            return false;
    for (size_t i = 0; i < entry->environment.count; i++)
        if (!check_text(entry->environment.items[i].value, &size, err))
            return false;
    return check_text(entry->command, &size, err);
}

static bool make_entry(const struct command_input *input, struct entry *entry, struct error *err)
{
    entry->command = command_own_path(input);
    text_list_add(&entry->arguments, "get-token");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        cleanup_text_list struct text_list flags = {0};
        if (!belongs(option) || !option_given(input->options, option->name))
            continue;
        if (option->flags & OPTION_SECRET) {
            add_secret(input, option, entry);
            continue;
        }
        option_write(input->options, option, &flags);
        for (size_t k = 0; k < flags.count; k++)
            add_argument(option, flags.items[k], entry);
    }
    return check_entry(entry, err);
}

static void add_claims(const struct session *session, const struct login_config *config, struct buffer *out)
{
    cleanup_text_list struct text_list lines = {0};
    cleanup_jws_header struct jws_header header = {0};
    struct error ignored = {0};
    json_auto_t *claims = NULL;
    if (!jws_read_claims(session->token, &claims, &ignored)) {
        add_comment(out, "",
                    "The access token is not a JWT: an API server cannot read it. Leave out "
                    "--oidc-use-access-token.");
        return;
    }
    cleanup_string char *text = json_to_lines(claims);
    buffer_add_format(out, "# The claims of the token: %s at %s\n%s\n\n", safe(session->username),
                      safe(config->issuer), text);
    bool inspected = jws_inspect(session->token, NULL, &header, &ignored);
    apiserver_doubts(inspected ? header.alg : NULL, claims, clock_wall(), &lines);
    apiserver_absences(claims, &lines);
    add_comment(out, "", "What an API server makes of them, if its claims have the usual names:");
    for (size_t i = 0; i < lines.count; i++)
        add_comment(out, "- ", lines.items[i]);
}

static void add_entry(const struct entry *entry, struct buffer *out)
{
    struct manifest_user user = {.name = user_name,
                                 .command = entry->command,
                                 .arguments = &entry->arguments,
                                 .environment = &entry->environment,
                                 .install_hint = install_hint};
    buffer_add(out, "\n# The user for your kubeconfig\n");
    manifest_add_user(&user, out);
    buffer_add(out, "\n# The same as a command (kubectl 1.30 or newer)\n");
    manifest_add_set_credentials(&user, out);
    for (size_t i = 0; i < entry->advice.count; i++) {
        buffer_add(out, "\n");
        add_comment(out, "", entry->advice.items[i]);
    }
    buffer_add_format(
        out, "\n# Then let your context use it\nkubectl config set-context --current --user=%s\n", user_name);
}

static bool show_guide(const struct command_input *input, struct buffer *out)
{
    const struct options *options = input->options;
    bool issuer = !text_is_empty(options->issuer_url), client = !text_is_empty(options->client_id);
    buffer_add_format(
        out,
        "latchkey logs you in to Kubernetes with an OpenID provider. Setup still needs %s%s%s.\n\n"
        "1. At the provider, make a public client with the redirect URIs\n"
        "   http://localhost:8000 and http://localhost:18000\n"
        "   (Authentik: Applications > Providers > Create > OAuth2/OpenID Provider, client type Public,\n"
        "   two strict redirect URIs without a slash at the end, a signing key, and the scopes openid,\n"
        "   profile, email and offline_access; then an application with that provider).\n"
        "2. Give the API server the same issuer and client ID (--oidc-issuer-url, --oidc-client-id).\n"
        "3. Log in once, and take over what that prints:\n\n"
        "   %s setup --oidc-issuer-url=%s --oidc-client-id=%s\n\n"
        "The issuer must be spelled exactly as the provider spells it; Authentik's ends in a slash:\n"
        "https://authentik.example.com/application/o/kubernetes/\n"
        "Other flags of get-token can be given too and are written into the kubeconfig, but for secrets and\n"
        "for what is about one call alone, such as --force-refresh or --output: '%s setup --help'.\n",
        issuer ? "" : "--oidc-issuer-url", issuer || client ? "" : " and ", client ? "" : "--oidc-client-id",
        input->program, issuer ? safe(options->issuer_url) : "ISSUER",
        client ? safe(options->client_id) : "CLIENT_ID", input->program);
    return true;
}

/* The login must neither find a session nor leave one: there is no place for either. */
static void forget_cache(struct login_options *login)
{
    login->candidate_list[0] = NULL;
    login->config.runtime_directory = NULL;
    login->config.force_login = true;
}

bool command_setup(const struct command_input *input, struct buffer *out, struct error *err)
{
    cleanup_login_options struct login_options login = {0};
    cleanup_session struct session session = {0};
    cleanup_entry struct entry entry = {0};
    cleanup_buffer struct buffer text = BUFFER_SECRET(TEXT_LIMIT);
    if (text_is_empty(input->options->issuer_url) || text_is_empty(input->options->client_id))
        return show_guide(input, out);
    if (!login_options_fill(input, &login, err) || !make_entry(input, &entry, err))
        return false;
    login_options_warn(input);
    login_options_prepare_login(input, &login);
    forget_cache(&login);
    if (!command_check_stdout(err) || !login_run(&login.config, &session, err))
        return false;
    json_seed();
    add_claims(&session, &login.config, &text);
    add_entry(&entry, &text);
    if (!buffer_append_text(out, buffer_text(&text)))
        return error_set(err, ERROR_TOO_LARGE, "the token's claims are too large to be shown");
    return true;
}
