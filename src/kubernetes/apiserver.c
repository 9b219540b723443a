/* SPDX-License-Identifier: Apache-2.0 */
/* Predicts the API server's OIDC authenticator with its usual settings, because its answer never says why. */
#include "kubernetes/apiserver.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"

/* nbf has a minute of grace at the API server, exp has none. */
enum { NOT_BEFORE_GRACE = 60 };

static void add_line(struct text_list *lines, char *line)
{
    cleanup_string char *owned = line;
    text_list_add(lines, owned);
}

/* The username claim `email` is accepted only when email_verified is absent or the boolean true. */
static void doubt_email_verified(const json_t *claims, struct text_list *lines)
{
    const json_t *verified = json_object_get(claims, "email_verified");
    if (verified == NULL || json_is_true(verified))
        return;
    if (json_is_boolean(verified) || json_is_null(verified))
        text_list_add(lines,
                      "email_verified is not true: an API server with the username claim 'email' refuses "
                      "the token ('oidc: email not verified', newer ones say only 'invalid bearer "
                      "token'); let the provider say true, or use the username claim "
                      "'preferred_username' or 'sub'");
    else
        text_list_add(lines,
                      "email_verified is not true or false but of another type: an API server with the "
                      "username claim 'email' refuses the token; send it as a JSON boolean");
}

static void doubt_email(const json_t *claims, struct text_list *lines)
{
    const json_t *email = json_object_get(claims, "email");
    if (email == NULL || json_is_null(email))
        text_list_add(lines,
                      "there is no email: an API server with the username claim 'email' refuses the token "
                      "('claim not present'); ask for the scope 'email' or use another username claim");
    else if (!json_is_string(email))
        text_list_add(lines,
                      "email is not text: an API server with the username claim 'email' refuses the token");
    else if (json_string_length(email) == 0)
        text_list_add(lines,
                      "email is empty: with the username claim 'email' every such person is the same user "
                      "without a name; use the username claim 'preferred_username' or 'sub'");
}

static bool is_system_name(const json_t *name)
{
    return json_is_string(name) && strncmp(json_string_value(name), "system:", 7) == 0;
}

static bool array_has(const json_t *array, bool (*test)(const json_t *))
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (test(json_array_get(array, i)))
            return true;
    }
    return false;
}

static bool is_not_text(const json_t *value)
{
    return !json_is_string(value);
}

static void doubt_groups(const json_t *claims, struct text_list *lines)
{
    const json_t *groups = json_object_get(claims, "groups");
    bool none =
        groups == NULL || json_is_null(groups) || (json_is_array(groups) && json_array_size(groups) == 0);
    if (none)
        text_list_add(lines,
                      "there are no groups: RBAC rules for groups will not match (Authentik puts them into "
                      "the scope 'profile')");
    else if ((!json_is_string(groups) && !json_is_array(groups)) || array_has(groups, is_not_text))
        text_list_add(lines,
                      "groups is not a list of texts: an API server with the groups claim 'groups' refuses "
                      "the token");
    else if (is_system_name(groups) || array_has(groups, is_system_name))
        text_list_add(lines,
                      "groups has a name that begins with 'system:': without --oidc-groups-prefix it gives "
                      "the rights of Kubernetes' own groups");
}

static void doubt_algorithm(const char *alg, struct text_list *lines)
{
    if (text_is_empty(alg) || strcmp(alg, "RS256") == 0)
        return;
    if (strncmp(alg, "HS", 2) == 0 || strcmp(alg, "none") == 0 || strcmp(alg, "EdDSA") == 0)
        add_line(lines, memory_format("the token is signed with '%s', which no API server accepts; give the "
                                      "provider an RSA key or an EC key (Authentik: Signing Key)",
                                      safe(alg)));
    else
        add_line(lines,
                 memory_format("the token is signed with '%s': the API server needs --oidc-signing-algs=%s "
                               "(its default is RS256), or an AuthenticationConfiguration, which takes it",
                               safe(alg), safe(alg)));
}

static void doubt_times(const json_t *claims, int64_t now, struct text_list *lines)
{
    char when[CLOCK_RFC3339_SIZE];
    double expiry, not_before;
    if (!json_number(claims, "exp", &expiry)) {
        text_list_add(lines, "there is no usable exp: the API server takes the token for expired");
    } else if (expiry < (double)now) {
        clock_format_rfc3339((int64_t)expiry, when);
        add_line(lines,
                 memory_format("the token expired at %s by this machine's clock; the API server gives no "
                               "grace: compare the clocks",
                               when));
    }
    if (json_number(claims, "nbf", &not_before) && not_before > (double)(now + NOT_BEFORE_GRACE)) {
        clock_format_rfc3339((int64_t)not_before, when);
        add_line(lines, memory_format("the token is not valid before %s by this machine's clock: compare the "
                                      "clocks",
                                      when));
    }
}

static void name_issuer(const json_t *claims, struct text_list *lines)
{
    const char *issuer = json_text(claims, "iss");
    if (issuer == NULL) {
        text_list_add(lines, "there is no iss: the API server does not take the token for one of its issuer");
        return;
    }
    if (!text_starts_with(issuer, "https://"))
        add_line(lines, memory_format("the issuer '%s' is not https: the API server takes https issuers only",
                                      safe(issuer)));
    add_line(lines,
             memory_format("the API server's issuer URL must be exactly '%s', to the last slash; with any "
                           "other it says only Unauthorized",
                           safe(issuer)));
}

static void name_audience(const json_t *claims, struct text_list *lines)
{
    const json_t *audience = json_object_get(claims, "aud");
    cleanup_text_list struct text_list names = {0};
    cleanup_string char *joined = NULL;
    if (json_is_string(audience))
        text_list_add(&names, json_string_value(audience));
    else if (!json_is_array(audience) || !json_text_list(claims, "aud", &names))
        text_list_release(&names);
    if (names.count == 0) {
        text_list_add(lines, "there is no usable aud: the API server refuses the token");
        return;
    }
    joined = text_list_join(&names, "', '");
    add_line(lines, memory_format("the API server's client id (audience) must be %s'%s'",
                                  names.count > 1 ? "one of " : "", safe(joined)));
}

void apiserver_doubts(const char *alg, const json_t *claims, int64_t now, struct text_list *lines)
{
    doubt_email_verified(claims, lines);
    doubt_email(claims, lines);
    doubt_groups(claims, lines);
    doubt_algorithm(alg, lines);
    doubt_times(claims, now, lines);
    name_issuer(claims, lines);
    name_audience(claims, lines);
}

void apiserver_absences(const json_t *claims, struct text_list *lines)
{
    if (json_object_get(claims, "email_verified") == NULL)
        text_list_add(
            lines,
            "there is no email_verified: an API server with the username claim 'email' takes the token all "
            "the same; a rule of an AuthenticationConfiguration must allow for it: "
            "claims.?email_verified.orValue(true)");
}
