/* SPDX-License-Identifier: Apache-2.0 */
/* Judges the options of a login and gathers what it takes from the environment. */
#include "command/login_options.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "command/listen_options.h"
#include "command/pipeline_options.h"
#include "command/surroundings.h"
#include "login/grant.h"
#include "net/child.h"
#include "net/terminal.h"

bool login_options_refuse(const char *command, const char *name, const char *choices, const char *given,
                          struct error *err)
{
    return error_set(err, ERROR_CONFIG, "%s: %s must be one of (%s), not '%s'", command, name, choices,
                     safe(given));
}

/* The words are those of the option table, and the enums of what they mean have its order. */
static bool choose(const struct command_input *input, const char *name, const char *given, int *place,
                   struct error *err)
{
    const char *choices = option_find(name, COMMAND_ALL)->value;
    *place = option_choice(choices, given);
    return *place >= 0 || login_options_refuse(input->command, name, choices, given, err);
}

static bool check_grant(const struct command_input *input, struct login_config *config, struct error *err)
{
    const struct options *options = input->options;
    const struct grant *grant = grant_find(options->grant_type, !text_is_empty(options->username),
                                           !text_is_empty(options->assertion_source));
    if (grant == NULL)
        return login_options_refuse(input->command, "grant-type",
                                    option_find("grant-type", COMMAND_ALL)->value, options->grant_type, err);
    config->grant = grant;
    return true;
}

static bool check_storage(const struct command_input *input, struct login_config *config, bool *store,
                          struct error *err)
{
    const char *given = input->options->cache_storage;
    int place = 0;
    if (!choose(input, "token-cache-storage", given, &place, err))
        return false;
    *store = !text_equal(given, "none");
    config->storage = text_equal(given, "keyring") ? TOKEN_STORAGE_KEYRING
                      : text_equal(given, "auto")  ? TOKEN_STORAGE_AUTO
                                                   : TOKEN_STORAGE_DISK;
    return config->storage != TOKEN_STORAGE_KEYRING || keyring_is_built(err) ||
           error_hint(err, "or use --token-cache-storage=disk");
}

struct keyring_access login_options_keyring(const struct command_input *input)
{
    bool has_display =
        command_variable(input, "DISPLAY") != NULL || command_variable(input, "WAYLAND_DISPLAY") != NULL;
    return (struct keyring_access){.bus = command_variable(input, "DBUS_SESSION_BUS_ADDRESS"),
                                   .runtime_directory = command_variable(input, "XDG_RUNTIME_DIR"),
                                   .may_prompt = has_display && pipeline_non_interactive(input) == NULL};
}

static bool check_choices(const struct command_input *input, struct login_config *config, struct error *err)
{
    const struct options *options = input->options;
    int method = 0, scope = 0, probe = 0;
    if (!choose(input, "oidc-pkce-method", options->pkce_method, &method, err) ||
        !choose(input, "oidc-auto-scopes", options->auto_scopes, &scope, err) ||
        !choose(input, "redirect-probe", options->redirect_probe, &probe, err))
        return false;
    config->pkce_method = options->use_pkce ? PKCE_ALWAYS : (enum pkce_method)method;
    config->auto_scopes = (enum auto_scopes)scope;
    config->redirect_probe = (enum redirect_probe)probe;
    return true;
}

static bool check_numbers(const struct options *options, struct error *err)
{
    if (options->authentication_timeout < 1 || options->authentication_timeout > 86400)
        return error_set(err, ERROR_CONFIG,
                         "--authentication-timeout-sec must be between 1 and 86400, not %lld",
                         (long long)options->authentication_timeout);
    if (options->http_timeout < 1 || options->http_timeout > 3600)
        return error_set(err, ERROR_CONFIG, "--http-timeout-sec must be between 1 and 3600, not %lld",
                         (long long)options->http_timeout);
    return true;
}

/* Control bytes in a configured text would end up in a header or a request line. */
static bool check_text(const char *name, const char *text, struct error *err)
{
    return !text_has_control(text) || error_set(err, ERROR_CONFIG, "%s holds a control character", name);
}

/* It is shown, compared and stored as it is. */
static bool check_account(const struct login_config *config, const char *account, struct error *err)
{
    if (text_is_empty(account))
        return true;
    if (strcmp(safe(account), account) != 0)
        return error_set(err, ERROR_CONFIG,
                         "--account: '%s' is too long or holds characters that cannot be shown",
                         safe(account));
    return !config->grant->client ||
           error_set(err, ERROR_CONFIG,
                     "--account is for people, and --grant-type=%s logs in a client: leave it out",
                     config->grant->name);
}

static bool check_texts(const struct options *options, struct error *err)
{
    for (size_t i = 0; i < options->extra_scopes.count; i++)
        if (!check_text("--oidc-extra-scope", options->extra_scopes.items[i], err))
            return false;
    for (size_t i = 0; i < options->extra_params.count; i++)
        if (!check_text("--oidc-auth-request-extra-params", options->extra_params.items[i].value, err))
            return false;
    return check_text("--oidc-client-id", options->client_id, err) &&
           check_text("--oidc-client-secret", options->client_secret, err) &&
           check_text("--oidc-redirect-url", options->redirect_url, err);
}

/* RFC 6749 section 3.1.2. */
static bool check_fragment(const char *url, struct error *err)
{
    if (text_is_empty(url) || strchr(url, '#') == NULL)
        return true;
    error_set(err, ERROR_CONFIG, "--oidc-redirect-url: '%s' has a fragment", safe(url));
    return error_hint(err, "leave out '#' and what follows it");
}

/* No browser comes back to anything else; a code that is pasted may be shown anywhere (urn:ietf:...:oob). */
static bool check_redirect_url(const char *url, const struct grant *grant, struct error *err)
{
    if (text_is_empty(url) || browser_url_is_safe(url) || !text_equal(grant->name, "authcode"))
        return true;
    error_set(err, ERROR_CONFIG, "--oidc-redirect-url: '%s' is not an http or https URL", safe(url));
    return error_hint(err, "leave it out for http://localhost:PORT, which --listen-address chooses");
}

/* The page would leave out a link that could be more than a link. */
static bool check_open_url(const char *url, struct error *err)
{
    if (text_is_empty(url) || browser_url_is_safe(url))
        return true;
    error_set(err, ERROR_CONFIG, "--open-url-after-authentication: '%s' is not an http or https URL",
              safe(url));
    return error_hint(err, "write it as https://HOST/PATH, with spaces and other letters percent-encoded");
}

bool login_options_read_pem(const char *name, const char *path, char **text, struct error *err)
{
    cleanup_buffer struct buffer pem = BUFFER_SECRET(1 << 20);
    if (text_is_empty(path))
        return true;
    if (strstr(path, "-----BEGIN") != NULL) {
        error_set(err, ERROR_CONFIG, "%s takes the name of a file, and was given what belongs into it", name);
        return error_hint(err, "write it to a file that only you can read, and name that");
    }
    if (!file_read(path, &pem, err))
        return error_prefix(err, "cannot use %s", name);
    *text = buffer_steal(&pem);
    return true;
}

static bool read_certificate(const struct options *options, struct login_options *out, struct error *err)
{
    if (text_is_empty(options->local_server_cert) != text_is_empty(options->local_server_key))
        return error_set(err, ERROR_CONFIG,
                         "--local-server-cert and --local-server-key must be given together");
    return login_options_read_pem("--local-server-cert", options->local_server_cert, &out->certificate,
                                  err) &&
           login_options_read_pem("--local-server-key", options->local_server_key, &out->key, err);
}

char *login_options_default_cache(const struct command_input *input)
{
    const char *kube = command_variable(input, "KUBECACHEDIR");
    if (kube != NULL) {
        cleanup_string char *path = memory_format("%s/latchkey", kube);
        return login_options_absolute(path);
    }
    cleanup_string char *home = file_expand_home("~", command_variable(input, "HOME"));
    return home != NULL && home[0] == '/' ? memory_format("%s/.kube/cache/latchkey", home) : NULL;
}

char *login_options_spare_cache(const struct command_input *input)
{
    const char *runtime = command_variable(input, "XDG_RUNTIME_DIR");
    return runtime != NULL && runtime[0] == '/' ? memory_format("%s/latchkey", runtime) : NULL;
}

/* A relative directory is the working directory's, as it is for the peer. */
char *login_options_absolute(const char *path)
{
    cleanup_string char *here = path[0] != '/' ? getcwd(NULL, 0) : NULL;
    return here != NULL ? memory_format("%s/%s", here, path) : memory_copy_text(path);
}

static void gather_directories(const struct command_input *input, bool store, struct login_options *out)
{
    size_t count = 0;
    out->runtime_directory = login_options_spare_cache(input);
    if (store) {
        out->candidates[0] = !text_is_empty(input->options->cache_dir)
                                 ? login_options_absolute(input->options->cache_dir)
                                 : login_options_default_cache(input);
        out->candidates[1] = memory_copy_text(out->runtime_directory);
    }
    for (size_t i = 0; i < array_length(out->candidates); i++)
        if (out->candidates[i] != NULL)
            out->candidate_list[count++] = out->candidates[i];
    out->config.cache_candidates = out->candidate_list;
    out->config.runtime_directory = out->runtime_directory;
}

static void warn_without_cache(const struct command_input *input, const struct login_options *login)
{
    if (login->candidate_list[0] != NULL || text_equal(input->options->cache_storage, "none"))
        return;
    command_show_notice(NOTICE_WARNING,
                        "there is no home directory for the token cache: the session will not be kept");
    command_show_notice(NOTICE_HINT, "name a directory with --token-cache-dir");
}

/* Every variable that carries one of our secrets is kept from the browser, whose own children may be less
 * careful. */
void login_options_prepare_login(const struct command_input *input, struct login_options *out)
{
    child_set_umask(umask(077)); /* what a browser downloads is the user's own */
    terminal_set_type(command_variable(input, "TERM"));
    warn_without_cache(input, out);
    for (size_t i = 0; i < option_count; i++) {
        if (!(option_table[i].flags & OPTION_SECRET))
            continue;
        cleanup_string char *name = option_variable(&option_table[i]);
        text_list_add(&out->secrets, name);
    }
    out->config.browser = (struct browser_settings){.command = text_or_null(input->options->browser_command),
                                                    .browser = command_variable(input, "BROWSER"),
                                                    .path = command_variable(input, "PATH"),
                                                    .secrets = &out->secrets};
    surroundings_look(input, out);
    option_advise_secrets(input->options, &out->advice);
    out->config.advice = &out->advice;
}

static void fill_config(const struct command_input *input, struct login_options *out)
{
    const struct options *options = input->options;
    struct login_config *config = &out->config;
    config->issuer = options->issuer_url;
    config->client_id = options->client_id;
    config->client_secret = text_or_null(options->client_secret);
    config->ask_client_secret = options->ask_client_secret && config->client_secret == NULL;
    config->extra_scopes = &options->extra_scopes;
    config->use_access_token = options->use_access_token;
    config->trusted_audiences = &options->trusted_audiences;
    config->extra_params = &options->extra_params;
    config->force_refresh = options->force_refresh;
    config->account = text_or_null(options->account);
    config->listen_addresses = &out->addresses;
    config->listen_default = listen_options_source(options) == LISTEN_BY_DEFAULT;
    config->redirect_url = text_or_null(options->redirect_url);
    if (config->redirect_url == NULL && text_equal(config->grant->name, "authcode-keyboard"))
        config->redirect_url = text_or_null(options->keyboard_redirect_url);
    config->redirect_hostname = text_or_null(options->redirect_hostname);
    config->skip_open_browser = options->skip_open_browser;
    config->timeout_seconds = (int)options->authentication_timeout;
    config->timeout_given = option_given(options, "authentication-timeout-sec");
    config->keyring = login_options_keyring(input);
    config->local_certificate = out->certificate;
    config->local_key = out->key;
    config->open_url = text_or_null(options->open_url);
    config->http = (struct http_settings){
        .ca_files = &options->ca_files,
        .ca_data = &options->ca_data,
        .ssl_cert_file = command_variable(input, "SSL_CERT_FILE"),
        .ssl_cert_dir = command_variable(input, "SSL_CERT_DIR"),
        .insecure_skip_tls_verify = options->insecure_skip_tls_verify,
        .headers = &options->request_headers,
        .timeout_seconds = (int)options->http_timeout,
        .user_agent = "latchkey/" LATCHKEY_VERSION,
        .allow_plain_http = options->issuer_url != NULL && strncmp(options->issuer_url, "http://", 7) == 0};
}

static void show_notice(void *context, enum notice_kind kind, const char *text)
{
    (void)context;
    command_show_notice((int)kind, text);
}

static bool refuse_missing(const char *name, const char *variable, struct error *err)
{
    error_set(err, ERROR_CONFIG, "--%s is missing", name);
    return error_hint(err, "give the flag, or set the environment variable %s", variable);
}

bool login_options_fill(const struct command_input *input, struct login_options *out, struct error *err)
{
    bool store = true;
    if (text_is_empty(input->options->issuer_url))
        return refuse_missing("oidc-issuer-url", "LATCHKEY_OIDC_ISSUER_URL", err);
    if (text_is_empty(input->options->client_id))
        return refuse_missing("oidc-client-id", "LATCHKEY_OIDC_CLIENT_ID", err);
    if (!check_grant(input, &out->config, err) || !check_storage(input, &out->config, &store, err) ||
        !check_choices(input, &out->config, err) || !check_numbers(input->options, err) ||
        !check_account(&out->config, input->options->account, err) || !check_texts(input->options, err) ||
        !check_open_url(input->options->open_url, err) ||
        !check_fragment(input->options->redirect_url, err) ||
        !check_fragment(input->options->keyboard_redirect_url, err) ||
        !check_redirect_url(input->options->redirect_url, out->config.grant, err) ||
        !read_certificate(input->options, out, err) ||
        !listen_options_gather(input->options, &out->addresses, err))
        return false;
    fill_config(input, out);
    gather_directories(input, store, out);
    if (!pipeline_options_fill(input, out, err))
        return false;
    out->config.notice = (struct notice){.say = show_notice};
    out->config.program = input->program;
    out->config.place.may_prompt = true;
    return login_check_config(&out->config, err);
}

void login_options_release(struct login_options *login)
{
    text_list_release(&login->addresses);
    text_list_release(&login->secrets);
    text_list_release(&login->advice);
    memory_cleanup_string(&login->certificate);
    memory_cleanup_secret(&login->key);
    memory_cleanup_secret(&login->client_key);
    memory_cleanup_string(&login->mark);
    memory_cleanup_string(&login->runtime_directory);
    memory_cleanup_string(&login->ssh_target);
    for (size_t i = 0; i < array_length(login->candidates); i++)
        memory_cleanup_string(&login->candidates[i]);
    *login = (struct login_options){0};
}

void login_options_warn(const struct command_input *input)
{
    if (input->options->listen_ports.count > 0 && listen_options_source(input->options) == LISTEN_BY_ADDRESS)
        command_show_notice(NOTICE_WARNING, "--listen-port is ignored, because --listen-address is given");
    if (input->options->insecure_skip_tls_verify)
        command_show_notice(
            NOTICE_WARNING,
            "--insecure-skip-tls-verify: the provider's certificate is not checked, anybody in "
            "between can log in as you");
}

bool login_options_may_stay(const struct command_input *input, const struct login_config *config)
{
    if (config->ask_client_secret)
        return false;
    if (option_given(input->options, "background-refresh"))
        return input->options->background_refresh;
    return config->non_interactive == NULL && !surroundings_is_container(input);
}
