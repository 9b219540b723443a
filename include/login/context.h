/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of one login share: config, loop, the issuer as known, the place where sessions rest. */
#ifndef LOGIN_CONTEXT_H
#define LOGIN_CONTEXT_H

#include <stdbool.h>

#include "login/login.h"
#include "net/http.h"
#include "net/loop.h"
#include "oidc/provider.h"
#include "session/provider_cache.h"
#include "session/session_cache.h"
#include "session/session_key.h"

/* Owned by login_run; the parts borrow it. */
struct login_context {
    const struct login_config *config;
    struct loop *loop;
    struct http *http;
    struct session_cache cache;
    /* Where cool-down and lock holder are noted: the cache, or the runtime directory where nothing is stored.
     * They hold no secret. */
    struct session_cache runtime;
    const struct session_cache *marks;
    struct session_key key;
    bool unsaved;           /* nothing can be stored, and a warning has said so */
    bool keyring_refused;   /* a window asked for the keyring's password in vain: none asks again */
    struct error unkept;    /* why a refresh token was not kept, where nobody reads a warning */
    bool keyring_explained; /* the person has read how to mend it */
    bool skew_told;         /* the person knows that the clocks differ */
    bool keep_access_token; /* somebody asks for ACCESS_TOKEN: what verification_run verified last */
    char *access_token;     /* secret */
    char *asked_secret;     /* of the client, from the terminal; NULL while nobody was asked */
    struct {
        char *hint, *subject, *username;
    } account; /* login/account: who logged in under it; NULL when nobody did */

    /* login/issuer */
    struct provider provider;
    bool provider_known, provider_from_cache;
    struct provider_record record;
    bool record_changed;                 /* it is worth saving */
    struct http_transfer *keys_transfer; /* the JWK set on its way */
    struct jwk_set *keys;
    bool keys_from_cache;
};

/* The key of the session that CONFIG means. */
void login_key_make(const struct login_config *config, struct session_key *out);
/* The same for the cached answer: see session_key_sketch. */
void login_key_sketch(const struct login_config *config, struct session_key *out);
/* True when a token at hand needs neither a refresh nor a login. */
bool login_is_good(const struct login_config *config, const struct session *session, int64_t now);
/* True when it can be handed out where it cannot be renewed: to its last second, unless more was asked for.
 */
bool login_is_usable(const struct login_config *config, const struct session *session, int64_t now);
/* Where failures are noted for the sessions of CACHE: there, or where nothing can be stored in RUNTIME, which
 * is opened then. Borrows from both; the caller closes RUNTIME. */
const struct session_cache *login_open_marks(const struct login_config *config,
                                             const struct session_cache *cache, struct session_cache *runtime)
    must_check;
/* Fills cache, key (unless it is there), loop and http. With CREATE the cache directory is made, and what is
 * wrong with it is said. Close it in any case. */
bool login_context_open(struct login_context *context, bool create, struct error *err) must_check;
/* Says where the session will rest when DRAFT is not where sessions usually are. */
void login_warn_of_spare(struct login_context *context, const struct file_draft *draft);
void login_context_close(struct login_context *context);

/* The session as it rests, without a lock and without the network. False when there is none and a directory
 * where it may rest cannot be opened; WARNING (may be NULL) says what is wrong with its file. Release OUT in
 * any case. */
struct login_rested {
    struct session_key key;
    struct session session;
    bool found;
};
bool login_read_session(const struct login_config *config, struct login_rested *out, struct error *warning,
                        struct error *err) must_check;
void login_rested_release(struct login_rested *rested);
#define cleanup_login_rested __attribute__((cleanup(login_rested_release)))

/* The scopes as they go on the wire: configured ones, automatic ones that the provider offers, openid last.
 */
void login_wire_scopes(const struct login_context *context, struct text_list *scopes);

#endif
