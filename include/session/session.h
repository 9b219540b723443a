/* SPDX-License-Identifier: Apache-2.0 */
/* A login at rest: the tokens and when they were got. */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>

/* What a refresh token may be at most; a longer one is as good as none. */
enum { SESSION_REFRESH_TOKEN_LIMIT = 64 * 1024 };

struct session {
    char *token;         /* what Kubernetes gets: the ID token, or the access token in access-token mode */
    char *refresh_token; /* NULL when the provider gave none, or while it was not read from the keyring */
    bool in_keyring;     /* the refresh token rests in the keyring, not in the file (session/keyring) */
    char *subject;
    char *username;      /* for messages; may be NULL */
    char *stands_for;    /* the cache directory that it belongs to, where it rests in another; else NULL */
    char *nonce;         /* of the login, compared when a refreshed token carries one; may be NULL */
    int64_t issued_at;   /* of the token, by the provider's clock (iat) */
    int64_t expires_at;  /* of the token, by the provider's clock (exp) */
    int64_t obtained_at; /* by our clock */
    int64_t lifetime;    /* seconds: exp - iat */
    bool refreshed;      /* got by a refresh, not by a login */
    bool can_refresh;    /* there is a refresh token, although it may not have been read */
};
/* Wipes and frees; {0} afterwards. */
void session_release(struct session *session);
#define cleanup_session __attribute__((cleanup(session_release)))

/* How much use is left at NOW: the smaller of both clocks' opinions (security T-31); 0 or less when expired,
 * and when NOW lies more than 60 s before obtained_at. */
int64_t session_remaining(const struct session *session, int64_t now);
/* True when less than min(60 s, 10 % of the lifetime) is left (REF-08). */
bool session_wants_refresh(const struct session *session, int64_t now);
/* True in the last third of the lifetime, and after it. */
bool session_is_ageing(const struct session *session, int64_t now);

#endif
