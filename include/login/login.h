/* SPDX-License-Identifier: Apache-2.0 */
/* The decision: a cached token, a silent refresh, or a login; one of them for many processes. */
#ifndef LOGIN_LOGIN_H
#define LOGIN_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "login/notice.h"
#include "login/place.h"
#include "net/browser.h"
#include "net/http.h"
#include "session/keyring.h"
#include "session/session.h"

enum auto_scopes { AUTO_SCOPES_AUTO, AUTO_SCOPES_ALWAYS, AUTO_SCOPES_NEVER };
enum pkce_method { PKCE_AUTO, PKCE_NEVER, PKCE_ALWAYS };
enum redirect_probe { REDIRECT_PROBE_AUTO, REDIRECT_PROBE_ALWAYS, REDIRECT_PROBE_NEVER };

/* Where the refresh token goes (login/safekeeping); where it rests is told by the session's file. */
enum token_storage {
    TOKEN_STORAGE_DISK,    /* the session's file */
    TOKEN_STORAGE_KEYRING, /* the keyring, or nowhere */
    TOKEN_STORAGE_AUTO     /* the keyring where there is one when somebody logs in, else the file */
};

struct grant;

/* What a client proves itself with besides a secret. All borrowed; NULL where there is none. */
struct client_proof {
    const char *key, *key_id,
        *algorithm;           /* private_key_jwt: PEM text, kid, alg ("auto": the first that fits) */
    const char *audience;     /* of an assertion; NULL is the issuer */
    const char *source;       /* of an identity token: "github", "env:NAME", ... (login/identity_token) */
    const char *mark;         /* who that is, for the key of the session (identity_token_mark) */
    char *const *environment; /* where sources look */
    const struct text_list *secrets; /* variables that a command of a source must not see */
};

/* What the user asked for. Everything is borrowed. */
struct login_config {
    const struct grant *grant;
    const char *issuer, *client_id, *client_secret; /* no secret: NULL */
    const struct text_list *extra_scopes;           /* as configured */
    enum auto_scopes auto_scopes;
    bool use_access_token;
    const struct text_list *trusted_audiences;
    const struct text_map *extra_params;
    enum pkce_method pkce_method;

    bool ask_client_secret, ask_password; /* on /dev/tty, when a request needs it */
    const char *account;                  /* --account: a label that is part of the key; NULL */
    const char *username, *password;      /* NULL */
    struct client_proof proof;
    const char *non_interactive; /* why nobody may be asked: "--non-interactive", "CI=true"; NULL */
    int64_t min_validity;        /* seconds that a token must be good for; 0 for the usual margin */

    bool force_refresh; /* ignore the cached token, not the session */
    bool force_login;   /* `latchkey login`: ignore cache and cool-down */
    bool refresh_only;  /* never log in: the forced refresh of a token that the API server seems to refuse */
    bool background;    /* nobody waits: the token at hand stays, whatever comes of its refresh */

    const struct text_list *listen_addresses;
    bool listen_default;                          /* nobody said --listen-address */
    const char *redirect_url, *redirect_hostname; /* NULL */
    enum redirect_probe redirect_probe;
    bool skip_open_browser;
    struct browser_settings browser;
    int timeout_seconds;                       /* for the person */
    bool timeout_given;                        /* by the person, not by default */
    const char *local_certificate, *local_key; /* PEM text; NULL */
    const char *open_url;                      /* NULL */

    struct http_settings http;
    const char *const *cache_candidates; /* NULL-terminated; empty: --token-cache-storage=none */
    const char *runtime_directory;       /* $XDG_RUNTIME_DIR/latchkey; NULL */
    enum token_storage storage;
    struct keyring_access keyring; /* may_prompt: there is a display; the callbacks are login/safekeeping's */
    const char *server;            /* of the cluster, where kubectl names it; NULL */
    bool from_kubectl;             /* KUBERNETES_EXEC_INFO was there */
    const char *program;           /* as the user calls us, for hints */
    const struct text_list *advice; /* a warning and its hints, after a login alone; NULL */
    struct notice notice;
    struct login_place place;
};

/* The cached path: a file, no lock, no library. */
enum login_found {
    LOGIN_FOUND_NOTHING, /* missing, wants a refresh, or the config forces something */
    LOGIN_FOUND,
    LOGIN_FOUND_REPEATED, /* good, but its parent got it thrice within seconds: the API server may refuse it
                           */
    LOGIN_FOUND_RENEW     /* the same, and it may be renewed now, once a minute */
};
enum login_found login_find(const struct login_config *config, int64_t now, struct session *out);

/* Everything else: lock, look again, refresh, log in, save. */
bool login_run(const struct login_config *config, struct session *out, struct error *err) must_check;

/* Checks what can be checked before anything is read or sent. */
bool login_check_config(const struct login_config *config, struct error *err) must_check;

#endif
