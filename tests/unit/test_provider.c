/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of oidc/provider: issuer rules, discovery documents good and bad, remedies for a mismatch. */
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

static void test_issuers_that_are_refused(void **state)
{
    static const char *const issuers[] = {
        "",
        "http://x",
        "https://x?a",
        "https://x#a",
        "https://u:p@x",
        "https://u@x",
        "ftp://x",
        "file:///x",
        "https://",
        "https:///path",
        "https://x:0/",
        "https://x:65536/",
        "https://x:/",
        "https://x:8a/",
        "https://x y/",
        "https://x/\n",
        "https://x/\x01",
        "https://x/%zz",
        "https://x/%2",
        "https://x\\y/",
        "https://x/\xc3\xa4",
        "//x/",
        "x",
        "HTTPS:/x",
        "https://[::1/",
        "https://[zz]/",
        "https://[::1]x/",
        "http://localhost.evil.example/",
        "http://127.0.0.2/",
        "http://evil.example/#localhost",
        "https://-x/",
        "javascript:alert(1)",
        "http://[::2]/",
        "https://x/?",
        "https://x/[a]",
        "http://localhost@evil.example/",
    };
    (void)state;
    test_ids("DISC-01 T-18");
    for (size_t i = 0; i < array_length(issuers); i++) {
        struct error err = {0};
        if (provider_check_issuer(issuers[i], &err))
            fail_msg("'%s' was accepted", issuers[i]);
        assert_int_equal(err.code, ERROR_CONFIG);
    }
}

static void test_issuers_that_are_accepted(void **state)
{
    static const char *const issuers[] = {
        "https://x",
        "https://x/",
        ISSUER,
        "https://ak.example:9443/sub/application/o/kube/",
        "https://[2001:db8::1]:8443/",
        "http://localhost:9000/application/o/kube/",
        "http://127.0.0.1:9000",
        "http://[::1]:9000/",
        "https://x/realms/a%20b",
        "https://x_y.example/tenant/v2.0",
        "https://x:65535/",
        "https://x/a@b:c",
    };
    (void)state;
    for (size_t i = 0; i < array_length(issuers); i++) {
        struct error err = {0};
        if (!provider_check_issuer(issuers[i], &err))
            fail_msg("'%s': %s", issuers[i], err.message);
    }
}

static void test_issuer_length_limit(void **state)
{
    char issuer[2050] = "https://x/";
    struct error err = {0};
    (void)state;
    memset(issuer + 10, 'a', sizeof(issuer) - 11);
    issuer[2048] = '\0';
    assert_true(provider_check_issuer(issuer, &err));
    issuer[2048] = 'a';
    assert_false(provider_check_issuer(issuer, &err));
    assert_non_null(strstr(err.message, "longer than 2048"));
}

static void test_password_in_issuer_is_not_shown(void **state)
{
    struct error err = {0};
    (void)state;
    assert_false(provider_check_issuer("https://user:hunter2@x/", &err));
    assert_null(strstr(err.message, "hunter2"));
    assert_null(strstr(err.hint, "hunter2"));
    assert_false(provider_check_endpoint(ISSUER, "token_endpoint", "https://user:hunter2@x/", &err));
    assert_null(strstr(err.message, "hunter2"));
}

static void test_metadata_url(void **state)
{
    static const char *const cases[][2] = {
        {ISSUER, "https://ak.example/application/o/kube/.well-known/openid-configuration"},
        {"https://x", "https://x/.well-known/openid-configuration"},
        {"https://x/", "https://x/.well-known/openid-configuration"},
        {"https://x//", "https://x//.well-known/openid-configuration"},
        {"https://x/realms/a", "https://x/realms/a/.well-known/openid-configuration"},
    };
    (void)state;
    test_ids("DISC-02 K7-65");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_string char *url = provider_metadata_url(cases[i][0]);
        assert_string_equal(url, cases[i][1]);
    }
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
    assert_string_equal(provider.end_session_endpoint, "https://ak.example/application/o/kube/end-session/");
    assert_true(provider.names_scopes && text_list_contains(&provider.scopes, "offline_access"));
    assert_true(provider.names_pkce_methods && text_list_contains(&provider.pkce_methods, "S256"));
    assert_true(text_list_contains(&provider.signing_algorithms, "RS256"));
    assert_true(text_list_contains(&provider.grant_types, "refresh_token"));
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

static void test_mismatch_shows_both_issuers(void **state)
{
    cleanup_provider struct provider provider = {0};
    struct error err = {0};
    (void)state;
    test_ids("DISC-03");
    assert_false(parse_changed("issuer", "\"https://other.example/x/\"", &provider, &err));
    assert_non_null(strstr(err.message, "'https://other.example/x/'"));
    assert_non_null(strstr(err.message, "'" ISSUER "'"));
}

/* The ways an issuer may differ, and what the hint must say. */
static void test_mismatch_remedies(void **state)
{
    static const struct {
        const char *configured, *found, *remedy;
    } cases[] = {
        {"https://ak.example/application/o/kube", ISSUER, "use --oidc-issuer-url=" ISSUER "\n"},
        {"https://ak.example/application/o/kube", ISSUER, "API server"},
        {"https://x/", "https://x", "use --oidc-issuer-url=https://x\n"},
        {"https://AK.example/application/o/kube/", ISSUER, "use --oidc-issuer-url=" ISSUER},
        {ISSUER, "http://ak.example/application/o/kube/", "X-Forwarded-Proto"},
        {ISSUER, "https://ak.example/", "per_provider"},
        {ISSUER, "https://internal:9443/application/o/kube/",
         "'ak.example', the provider calls itself 'internal:9443'"},
        {ISSUER, "https://ak.example/application/o/other/", "another issuer on the same host"},
    };
    (void)state;
    test_ids("K7-65 K7-90");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_provider struct provider provider = {0};
        cleanup_string char *quoted = memory_format("\"%s\"", cases[i].found);
        json_auto_t *document = new_document();
        struct error err = {0};
        set_member(document, "issuer", quoted);
        assert_false(parse_document(document, cases[i].configured, &provider, &err));
        if (strstr(err.hint, cases[i].remedy) == NULL)
            fail_msg("'%s' for '%s': no '%s' in: %s", cases[i].found, cases[i].configured, cases[i].remedy,
                     err.hint);
    }
}

/* A hint to use an issuer is given only where it is the configured one but for slash or case. */
static void test_no_foreign_issuer_is_recommended(void **state)
{
    static const char *const found[] = {
        "\"https://evil.example/\"", "\"https://ak.example/application/o/other/\"", "\"https://ak.example/\"",
        "\"https://ak.example:9443/application/o/kube/\"", "\"x; rm -rf ~\""};
    (void)state;
    for (size_t i = 0; i < array_length(found); i++) {
        cleanup_provider struct provider provider = {0};
        struct error err = {0};
        assert_false(parse_changed("issuer", found[i], &provider, &err));
        assert_null(strstr(err.hint, "use --oidc-issuer-url"));
    }
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
        "device_authorization_endpoint", "userinfo_endpoint", "revocation_endpoint",
        "end_session_endpoint"};
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

static void test_plain_http_endpoints(void **state)
{
    struct error err = {0};
    (void)state;
    test_ids("DISC-05");
    assert_true(provider_check_endpoint("http://localhost:9000/", "token_endpoint",
                                        "http://127.0.0.1:9000/token", &err));
    assert_true(provider_check_endpoint("http://localhost:9000/", "token_endpoint",
                                        "https://ak.example/token", &err));
    assert_false(
        provider_check_endpoint("http://localhost:9000/", "token_endpoint", "http://ak.example/token", &err));
    assert_false(provider_check_endpoint("https://localhost:9000/", "token_endpoint",
                                         "http://localhost:9000/t", &err));
    assert_int_equal(err.code, ERROR_ENDPOINT_URL);
    assert_non_null(strstr(err.message, "token_endpoint"));
    assert_non_null(strstr(err.hint, "X-Forwarded-Proto"));
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
    assert_true(parse_document(document, ISSUER, &provider, &err));
    assert_true(text_list_contains(&provider.scopes, "openid"));
}

static void test_lists_of_wrong_type(void **state)
{
    static const char *const members[] = {"scopes_supported", "id_token_signing_alg_values_supported",
                                          "token_endpoint_auth_methods_supported",
                                          "code_challenge_methods_supported", "grant_types_supported"};
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

static void test_kinds(void **state)
{
    static const struct {
        const char *issuer;
        enum provider_kind kind;
    } cases[] = {
        {ISSUER, PROVIDER_AUTHENTIK},
        {"https://ak.example/application/o/kube", PROVIDER_AUTHENTIK},
        {"https://ak.example/sub/application/o/kube/", PROVIDER_AUTHENTIK},
        {"https://ak.example/application/o/", PROVIDER_OTHER},
        {"https://ak.example/application/o/kube/x/", PROVIDER_OTHER},
        {"https://kc.example/realms/a", PROVIDER_KEYCLOAK},
        {"https://kc.example/auth/realms/a", PROVIDER_KEYCLOAK},
        {"https://kc.example/realms/", PROVIDER_OTHER},
        {"https://x.example/?p=/realms/a", PROVIDER_OTHER},
        {"https://accounts.example", PROVIDER_OTHER},
        {"nonsense", PROVIDER_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++)
        assert_int_equal(provider_kind(cases[i].issuer), cases[i].kind);
}

static void test_url_host(void **state)
{
    static const char *const cases[][2] = {{"https://ak.example:9443/x", "ak.example:9443"},
                                           {"https://ak.example", "ak.example"},
                                           {"http://[::1]:8000/", "[::1]:8000"},
                                           {"https://u@x/", ""},
                                           {"", ""},
                                           {"nonsense", ""}};
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_string char *host = provider_url_host(cases[i][0]);
        assert_string_equal(host, cases[i][1]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_issuers_that_are_refused),
        cmocka_unit_test(test_issuers_that_are_accepted),
        cmocka_unit_test(test_issuer_length_limit),
        cmocka_unit_test(test_password_in_issuer_is_not_shown),
        cmocka_unit_test(test_metadata_url),
        cmocka_unit_test(test_good_document),
        cmocka_unit_test(test_issuer_must_be_equal),
        cmocka_unit_test(test_mismatch_shows_both_issuers),
        cmocka_unit_test(test_mismatch_remedies),
        cmocka_unit_test(test_no_foreign_issuer_is_recommended),
        cmocka_unit_test(test_not_a_json_object),
        cmocka_unit_test(test_endpoint_urls_that_are_refused),
        cmocka_unit_test(test_required_endpoints),
        cmocka_unit_test(test_optional_endpoints),
        cmocka_unit_test(test_endpoint_length_limit),
        cmocka_unit_test(test_plain_http_endpoints),
        cmocka_unit_test(test_endpoint_on_another_host),
        cmocka_unit_test(test_unknown_members_and_order),
        cmocka_unit_test(test_lists_of_wrong_type),
        cmocka_unit_test(test_auth_methods_default_to_basic),
        cmocka_unit_test(test_pkce_methods),
        cmocka_unit_test(test_pushed_requests_are_refused_by_name),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_url_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
