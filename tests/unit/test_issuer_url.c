/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of oidc/endpoint_url through oidc/provider: which URLs may be an issuer or an endpoint. */
#include "ids.h"

#include <string.h>

#include "oidc/provider.h"

#define ISSUER "https://ak.example/application/o/kube/"

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

/* The message says which rule it was. */
static void test_reasons(void **state)
{
    static const char *const cases[][2] = {
        {"https://x/#a", "has a fragment"},       {"https://x#a", "has a fragment"},
        {"https://x/?a", "has a query"},          {"https://u:p@x/", "has a user name or password"},
        {"https://@x/", "has a user name"},       {"ftp://x/", "does not begin with https://"},
        {"https://x:0/", "has no valid port"},    {"https://:8000/", "has no valid host"},
        {"https://x/ ", "characters that a URL"}, {"http://x/", "is not https"},
    };
    (void)state;
    test_ids("DISC-01");
    for (size_t i = 0; i < array_length(cases); i++) {
        struct error err = {0};
        assert_false(provider_check_issuer(cases[i][0], &err));
        if (strstr(err.message, cases[i][1]) == NULL)
            fail_msg("'%s': %s", cases[i][0], err.message);
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
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_issuer_length_limit),
        cmocka_unit_test(test_password_in_issuer_is_not_shown),
        cmocka_unit_test(test_metadata_url),
        cmocka_unit_test(test_plain_http_endpoints),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_url_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
