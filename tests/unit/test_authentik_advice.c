/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of advice/authentik: each symptom gives its remedy, and only its own. */
#include "ids.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "advice/authentik.h"

#define ISSUER "https://ak.example/application/o/kube/"
#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

static void expect_hint(const struct error *err, const char *words)
{
    if (strstr(err->hint, words) == NULL)
        fail_msg("no '%s' in: %s", words, err->hint);
}

static void expect_no_hint(const struct error *err, const char *words)
{
    if (strstr(err->hint, words) != NULL)
        fail_msg("'%s' in: %s", words, err->hint);
}

static bool check_metadata(const char *issuer, const char *algorithms, bool encrypts, struct error *err)
{
    cleanup_provider struct provider provider = {.issuer = memory_copy_text(issuer),
                                                 .encrypts_id_tokens = encrypts};
    cleanup_string char *copy = memory_copy_text(algorithms);
    char *rest = copy;
    for (char *alg = strsep(&rest, " "); alg != NULL; alg = strsep(&rest, " ")) {
        if (alg[0] != '\0')
            text_list_add(&provider.signing_algorithms, alg);
    }
    return authentik_check_metadata(&provider, err);
}

static void test_metadata_without_a_signing_key(void **state)
{
    struct error err = {0}, other = {0};
    (void)state;
    test_ids("K7-90");
    assert_false(check_metadata(ISSUER, "HS256", false, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_ALG);
    assert_non_null(strstr(err.message, "HS256"));
    expect_hint(&err, "Signing Key");
    expect_hint(&err, "signing_key");
    assert_false(check_metadata("https://other.example", "HS256 none HS512", false, &other));
    expect_no_hint(&other, "Authentik");
    expect_hint(&other, "RS256");
}

static void test_metadata_that_encrypts(void **state)
{
    struct error err = {0};
    (void)state;
    test_ids("K7-90");
    assert_false(check_metadata(ISSUER, "RS256", true, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_ENCRYPTED);
    expect_hint(&err, "Encryption Key");
}

static void test_good_metadata(void **state)
{
    static const char *const algorithms[] = {"RS256", "ES256", "HS256 RS256", "EdDSA", ""};
    (void)state;
    for (size_t i = 0; i < array_length(algorithms); i++) {
        struct error err = {0};
        assert_true(check_metadata(ISSUER, algorithms[i], false, &err));
    }
}

static void test_redirect_uri_entries(void **state)
{
    struct error err = {0}, usual = {0};
    (void)state;
    authentik_hint_redirect_uri("http://localhost:41234", &err);
    expect_hint(&err, "  http://localhost:8000\n");
    expect_hint(&err, "  http://localhost:18000\n");
    expect_hint(&err, "  http://localhost:41234\n");
    authentik_hint_redirect_uri("http://localhost:8000", &usual);
    assert_null(strstr(strstr(usual.hint, "localhost:8000") + 1, "localhost:8000"));
}

/* The regular expression that we recommend must not let another host in; Authentik matches the whole URI. */
static void test_recommended_regex_is_safe(void **state)
{
    static const struct {
        const char *uri;
        bool good;
    } cases[] = {
        {"http://localhost:8000", true},
        {"http://127.0.0.1:18000", true},
        {"http://[::1]:55555/callback", true},
        {"http://localhost:8000/", true},
        {"http://localhost:x@evil.example/", false},
        {"http://localhost:8000@evil.example/", false},
        {"http://localhost.evil.example:8000", false},
        {"http://127x0.0.1:8000", false},
        {"http://localhost:123456", false},
        {"https://localhost:8000", false},
        {"http://localhost:8000/other", false},
    };
    struct error err = {0};
    cleanup_string char *pattern = NULL;
    const char *start, *end;
    regex_t regex;
    (void)state;
    authentik_hint_redirect_uri(NULL, &err);
    start = strstr(err.hint, "http://(");
    assert_non_null(start);
    end = strchr(start, '\n');
    assert_non_null(end);
    pattern = memory_format("^(%.*s)$", (int)(end - start), start);
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    for (size_t i = 0; i < array_length(cases); i++)
        assert_int_equal(regexec(&regex, cases[i].uri, 0, NULL, 0) == 0, cases[i].good);
    regfree(&regex);
}

static void test_single_hints(void **state)
{
    struct error client = {0}, grant = {0}, browser = {0}, timeout = {0}, hinted = {0};
    (void)state;
    authentik_hint_client_id(ISSUER, &client);
    expect_hint(&client, "--oidc-client-id");
    expect_hint(&client, ISSUER);
    authentik_hint_grant_type("password", &grant);
    expect_hint(&grant, "may lack 'password'");
    expect_hint(&grant, "add 'password' to grant_types");
    expect_no_hint(&grant, "authorization_code");
    authentik_hint_grant_type("authorization_code", &browser);
    expect_hint(&browser, "authorization_code and refresh_token");
    authentik_hint_timeout("http://localhost:8000", NULL, &timeout);
    expect_hint(&timeout, "Permission denied");
    expect_hint(&timeout, "bind the user");
    expect_hint(&timeout, "http://localhost:8000");
    expect_no_hint(&timeout, "login_hint");
    authentik_hint_timeout(NULL, "alice\x1b[2J", &hinted);
    expect_hint(&hinted, "'alice\\u{1B}[2J' (login_hint)");
}

static void test_callback_errors(void **state)
{
    static const struct {
        const char *code, *description, *words;
    } cases[] = {
        {"invalid_request", "The request is otherwise malformed", "grant_types"},
        {"invalid_request", NULL, "grant_types"},
        {"invalid_request", "dpop_jkt is required when bound_key scope is requested", "bound_key"},
        {"invalid_request", "Unsupported challenge method S512", NULL},
        {"consent_required", NULL, "prompt=consent"},
        {"login_required", NULL, "prompt=none"},
        {"invalid_scope", NULL, "scope mapping"},
        {"access_denied", NULL, NULL},
        {NULL, NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct error err = {0};
        authentik_hint_callback_error(cases[i].code, cases[i].description, &err);
        if (cases[i].words != NULL)
            expect_hint(&err, cases[i].words);
        else
            assert_string_equal(err.hint, "");
    }
}

static void test_token_errors(void **state)
{
    static const struct {
        const char *code;
        struct authentik_token_request request;
        const char *words, *other_words; /* the second must be absent; may be NULL */
    } cases[] = {
        {"invalid_client",
         {.grant = "authorization_code", .redirect_uri = "http://localhost:41234"},
         "'http://localhost:41234'",
         NULL},
        {"invalid_client", {.grant = "authorization_code"}, "Public", "Client Secret"},
        {"invalid_client", {.grant = "authorization_code", .has_secret = true}, "Client Secret", "Public"},
        {"invalid_client", {.grant = "refresh_token", .has_secret = true}, "Client Secret", "Redirect URIs"},
        {"invalid_client", {.grant = DEVICE_GRANT}, "grant_types", "Redirect URIs"},
        {"invalid_grant", {.grant = "refresh_token"}, "expired", "grant_types"},
        {"invalid_grant", {.grant = "refresh_token", .first_use = true}, "grant_types", "expired"},
        {"invalid_grant",
         {.grant = "refresh_token", .first_use = true},
         "that is a setting, no expiry",
         NULL},
        {"invalid_grant", {.grant = "authorization_code"}, "one minute", NULL},
        {"invalid_grant", {.grant = "client_credentials"}, "app password", NULL},
        {"invalid_grant", {.grant = "password"}, "app password", NULL},
        {"invalid_grant", {.grant = DEVICE_GRANT}, "start again", NULL},
        {"invalid_scope", {.grant = "client_credentials"}, "attached", NULL},
        {"unsupported_grant_type", {.grant = "password"}, "'password'", NULL},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct token_error failed = {.failure = TOKEN_FAILURE_CLIENT};
        struct error err = {0};
        snprintf(failed.oauth_error, sizeof(failed.oauth_error), "%s", cases[i].code);
        authentik_hint_token_error(&failed, &cases[i].request, &err);
        expect_hint(&err, cases[i].words);
        if (cases[i].other_words != NULL)
            expect_no_hint(&err, cases[i].other_words);
    }
}

static void test_temporary_token_errors(void **state)
{
    struct authentik_token_request request = {.grant = "authorization_code"};
    struct token_error masked = {.failure = TOKEN_FAILURE_TEMPORARY, .masked = true};
    struct token_error throttled = {.failure = TOKEN_FAILURE_TEMPORARY, .oauth_error = "slow_down"};
    struct token_error down = {.failure = TOKEN_FAILURE_TEMPORARY};
    struct error first = {0}, second = {0}, third = {0};
    (void)state;
    test_ids("K7-90");
    authentik_hint_token_error(&masked, &request, &first);
    expect_hint(&first, "405");
    expect_hint(&first, "Ed25519");
    authentik_hint_token_error(&throttled, &request, &second);
    expect_hint(&second, "20 device logins");
    authentik_hint_token_error(&down, &request, &third);
    assert_string_equal(third.hint, "");
}

static void expect_refresh_hint(const char *attached, const char *asked, const char *words,
                                const char *other_words)
{
    cleanup_provider struct provider provider = {.names_scopes = attached != NULL};
    cleanup_text_list struct text_list requested = {0};
    struct error err = {0};
    text_list_add(&requested, "openid");
    if (asked != NULL)
        text_list_add(&requested, asked);
    if (attached != NULL)
        text_list_add(&provider.scopes, attached);
    assert_int_equal(authentik_hint_no_refresh_token(&provider, &requested, &err), words != NULL);
    if (words != NULL)
        expect_hint(&err, words);
    if (other_words != NULL)
        expect_no_hint(&err, other_words);
}

static void test_no_refresh_token(void **state)
{
    (void)state;
    test_ids("K7-90");
    expect_refresh_hint("offline_access", "offline_access", NULL, NULL);
    expect_refresh_hint("offline_access", NULL, "--oidc-extra-scope=offline_access", "attach");
    expect_refresh_hint("openid", "offline_access", "attach", "--oidc-extra-scope");
    expect_refresh_hint("openid", NULL, "attach", NULL);
    expect_refresh_hint(NULL, NULL, "--oidc-extra-scope=offline_access", "attach");
}

static void test_discovery_status(void **state)
{
    static const struct {
        long status;
        const char *words;
    } cases[] = {{404, "application"}, {500, "Ed25519"}, {503, "starting"}, {403, NULL}};
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct error err = {0};
        authentik_hint_discovery_status(ISSUER, cases[i].status, &err);
        if (cases[i].words != NULL)
            expect_hint(&err, cases[i].words);
        else
            assert_string_equal(err.hint, "");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata_without_a_signing_key),
        cmocka_unit_test(test_metadata_that_encrypts),
        cmocka_unit_test(test_good_metadata),
        cmocka_unit_test(test_redirect_uri_entries),
        cmocka_unit_test(test_recommended_regex_is_safe),
        cmocka_unit_test(test_single_hints),
        cmocka_unit_test(test_callback_errors),
        cmocka_unit_test(test_token_errors),
        cmocka_unit_test(test_temporary_token_errors),
        cmocka_unit_test(test_no_refresh_token),
        cmocka_unit_test(test_discovery_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
