/* SPDX-License-Identifier: Apache-2.0 */
/* One function per claim rule, in the order of the table at the end, only on verified claims. */
#include "oidc/id_token.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "id_token_claims.h"
#include "oidc/issuer_mismatch.h"

enum {
    LEEWAY_EXPIRED = 60,
    LEEWAY_FUTURE = 300,
    OLDEST_FRESH = 24 * 60 * 60,
    LONGEST_SUBJECT = 255,
    SHOWN_BYTES = 150 /* of a value, where two of them share a message */
};

/* What every rule looks at. */
struct judged {
    const json_t *claims;
    const struct id_token_expectation *expected;
    const char *alg;
};

static struct text_safe shown(const char *text)
{
    return text_make_safe_bytes(text, strnlen(text, SHOWN_BYTES));
}

/* The same rule has another name when the token comes from a refresh (REF-03). */
static enum error_code code_of(const struct judged *judged, enum error_code on_login,
                               enum error_code on_refresh)
{
    return judged->expected->previous_subject != NULL ? on_refresh : on_login;
}

static bool refuse_claim(enum error_code code, const char *name, const char *type, struct error *err)
{
    error_set(err, code, "the ID token's '%s' is missing or is not %s", name, type);
    return error_hint(
        err,
        "every OpenID provider sends it: look for a scope mapping or rule at the provider that removes or "
        "replaces '%s'",
        name);
}

/* Seconds since 1970 that a double holds exactly; fractions are dropped. */
static bool read_time(const json_t *claims, const char *name, int64_t *seconds)
{
    double value = 0;
    if (!json_number(claims, name, &value) || value < 0)
        return false;
    *seconds = (int64_t)value;
    return true;
}

/* WHAT ends in the verb and preposition that a time follows. */
static bool refuse_time(enum error_code code, const char *what, int64_t when, int64_t now, struct error *err)
{
    char when_text[CLOCK_RFC3339_SIZE], now_text[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(when, when_text);
    clock_format_rfc3339(now, now_text);
    error_set(err, code, "the ID token %s %s, this machine's clock says %s", what, when_text, now_text);
    return error_hint(
        err, "if these times are wrong, so is the clock of this machine or of the provider: set them by NTP");
}

static bool check_issuer(const struct judged *judged, struct error *err)
{
    enum error_code code = code_of(judged, ERROR_IDTOKEN_ISS, ERROR_REFRESH_ISS);
    const char *issuer = json_text(judged->claims, "iss");
    if (issuer == NULL)
        return refuse_claim(code, "iss", "text", err);
    if (text_equal(issuer, judged->expected->issuer))
        return true;
    struct error explained = {0};
    issuer_mismatch_explain(judged->expected->issuer, issuer, &explained);
    error_set(err, code, "the ID token's issuer is '%s', not '%s'", shown(issuer).text,
              shown(judged->expected->issuer).text);
    return error_hint(err, "%s", explained.hint);
}

static bool read_audiences(const json_t *claims, struct text_list *out)
{
    const char *single = json_text(claims, "aud");
    if (single != NULL) {
        text_list_add(out, single);
        return true;
    }
    return json_array_size(json_object_get(claims, "aud")) > 0 && json_text_list(claims, "aud", out);
}

static bool check_audience(const struct judged *judged, struct error *err)
{
    if (judged->expected->audience_unchecked)
        return true;
    enum error_code code = code_of(judged, ERROR_IDTOKEN_AUD, ERROR_REFRESH_AUD);
    cleanup_text_list struct text_list audiences = {0};
    if (!read_audiences(judged->claims, &audiences))
        return refuse_claim(code, "aud", "text or an array of text", err);
    if (text_list_contains(&audiences, judged->expected->client_id))
        return true;
    cleanup_string char *joined = text_list_join(&audiences, "', '");
    error_set(err, code, "the ID token is for '%s', not for the client '%s'", shown(joined).text,
              shown(judged->expected->client_id).text);
    return error_hint(err, "--oidc-client-id must be the client id of the provider that issued the token");
}

static bool check_authorized_party(const struct judged *judged, struct error *err)
{
    if (judged->expected->audience_unchecked || !json_has(judged->claims, "azp"))
        return true;
    const char *party = json_text(judged->claims, "azp");
    if (party == NULL)
        return refuse_claim(ERROR_IDTOKEN_AZP, "azp", "text", err);
    if (text_equal(party, judged->expected->client_id))
        return true;
    error_set(err, ERROR_IDTOKEN_AZP, "the ID token was issued to '%s', not to the client '%s'",
              shown(party).text, shown(judged->expected->client_id).text);
    return error_hint(err, "the token belongs to another client, which asked for it on behalf of this one");
}

static bool is_trusted(const struct id_token_expectation *expected, const char *audience)
{
    return text_equal(audience, expected->client_id) ||
           (expected->trusted_audiences != NULL && text_list_contains(expected->trusted_audiences, audience));
}

/* Several audiences: azp says that the token is ours, or the user trusts each of the others (design 8). */
static bool check_other_audiences(const struct judged *judged, struct error *err)
{
    cleanup_text_list struct text_list audiences = {0};
    if (judged->expected->audience_unchecked || json_has(judged->claims, "azp") ||
        !read_audiences(judged->claims, &audiences))
        return true;
    for (size_t i = 0; i < audiences.count; i++) {
        if (is_trusted(judged->expected, audiences.items[i]))
            continue;
        error_set(err, code_of(judged, ERROR_IDTOKEN_AUD, ERROR_REFRESH_AUD),
                  "the ID token is also for '%s' and does not say whose it is (azp)",
                  shown(audiences.items[i]).text);
        return error_hint(err, "if that is intended, add --oidc-trusted-audience=%s",
                          shown(audiences.items[i]).text);
    }
    return true;
}

static bool check_expiry(const struct judged *judged, struct error *err)
{
    int64_t expires_at = 0;
    int64_t now = judged->expected->now;
    if (!read_time(judged->claims, "exp", &expires_at))
        return refuse_claim(ERROR_IDTOKEN_EXP, "exp", "a time in seconds", err);
    return now < expires_at + LEEWAY_EXPIRED ||
           refuse_time(ERROR_IDTOKEN_EXP, "expired at", expires_at, now, err);
}

static bool check_issued_at(const struct judged *judged, struct error *err)
{
    int64_t issued_at = 0;
    int64_t now = judged->expected->now;
    if (!read_time(judged->claims, "iat", &issued_at))
        return refuse_claim(ERROR_IDTOKEN_IAT, "iat", "a time in seconds", err);
    if (issued_at > now + LEEWAY_FUTURE)
        return refuse_time(ERROR_IDTOKEN_IAT, "was issued in the future, at", issued_at, now, err);
    if (judged->expected->fresh_login && issued_at < now - OLDEST_FRESH)
        return refuse_time(ERROR_IDTOKEN_IAT, "is not fresh, it was issued at", issued_at, now, err);
    if (issued_at < judged->expected->previous_issued_at)
        return refuse_time(ERROR_IDTOKEN_IAT, "is older than the one it replaces, it was issued at",
                           issued_at, now, err);
    return true;
}

/* The clocks' leeway would let one pass that nobody can use. */
static bool check_lifetime(const struct judged *judged, struct error *err)
{
    int64_t issued_at = 0, expires_at = 0;
    char expires_text[CLOCK_RFC3339_SIZE], issued_text[CLOCK_RFC3339_SIZE];
    if (!read_time(judged->claims, "iat", &issued_at) || !read_time(judged->claims, "exp", &expires_at) ||
        expires_at > issued_at)
        return true;
    clock_format_rfc3339(expires_at, expires_text);
    clock_format_rfc3339(issued_at, issued_text);
    error_set(err, ERROR_IDTOKEN_EXP, "the ID token expires at %s, not later than it was issued (%s)",
              expires_text, issued_text);
    return error_hint(err, "have the provider give the tokens of this client a lifetime (exp after iat)");
}

static bool check_not_before(const struct judged *judged, struct error *err)
{
    int64_t not_before = 0;
    int64_t now = judged->expected->now;
    if (!json_has(judged->claims, "nbf"))
        return true;
    if (!read_time(judged->claims, "nbf", &not_before))
        return refuse_claim(ERROR_IDTOKEN_NBF, "nbf", "a time in seconds", err);
    return not_before <= now + LEEWAY_FUTURE ||
           refuse_time(ERROR_IDTOKEN_NBF, "is not valid before", not_before, now, err);
}

/* C0, DEL, and C1 as UTF-8 writes it. */
static bool has_control_character(const char *text)
{
    for (const unsigned char *byte = (const unsigned char *)text; *byte != '\0'; byte++) {
        if (*byte < 0x20 || *byte == 0x7f || (*byte == 0xc2 && byte[1] >= 0x80 && byte[1] < 0xa0))
            return true;
    }
    return false;
}

static bool check_subject(const struct judged *judged, struct error *err)
{
    enum error_code code = code_of(judged, ERROR_IDTOKEN_SUB, ERROR_REFRESH_SUB);
    const char *subject = json_text(judged->claims, "sub");
    if (text_is_empty(subject))
        return refuse_claim(code, "sub", "a name", err);
    if (strlen(subject) > LONGEST_SUBJECT)
        return error_set(err, code, "the ID token's 'sub' is longer than %d bytes", LONGEST_SUBJECT);
    if (has_control_character(subject))
        return error_set(err, code, "the ID token's 'sub' has control characters");
    const char *previous = judged->expected->previous_subject;
    if (previous == NULL || text_equal(subject, previous))
        return true;
    error_set(err, code, "the refreshed ID token is for '%s', the login was for '%s'", shown(subject).text,
              shown(previous).text);
    return error_hint(err, "if the provider now names people otherwise, log in again");
}

static bool check_nonce(const struct judged *judged, struct error *err)
{
    const struct id_token_expectation *expected = judged->expected;
    if (expected->nonce == NULL)
        return true;
    if (!json_has(judged->claims, "nonce"))
        return expected->nonce_optional || refuse_claim(ERROR_IDTOKEN_NONCE, "nonce", "text", err);
    if (digest_equal_text(json_text(judged->claims, "nonce"), expected->nonce))
        return true;
    error_set(err, ERROR_IDTOKEN_NONCE, "the ID token's nonce is not the one of this login");
    return error_hint(err, "the answer belongs to another login: try again");
}

/* The token names its companion by half of its digest; NAME is at_hash or c_hash. */
static bool check_hash(const struct judged *judged, const char *name, const char *companion,
                       struct error *err)
{
    bool matches = false;
    if (companion == NULL || !json_has(judged->claims, name))
        return true;
    const char *hash = json_text(judged->claims, name);
    if (hash != NULL && !digest_half_matches(judged->alg, companion, hash, &matches, err))
        return false;
    return matches || error_set(err, ERROR_IDTOKEN_AT_HASH,
                                "the ID token's '%s' does not belong to what came with the token", name);
}

static bool check_access_token_hash(const struct judged *judged, struct error *err)
{
    return check_hash(judged, "at_hash", judged->expected->access_token, err);
}

static bool check_code_hash(const struct judged *judged, struct error *err)
{
    return check_hash(judged, "c_hash", judged->expected->code, err);
}

static bool check_auth_time(const struct judged *judged, struct error *err)
{
    int64_t auth_time = 0;
    int64_t previous = judged->expected->previous_auth_time;
    if (previous == 0 || !json_has(judged->claims, "auth_time"))
        return true;
    return (read_time(judged->claims, "auth_time", &auth_time) && auth_time == previous) ||
           error_set(err, ERROR_IDTOKEN_AUTH_TIME,
                     "the refreshed ID token names another time of login (auth_time)");
}

/* Who asked for a recent login gets none that the provider remembers from before. */
static bool check_max_age(const struct judged *judged, struct error *err)
{
    int64_t auth_time = 0;
    if (judged->expected->login_after == 0)
        return true;
    if (!read_time(judged->claims, "auth_time", &auth_time))
        return refuse_claim(ERROR_IDTOKEN_AUTH_TIME, "auth_time", "a time in seconds", err);
    return auth_time + LEEWAY_EXPIRED >= judged->expected->login_after ||
           refuse_time(ERROR_IDTOKEN_AUTH_TIME, "is of a login that is older than max_age allows, at",
                       auth_time, judged->expected->now, err);
}

bool id_token_check_claims(const json_t *claims, const char *alg, const struct id_token_expectation *expected,
                           struct error *err)
{
    static bool (*const rules[])(const struct judged *, struct error *) = {
        check_issuer,    check_audience,  check_authorized_party,  check_other_audiences,
        check_expiry,    check_issued_at, check_lifetime,          check_not_before,
        check_subject,   check_nonce,     check_access_token_hash, check_code_hash,
        check_auth_time, check_max_age,
    };
    struct judged judged = {claims, expected, alg};
    for (size_t i = 0; i < array_length(rules); i++) {
        if (!rules[i](&judged, err))
            return false;
    }
    return true;
}

void id_token_fill(json_t *claims, struct id_token *out)
{
    static const char *const names[] = {"email", "preferred_username", "name", "sub"};
    const char *username = NULL;
    for (size_t i = 0; i < array_length(names) && text_is_empty(username); i++)
        username = json_text(claims, names[i]);
    *out = (struct id_token){
        .subject = memory_copy_text(json_text(claims, "sub")),
        .username = memory_copy_text(username),
        .claims = claims,
    };
    if (!read_time(claims, "iat", &out->issued_at))
        out->issued_at = 0;
    if (!read_time(claims, "exp", &out->expires_at))
        out->expires_at = 0;
}

void id_token_release(struct id_token *token)
{
    free(token->subject);
    free(token->username);
    json_decref(token->claims);
    *token = (struct id_token){0};
}

/* Access tokens say so in their type, at some providers; only who asked for one may take it. */
static bool check_type(const struct jws_header *header, const struct id_token_expectation *expected,
                       struct error *err)
{
    return !header->is_access_token || expected->audience_unchecked ||
           error_set(err, ERROR_IDTOKEN_FORMAT, "the ID token's type is 'at+jwt', so it is an access token");
}

bool id_token_verify(const char *token, const struct jwk_set *set,
                     const struct id_token_expectation *expected, struct id_token *out, struct error *err)
{
    cleanup_jws_header struct jws_header header = {0};
    json_auto_t *claims = NULL;
    if (!jws_inspect(token, expected->algorithms, &header, err) || !check_type(&header, expected, err) ||
        !jws_verify(token, expected->algorithms, set, &claims, err) ||
        !id_token_check_claims(claims, header.alg, expected, err))
        return false;
    id_token_fill(steal(claims), out);
    return true;
}
