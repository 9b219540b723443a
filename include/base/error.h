/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong: a stable code, one line on what failed on what, and lines that say how to mend it. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include "base/memory.h"

/* The codes are part of the interface: scripts and tests may match them. X(identifier, name). */
#define ERROR_CODES(X)                                                                                       \
    X(NONE, "none")                                                                                          \
    X(CONFIG, "config") X(UNSUPPORTED, "unsupported") X(EXEC_INFO, "exec_info") X(NETWORK, "network")        \
        X(TLS, "tls") X(TIMEOUT, "timeout") X(TOO_LARGE, "too_large") X(REDIRECT, "redirect")                \
            X(SERVER, "server") X(DISCOVERY_HTTP, "discovery_http") X(DISCOVERY_JSON, "discovery_json") X(   \
                DISCOVERY_ISSUER, "discovery_issuer") X(ENDPOINT_URL, "endpoint_url") X(PKCE, "pkce")        \
                X(PORT, "port") X(CALLBACK_STATE, "callback_state") X(CALLBACK_ISS, "callback_iss") X(       \
                    CALLBACK_ERROR, "callback_error") X(CALLBACK_TIMEOUT, "callback_timeout")                \
                    X(REDIRECT_URI, "redirect_uri") X(CLIENT_ID, "client_id") X(TOKEN_HTTP, "token_http") X( \
                        TOKEN_JSON, "token_json") X(TOKEN_TYPE, "token_type") X(OAUTH_ERROR, "oauth_error")  \
                        X(IDTOKEN_MISSING, "idtoken_missing") X(IDTOKEN_FORMAT, "idtoken_format")            \
                            X(IDTOKEN_ENCRYPTED, "idtoken_encrypted") X(IDTOKEN_ALG, "idtoken_alg") X(       \
                                IDTOKEN_KEY, "idtoken_key") X(IDTOKEN_SIGNATURE, "idtoken_signature")        \
                                X(IDTOKEN_ISS, "idtoken_iss") X(IDTOKEN_AUD, "idtoken_aud") X(               \
                                    IDTOKEN_AZP, "idtoken_azp") X(IDTOKEN_EXP, "idtoken_exp")                \
                                    X(IDTOKEN_IAT, "idtoken_iat") X(IDTOKEN_NBF, "idtoken_nbf") X(           \
                                        IDTOKEN_SUB, "idtoken_sub") X(IDTOKEN_NONCE, "idtoken_nonce")        \
                                        X(IDTOKEN_AT_HASH, "idtoken_at_hash") X(IDTOKEN_AUTH_TIME,           \
                                                                                "idtoken_auth_time")         \
                                            X(REFRESH_ISS, "refresh_iss") X(REFRESH_SUB, "refresh_sub")      \
                                                X(REFRESH_AUD, "refresh_aud") X(JWKS_HTTP, "jwks_http")      \
                                                    X(JWKS_JSON, "jwks_json") X(JWKS_LIMIT, "jwks_limit") X( \
                                                        CACHE_PERM, "cache_perm") X(CACHE_IO, "cache_io")    \
                                                        X(LOCK_TIMEOUT,                                      \
                                                          "lock_timeout") X(COOLDOWN, "cooldown")            \
                                                            X(NO_SESSION,                                    \
                                                              "no_session") X(USERINFO, "userinfo")          \
                                                                X(IDENTITY_TOKEN, "identity_token")          \
                                                                    X(NOT_INTERACTIVE, "not_interactive")    \
                                                                        X(KEYRING, "keyring") X(STDOUT,      \
                                                                                                "stdout")    \
                                                                            X(INTERRUPTED, "interrupted")    \
                                                                                X(LIBRARY, "library") X(     \
                                                                                    MEMORY, "memory")        \
                                                                                    X(INTERNAL, "internal")

enum error_code {
#define ERROR_ENUM(identifier, name) ERROR_##identifier,
    ERROR_CODES(ERROR_ENUM)
#undef ERROR_ENUM
};

/* Lives on the stack of whoever asks; {0} is "no error". Reporting an error cannot fail. */
struct error {
    enum error_code code;
    char message[512]; /* lower case, no full stop, what failed first, the subject in single quotes */
    char hint[2048];   /* zero or more lines, each a remedy, separated by '\n' */
};

/* Sets code and message, clears the hint. Always false: `return error_set(err, ...)` is an error branch. A
 * message that does not fit is cut at a character boundary and ends in "...". */
bool error_set(struct error *err, enum error_code code, const char *format, ...) format_check(3, 4);
/* Adds a line to the hint. Always false. Lines that do not fit are dropped whole. */
bool error_hint(struct error *err, const char *format, ...) format_check(2, 3);
/* Puts "TEXT: " before the message, to say what was being tried. Always false. */
bool error_prefix(struct error *err, const char *format, ...) format_check(2, 3);
/* The stable name of a code, for example "discovery_issuer". */
const char *error_code_name(enum error_code code);
/* True for the class "network": nothing was decided by a server (name, connect, TLS, time-out, proxy). */
bool error_is_network(const struct error *err);
/* True for network errors and for a server that could not do its work (5xx, 429, a masked 405): the session
 * is kept, no login starts. */
bool error_is_temporary(const struct error *err);
void error_clear(struct error *err);

#endif
