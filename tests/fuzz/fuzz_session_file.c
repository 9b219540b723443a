/* SPDX-License-Identifier: Apache-2.0 */
/* A session file that is believed holds a possible token, and reads the same after it is written again. */
#include "fuzz.h"

#include <string.h>

#include "base/memory.h"
#include "session/session_file.h"

#define ISSUER "https://auth.example.com/"
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static int64_t largest(void)
{
    return (int64_t)1 << 53;
}

static void check_session(const struct session *session, bool access_token)
{
    const char *allowed = access_token ? BASE64URL ".~+/=" : BASE64URL ".";
    fuzz_check(session->token != NULL && session->token[0] != '\0');
    fuzz_check(strspn(session->token, allowed) == strlen(session->token));
    fuzz_check(session->expires_at >= 0 && session->expires_at <= largest());
    fuzz_check(session->obtained_at >= 0 && session->obtained_at <= largest());
    (void)session_remaining(session, largest());
    (void)session_wants_refresh(session, 0);
}

static void check_again(const struct session_key *key, const struct session *session)
{
    cleanup_session struct session again = {0};
    cleanup_secret char *text = NULL;
    struct error err = {0};
    const char *why = NULL;
    fuzz_check(session_file_format(key, session, &text, &err));
    fuzz_check(session_file_parse(text, strlen(text), key, &again, &why) == SESSION_FILE_GOOD);
    fuzz_check(strcmp(again.token, session->token) == 0 && again.expires_at == session->expires_at);
    fuzz_check(again.in_keyring == session->in_keyring && again.can_refresh == session->can_refresh);
    fuzz_check(session_file_is_in_keyring(text, strlen(text)) == session->in_keyring);
    fuzz_check(session_file_belongs(text, strlen(text), key->name));
}

/* The short way may take what the parser would refuse for its rest, but no other token and no later end. */
static void check_peek(const struct session_key *key, const char *text, size_t size,
                       const struct session *parsed)
{
    cleanup_session struct session session = {0};
    if (!session_file_peek(text, size, key, &session)) {
        fuzz_check(session.token == NULL);
        return;
    }
    check_session(&session, false);
    if (parsed->token == NULL)
        return;
    fuzz_check(strcmp(session.token, parsed->token) == 0 && session.expires_at == parsed->expires_at);
    fuzz_check(session.obtained_at == parsed->obtained_at && session.lifetime == parsed->lifetime);
    fuzz_check(session.can_refresh == parsed->can_refresh && session.in_keyring == parsed->in_keyring);
    fuzz_check(parsed->can_refresh == (parsed->in_keyring || parsed->refresh_token != NULL));
}

static void check_as(bool access_token, const char *text, size_t size)
{
    cleanup_session_key struct session_key key = {0};
    cleanup_session struct session session = {0};
    const char *why = NULL;
    session_key_make(
        &(struct session_key_parts){.issuer = ISSUER, .client_id = "k", .access_token = access_token}, &key);
    enum session_file_verdict verdict = session_file_parse(text, size, &key, &session, &why);
    fuzz_check((why == NULL) == (verdict == SESSION_FILE_GOOD));
    check_peek(&key, text, size, &session);
    if (verdict != SESSION_FILE_GOOD) {
        fuzz_check(session.token == NULL);
        return;
    }
    check_session(&session, access_token);
    check_again(&key, &session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_as(false, (const char *)data, size);
    check_as(true, (const char *)data, size);
    (void)!session_file_belongs((const char *)data, size, "auth.example.com-0000000000000000");
    return 0;
}
