/* SPDX-License-Identifier: Apache-2.0 */
/* The option table itself, in the order of --help. */
#include "command/option.h"

#define AT(member) offsetof(struct options, member)
#define SESSION_COMMANDS (COMMAND_WHOAMI | COMMAND_LOGOUT)
#define LOGIN_COMMANDS (COMMAND_GET_TOKEN | COMMAND_LOGIN | COMMAND_SETUP | SESSION_COMMANDS)
#define KLOG(name, type, member)                                                                             \
    {                                                                                                        \
        name, 0, type, COMMAND_ALL, OPTION_HIDDEN, AT(member), "VALUE", NULL,                                \
            "accepted for compatibility, without effect"                                                     \
    }

const struct option option_table[] = {
    {"oidc-issuer-url", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(issuer_url), "URL", NULL,
     "Issuer of the tokens, exactly as the provider and the API server spell it (required)"},
    {"oidc-client-id", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(client_id), "ID", NULL,
     "Client ID that the provider knows (required)"},
    {"oidc-client-secret", 0, OPTION_TEXT, LOGIN_COMMANDS, OPTION_SECRET, AT(client_secret), "SECRET", NULL,
     "Client secret; leave it out for a public client. Other users can read a command line: prefer the "
     "variable"},
    {"oidc-redirect-url", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(redirect_url), "URL", NULL,
     "Redirect URI to send instead of http://localhost:PORT; its path is where the callback is awaited"},
    {"oidc-extra-scope", 0, OPTION_LIST, LOGIN_COMMANDS, 0, AT(extra_scopes), "SCOPE,...", NULL,
     "Scopes to ask for besides openid"},
    {"oidc-auto-scopes", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(auto_scopes), "auto|true|false", "auto",
     "Also ask for profile, email and offline_access where the provider offers them: on Authentik (auto), "
     "anywhere "
     "(true), never (false)"},
    {"oidc-use-access-token", 0, OPTION_SWITCH, LOGIN_COMMANDS, 0, AT(use_access_token), NULL, NULL,
     "Give Kubernetes the access token instead of the ID token"},
    {"oidc-trusted-audience", 0, OPTION_LIST, LOGIN_COMMANDS, 0, AT(trusted_audiences), "AUDIENCE,...", NULL,
     "Further audiences that an ID token may name besides the client ID"},
    {"oidc-request-header", 0, OPTION_MAP, LOGIN_COMMANDS, OPTION_SECRET, AT(request_headers), "NAME=VALUE",
     NULL, "Header to send with every request to the provider"},
    {"force-refresh", 0, OPTION_SWITCH, COMMAND_GET_TOKEN | COMMAND_LOGIN | SESSION_COMMANDS, 0,
     AT(force_refresh), NULL, NULL, "Get a new token although the cached one is still good"},
    {"token-cache-dir", 0, OPTION_TEXT, LOGIN_COMMANDS | COMMAND_CLEAN | COMMAND_LIST, OPTION_PATH,
     AT(cache_dir), "DIR", NULL,
     "Directory of the token cache (default $KUBECACHEDIR/latchkey, else ~/.kube/cache/latchkey)"},
    {"token-cache-storage", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(cache_storage), "disk|keyring|none|auto",
     "disk",
     "Where refresh tokens rest: in files that only you can read (disk), in the keyring of your desktop and "
     "never in a file (keyring), nowhere, and tokens neither (none), in the keyring where there is one at a "
     "login, else in the file (auto)"},
    {"certificate-authority", 0, OPTION_ARRAY, LOGIN_COMMANDS, OPTION_PATH, AT(ca_files), "FILE", NULL,
     "PEM file of the CA that signed the provider's certificate; replaces the system's CAs; repeatable"},
    {"certificate-authority-data", 0, OPTION_ARRAY, LOGIN_COMMANDS, 0, AT(ca_data), "BASE64", NULL,
     "The same as base64 of the PEM text; repeatable"},
    {"insecure-skip-tls-verify", 0, OPTION_SWITCH, LOGIN_COMMANDS, 0, AT(insecure_skip_tls_verify), NULL,
     NULL, "Do not check the provider's certificate: anybody in between can log in as you"},
    {"tls-renegotiation-once", 0, OPTION_SWITCH, LOGIN_COMMANDS, 0, AT(tls_renegotiation_once), NULL, NULL,
     "Accepted for compatibility: the TLS library decides"},
    {"tls-renegotiation-freely", 0, OPTION_SWITCH, LOGIN_COMMANDS, 0, AT(tls_renegotiation_freely), NULL,
     NULL, "Accepted for compatibility: the TLS library decides"},
    {"http-timeout-sec", 0, OPTION_NUMBER, LOGIN_COMMANDS, 0, AT(http_timeout), "SECONDS", "30",
     "Time limit of one request to the provider, for slow links"},
    {"oidc-use-pkce", 0, OPTION_SWITCH, LOGIN_COMMANDS, OPTION_HIDDEN | OPTION_DEPRECATED, AT(use_pkce), NULL,
     NULL, "PKCE is always used; --oidc-pkce-method=S256 says the same"},
    {"oidc-pkce-method", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(pkce_method), "auto|no|S256", "auto",
     "Proof Key for Code Exchange: S256, with an error where the provider rules that out (auto), never (no), "
     "S256 in any case (S256)"},
    {"grant-type", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(grant_type),
     "auto|authcode|authcode-keyboard|password|device-code|client-credentials", "auto",
     "How to log in; auto is authcode, password when --username is given, or client-credentials when "
     "--client-assertion-source is given"},
    {"listen-address", 0, OPTION_LIST, LOGIN_COMMANDS, 0, AT(listen_addresses), "HOST:PORT,...",
     "127.0.0.1:8000,127.0.0.1:18000",
     "Where to await the browser's callback, in this order; without the flag a random port comes last. Port "
     "0 is "
     "random"},
    {"redirect-probe", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(redirect_probe), "auto|always|never", "auto",
     "Ask the provider whether it takes our redirect URI before the browser opens: where its kind is known "
     "(auto)"},
    {"skip-open-browser", 0, OPTION_SWITCH, LOGIN_COMMANDS, 0, AT(skip_open_browser), NULL, NULL,
     "Print the URL instead of opening a browser"},
    {"browser-command", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(browser_command), "COMMAND", NULL,
     "Command that opens the browser, with its arguments; the URL is appended, or put in place of %s"},
    {"authentication-timeout-sec", 0, OPTION_NUMBER, LOGIN_COMMANDS, 0, AT(authentication_timeout), "SECONDS",
     "180",
     "How long to wait for the person in the browser; without the flag a device code that is shown is good "
     "to "
     "its own end"},
    {"local-server-cert", 0, OPTION_TEXT, LOGIN_COMMANDS, OPTION_PATH, AT(local_server_cert), "FILE", NULL,
     "PEM certificate for an https callback"},
    {"local-server-key", 0, OPTION_TEXT, LOGIN_COMMANDS, OPTION_PATH, AT(local_server_key), "FILE", NULL,
     "PEM key for an https callback"},
    {"open-url-after-authentication", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(open_url), "URL", NULL,
     "Page that the browser goes to after a login"},
    {"oidc-auth-request-extra-params", 0, OPTION_MAP, LOGIN_COMMANDS, 0, AT(extra_params), "NAME=VALUE", NULL,
     "Further parameters of the authorization request"},
    {"account", 0, OPTION_TEXT, LOGIN_COMMANDS | COMMAND_LIST, 0, AT(account), "NAME", NULL,
     "A label of your own for one of several accounts at one provider: each has a session of its own"},
    {"username", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(username), "NAME", NULL,
     "User name of the password grant, or of Authentik's service account with client-credentials"},
    {"password", 0, OPTION_TEXT, LOGIN_COMMANDS, OPTION_SECRET, AT(password), "PASSWORD", NULL,
     "Password of the password grant, or the service account's app password with client-credentials"},
    {"client-assertion-source", 0, OPTION_TEXT, LOGIN_COMMANDS, OPTION_DISCREET, AT(assertion_source),
     "SOURCE", NULL,
     "Identity token of the pipeline instead of a secret, for client-credentials: auto, github, forgejo, "
     "gitlab[:VARIABLE], circleci, bitbucket, kubernetes[:PATH], env:NAME, file:PATH, exec:COMMAND"},
    {"client-assertion-audience", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(assertion_audience), "AUDIENCE", NULL,
     "Audience of an identity token or of a signed assertion; without the flag it is the issuer"},
    {"client-assertion-key", 0, OPTION_TEXT, LOGIN_COMMANDS, OPTION_PATH, AT(assertion_key), "FILE", NULL,
     "PEM private key of the client, which signs an assertion instead of sending a secret (private_key_jwt)"},
    {"client-assertion-key-id", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(assertion_key_id), "KID", NULL,
     "Name of that key at the provider"},
    {"client-assertion-algorithm", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(assertion_algorithm), "ALG", "auto",
     "Algorithm of the signature: RS256, PS256, ES256 and so on, or the first that the key can (auto)"},
    {"non-interactive", 0, OPTION_SWITCH, LOGIN_COMMANDS, 0, AT(non_interactive), NULL, NULL,
     "Never open a browser, never prompt, never wait for a person; CI=true says the same, and "
     "--non-interactive=false overrides it"},
    {"background-refresh", 0, OPTION_SWITCH, LOGIN_COMMANDS, 0, AT(background_refresh), NULL, "true",
     "Refresh a token in its last third after it was handed out, in a process of its own; in a pipeline and "
     "in "
     "a container only when the flag says so"},
    {"min-validity", 0, OPTION_TEXT, LOGIN_COMMANDS, 0, AT(min_validity), "DURATION", NULL,
     "Give a token that is good for at least that long, such as 90s, 15m or 1h30m; else get a new one"},
    {"output", 'o', OPTION_TEXT, COMMAND_GET_TOKEN, 0, AT(output), "exec-credential|token|header|json",
     "exec-credential",
     "What to print: what kubectl reads, the token alone, an Authorization header, or JSON with token, "
     "expiry, "
     "issuer, subject and groups"},
    {"output", 'o', OPTION_TEXT, SESSION_COMMANDS | COMMAND_LIST, OPTION_ACTION, AT(report), "text|json",
     "text", "What to print: text for people or one JSON object"},
    {"userinfo", 0, OPTION_SWITCH, COMMAND_WHOAMI, OPTION_ACTION, AT(userinfo), NULL, NULL,
     "Ask the provider's userinfo endpoint as well, with the access token of a refresh"},
    {"all", 0, OPTION_SWITCH, COMMAND_LOGOUT, OPTION_ACTION, AT(all), NULL, NULL,
     "End every session in the token cache, whatever its issuer and client"},
    {"listen-port", 0, OPTION_LIST, LOGIN_COMMANDS, OPTION_HIDDEN | OPTION_DEPRECATED, AT(listen_ports),
     "PORT", NULL, "use --listen-address=127.0.0.1:PORT instead"},
    {"oidc-redirect-url-hostname", 0, OPTION_TEXT, LOGIN_COMMANDS, OPTION_HIDDEN | OPTION_DEPRECATED,
     AT(redirect_hostname), "HOST", NULL, "use --oidc-redirect-url instead"},
    {"oidc-redirect-url-authcode-keyboard", 0, OPTION_TEXT, LOGIN_COMMANDS, OPTION_HIDDEN | OPTION_DEPRECATED,
     AT(keyboard_redirect_url), "URL", NULL, "use --oidc-redirect-url instead"},
    {"verbose", 0, OPTION_SWITCH, COMMAND_VERSION, 0, AT(verbose), NULL, NULL,
     "Bind every library and print its version"},
    {"version", 0, OPTION_SWITCH, COMMAND_ROOT, OPTION_ACTION, AT(version), NULL, NULL, "Print the version"},
    {"v", 'v', OPTION_NUMBER, COMMAND_ALL, 0, AT(verbosity), "LEVEL", "0",
     "Log to stderr: 1 steps and decisions, 2 requests, 3 names of parameters; never a secret"},
    KLOG("vmodule", OPTION_TEXT, ignored),
    KLOG("logtostderr", OPTION_SWITCH, ignored_switch),
    KLOG("alsologtostderr", OPTION_SWITCH, ignored_switch),
    KLOG("alsologtostderrthreshold", OPTION_TEXT, ignored),
    KLOG("stderrthreshold", OPTION_TEXT, ignored),
    KLOG("legacy_stderr_threshold_behavior", OPTION_SWITCH, ignored_switch),
    KLOG("log_dir", OPTION_TEXT, ignored),
    KLOG("log_file", OPTION_TEXT, ignored),
    KLOG("log_file_max_size", OPTION_TEXT, ignored),
    KLOG("log_backtrace_at", OPTION_TEXT, ignored),
    KLOG("one_output", OPTION_SWITCH, ignored_switch),
    KLOG("skip_headers", OPTION_SWITCH, ignored_switch),
    KLOG("skip_log_headers", OPTION_SWITCH, ignored_switch),
    KLOG("add_dir_header", OPTION_SWITCH, ignored_switch),
    {"help", 'h', OPTION_SWITCH, COMMAND_ALL, OPTION_ACTION, AT(help), NULL, NULL, "Print this help"},
};
const size_t option_count = array_length(option_table);
