/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of oidc/provider: discovery documents, good and bad. */
#include "ids.h"

#include <string.h>

#include "base/json.h"
#include "oidc/provider.h"

#define ISSUER "https://ak.example/application/o/kube/"

static json_t *parse(const char *text)
{
    struct json_source source = {.what = "the test", .code = ERROR_INTERNAL};
    struct error err = {0};
    json_t *object = NULL;
    assert_true(json_parse_object(source, text, strlen(text), &object, &err));
    return object;
}

/* What Authentik 2026.2 answers, in short. */
static json_t *new_document(void)
{
    return parse("{\"issuer\":\"" ISSUER "\","
                 "\"authorization_endpoint\":\"https://ak.example/application/o/authorize/\","
                 "\"token_endpoint\":\"https://ak.example/application/o/token/\","
                 "\"userinfo_endpoint\":\"https://ak.example/application/o/userinfo/\","
                 "\"end_session_endpoint\":\"https://ak.example/application/o/kube/end-session/\","
                 "\"revocation_endpoint\":\"https://ak.example/application/o/revoke/\","
                 "\"device_authorization_endpoint\":\"https://ak.example/application/o/device/\","
                 "\"jwks_uri\":\"https://ak.example/application/o/kube/jwks/\","
                 "\"response_types_supported\":[\"code\",\"id_token\",\"id_token token\"],"
                 "\"grant_types_supported\":[\"authorization_code\",\"refresh_token\"],"
                 "\"id_token_signing_alg_values_supported\":[\"RS256\"],"
                 "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\",\"client_secret_basic\"],"
                 "\"scopes_supported\":[\"email\",\"offline_access\",\"openid\",\"profile\",\"email\"],"
                 "\"code_challenge_methods_supported\":[\"plain\",\"S256\"]}");
}

/* VALUE is JSON; NULL removes the member. */
static void set_member(json_t *document, const char *name, const char *value)
{
    cleanup_string char *text = NULL;
    json_auto_t *wrapped = NULL;
    if (value == NULL) {
        json_object_del(document, name);
        return;
    }
    text = memory_format("{\"value\":%s}", value);
    wrapped = parse(text);
    json_object_set(document, name, json_object_get(wrapped, "value"));
}

static bool parse_document(const json_t *document, const char *issuer, struct provider *out,
                           struct error *err)
{
    cleanup_string char *text = json_to_text(document);
    return provider_parse(issuer, text, strlen(text), out, err);
}

/* Parses the document with one member changed. */
static bool parse_changed(const char *name, const char *value, struct provider *out, struct error *err)
{
    json_auto_t *document = new_document();
    set_member(document, name, value);
    return parse_document(document, ISSUER, out, err);
}

static void expect_refused(const char *name, const char *value, enum error_code code)
{
    cleanup_provider struct provider provider = {0};
    struct error err = {0};
    if (parse_changed(name, value, &provider, &err))
        fail_msg("%s = %s was accepted", name, value != NULL ? value : "(absent)");
    if (err.code != code)
        fail_msg("%s = %s gave [%s] %s", name, value != NULL ? value : "(absent)", error_code_name(err.code),
                 err.message);
    assert_null(provider.issuer);
}

static void test_good_document(void **state)
{
    cleanup_provider struct provider provider = {0};
    struct error err = {0};
    (void)state;
    assert_true(parse_changed("unused", NULL, &provider, &err));
    assert_string_equal(provider.issuer, ISSUER);
    assert_string_equal(provider.authorization_endpoint, "https://ak.example/application/o/authorize/");
    assert_string_equal(provider.token_endpoint, "https://ak.example/application/o/token/");
    assert_string_equal(provider.jwks_uri, "https://ak.example/application/o/kube/jwks/");
    assert_string_equal(provider.device_authorization_endpoint, "https://ak.example/application/o/device/");
    assert_string_equal(provider.userinfo_endpoint, "https://ak.example/application/o/userinfo/");
    assert_string_equal(provider.revocation_endpoint, "https://ak.example/application/o/revoke/");
    assert_true(provider.names_scopes && text_list_contains(&provider.scopes, "offline_access"));
    assert_true(provider.names_pkce_methods && text_list_contains(&provider.pkce_methods, "S256"));
    assert_true(text_list_contains(&provider.signing_algorithms, "RS256"));
    assert_true(provider.names_token_auth_methods);
    assert_int_equal(provider.token_auth_methods.count, 2);
    assert_false(provider.iss_parameter_supported);
    assert_false(provider.encrypts_id_tokens);
}

static void test_issuer_must_be_equal(void **state)
{
    static const char *const found[] = {
        NULL,
        "null",
        "[]",
        "[\"" ISSUER "\"]",
        "1",
        "\"\"",
        "\"" ISSUER "INVALID\"",
        "\"https://AK.example/application/o/kube/\"",
        "\"https://ak.example/application/o/kube//\"",
        "\"https://ak.example/application/o/kube\"",
        "\"https://ak.example:443/application/o/kube/\"",
        "\"https://ak.example/application/o/kub%65/\"",
    };
    (void)state;
    test_ids("DISC-03 T-15");
    for (size_t i = 0; i < array_length(found); i++)
        expect_refused("issuer", found[i], ERROR_DISCOVERY_ISSUER);
    expect_refused("issuer", "\"" ISSUER "\\u001b[2J\"", ERROR_DISCOVERY_ISSUER);
}

static void test_not_a_json_object(void **state)
{
    static const char *const texts[] = {"",
                                        "[]",
                                        "\"x\"",
                                        "null",
                                        "<html></html>",
                                        "{\"issuer\":\"" ISSUER "\"",
                                        "{}x",
                                        "{\"issuer\":\"" ISSUER "\",\"issuer\":\"" ISSUER "\"}",
                                        "{\"issuer\":\"\\u0000\"}"};
    (void)state;
    test_ids("DISC-04");
    for (size_t i = 0; i < array_length(texts); i++) {
        cleanup_provider struct provider provider = {0};
        struct error err = {0};
        if (provider_parse(ISSUER, texts[i], strlen(texts[i]), &provider, &err))
            fail_msg("'%s' was accepted", texts[i]);
        assert_int_equal(err.code, ERROR_DISCOVERY_JSON);
        assert_null(strstr(err.message, "html"));
    }
}

static const char *const bad_urls[] = {
    "\"http://ak.example/x\"",
    "\"file:///etc/passwd\"",
    "\"javascript:alert(1)\"",
    "\"//h/x\"",
    "\"/relative\"",
    "\"https://h/\\nx\"",
    "\"https://h/x#f\"",
    "\"https://h/x y\"",
    "\"https://u:p@h/\"",
    "\"ftp://h/\"",
    "[\"https://h/\"]",
    "\"https://h/`id`\"",
    "\"https://h/\\\"x\"",
    "\"https://h/$(touch X)|\"",
    "\"https://\"",
    "1",
    "{}",
    "\"-foo\"",
    "\"scp://h/x\"",
    "\"https://h/\\u0080\"",
    "\"http://localhost/x\"",
    "true",
    "\"https://h:99999/\"",
};

static void test_endpoint_urls_that_are_refused(void **state)
{
    static const char *const members[] = {
        "authorization_endpoint",        "token_endpoint",    "jwks_uri",
        "device_authorization_endpoint", "userinfo_endpoint", "revocation_endpoint"};
    (void)state;
    test_ids("DISC-05 T-11 T-20");
    for (size_t member = 0; member < array_length(members); member++) {
        for (size_t i = 0; i < array_length(bad_urls); i++)
            expect_refused(members[member], bad_urls[i], ERROR_ENDPOINT_URL);
    }
}

static void test_required_endpoints(void **state)
{
    static const char *const members[] = {"authorization_endpoint", "token_endpoint", "jwks_uri"};
    (void)state;
    test_ids("DISC-05");
    for (size_t i = 0; i < array_length(members); i++) {
        expect_refused(members[i], NULL, ERROR_ENDPOINT_URL);
        expect_refused(members[i], "null", ERROR_ENDPOINT_URL);
        expect_refused(members[i], "\"\"", ERROR_ENDPOINT_URL);
    }
}

static void test_optional_endpoints(void **state)
{
    static const char *const values[] = {NULL, "null", "\"\""};
    (void)state;
    for (size_t i = 0; i < array_length(values); i++) {
        cleanup_provider struct provider provider = {0};
        struct error err = {0};
        assert_true(parse_changed("device_authorization_endpoint", values[i], &provider, &err));
        assert_null(provider.device_authorization_endpoint);
    }
}

static void test_endpoint_length_limit(void **state)
{
    char url[2052] = "\"https://h/";
    (void)state;
    test_ids("DISC-05");
    memset(url + 11, 'a', 2049 - 10);
    url[2050] = '"';
    expect_refused("token_endpoint", url, ERROR_ENDPOINT_URL);
    url[2049] = '"';
    url[2050] = '\0';
    cleanup_provider struct provider provider = {0};
    struct error err = {0};
    assert_true(parse_changed("token_endpoint", url, &provider, &err));
}

static void test_endpoint_on_another_host(void **state)
{
    cleanup_provider struct provider provider = {0};
    struct error err = {0};
    (void)state;
    test_ids("DISC-06");
    assert_true(
        parse_changed("token_endpoint", "\"https://oauth2.example/token?tenant=a\"", &provider, &err));
    assert_string_equal(provider.token_endpoint, "https://oauth2.example/token?tenant=a");
}

static void test_unknown_members_and_order(void **state)
{
    cleanup_provider struct provider provider = {0};
    struct error err = {0};
    json_auto_t *document = new_document();
    (void)state;
    test_ids("DISC-07");
    set_member(document, "response_types_supported", "[\"token id_token\",\"code\"]");
    set_member(document, "surprise", "{\"a\":[1,2,{\"b\":null}]}");
    set_member(document, "scopes_supported", "[\"profile\",\"openid\",\"openid\"]");
    set_member(document, "end_session_endpoint", "\"http://h/x\""); /* not used, so not judged */
    set_member(document, "grant_types_supported", "1");
    assert_true(parse_document(document, ISSUER, &provider, &err));
    assert_true(text_list_contains(&provider.scopes, "openid"));
}

static void test_lists_of_wrong_type(void **state)
{
    static const char *const members[] = {"scopes_supported", "id_token_signing_alg_values_supported",
                                          "token_endpoint_auth_methods_supported",
                                          "code_challenge_methods_supported"};
    (void)state;
    for (size_t i = 0; i < array_length(members); i++) {
        expect_refused(members[i], "\"S256\"", ERROR_DISCOVERY_JSON);
        expect_refused(members[i], "[1]", ERROR_DISCOVERY_JSON);
        expect_refused(members[i], "{}", ERROR_DISCOVERY_JSON);
    }
}

static void test_auth_methods_default_to_basic(void **state)
{
    static const char *const values[] = {NULL, "null"};
    (void)state;
    test_ids("TOK-02");
    for (size_t i = 0; i < array_length(values); i++) {
        cleanup_provider struct provider provider = {0};
        struct error err = {0};
        assert_true(parse_changed("token_endpoint_auth_methods_supported", values[i], &provider, &err));
        assert_false(provider.names_token_auth_methods);
        assert_int_equal(provider.token_auth_methods.count, 1);
        assert_string_equal(provider.token_auth_methods.items[0], "client_secret_basic");
    }
}

static void test_pkce_methods(void **state)
{
    static const struct {
        const char *methods;
        bool good;
    } cases[] = {{"[\"plain\"]", false}, {"[]", false},  {"[\"s256\"]", false},
                 {NULL, true},           {"null", true}, {"[\"plain\",\"S256\"]", true},
                 {"[\"S256\"]", true}};
    (void)state;
    test_ids("DISC-08 K7-51");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_provider struct provider provider = {0};
        struct error err = {0};
        assert_true(parse_changed("code_challenge_methods_supported", cases[i].methods, &provider, &err));
        assert_int_equal(provider_check_pkce(&provider, &err), cases[i].good);
        assert_int_equal(err.code, cases[i].good ? ERROR_NONE : ERROR_PKCE);
    }
}

static void test_pushed_requests_are_refused_by_name(void **state)
{
    cleanup_provider struct provider provider = {0};
    struct error err = {0};
    (void)state;
    test_ids("AZ-11");
    assert_false(parse_changed("require_pushed_authorization_requests", "true", &provider, &err));
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "pushed"));
    assert_true(parse_changed("require_pushed_authorization_requests", "false", &provider, &err));
}

static void test_flags(void **state)
{
    cleanup_provider struct provider with_iss = {0}, encrypting = {0}, keycloak = {0};
    json_auto_t *document = new_document();
    struct error err = {0};
    (void)state;
    test_ids("CB-10");
    assert_true(parse_changed("authorization_response_iss_parameter_supported", "true", &with_iss, &err));
    assert_true(with_iss.iss_parameter_supported);
    assert_true(
        parse_changed("id_token_encryption_alg_values_supported", "[\"RSA-OAEP-256\"]", &encrypting, &err));
    assert_true(encrypting.encrypts_id_tokens);
    /* Keycloak lists what it could do. */
    set_member(document, "issuer", "\"https://kc.example/realms/a\"");
    set_member(document, "id_token_encryption_alg_values_supported", "[\"RSA-OAEP\"]");
    assert_true(parse_document(document, "https://kc.example/realms/a", &keycloak, &err));
    assert_false(keycloak.encrypts_id_tokens);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_document),
        cmocka_unit_test(test_issuer_must_be_equal),
        cmocka_unit_test(test_not_a_json_object),
        cmocka_unit_test(test_endpoint_urls_that_are_refused),
        cmocka_unit_test(test_required_endpoints),
        cmocka_unit_test(test_optional_endpoints),
        cmocka_unit_test(test_endpoint_length_limit),
        cmocka_unit_test(test_endpoint_on_another_host),
        cmocka_unit_test(test_unknown_members_and_order),
        cmocka_unit_test(test_lists_of_wrong_type),
        cmocka_unit_test(test_auth_methods_default_to_basic),
        cmocka_unit_test(test_pkce_methods),
        cmocka_unit_test(test_pushed_requests_are_refused_by_name),
        cmocka_unit_test(test_flags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
