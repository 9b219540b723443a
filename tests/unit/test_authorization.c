/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of oidc/authorization: the exact URL, and extra parameters that may not weaken it. */
#include "ids.h"

#include <string.h>

#include "oidc/authorization.h"
#include "oidc/query.h"

#define ENDPOINT "https://ak.example/application/o/authorize/"

struct fixture {
    struct provider provider;
    struct text_list scopes;
    struct text_map extra;
    struct pkce pkce;
    struct authorization_request request;
};

static void setup(struct fixture *fixture, const char *endpoint)
{
    *fixture = (struct fixture){0};
    fixture->provider.authorization_endpoint = memory_copy_text(endpoint);
    text_list_add(&fixture->scopes, "email");
    text_list_add(&fixture->scopes, "openid");
    pkce_derive("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", &fixture->pkce);
    fixture->request = (struct authorization_request){
        .client_id = "kubernetes",
        .redirect_uri = "http://localhost:8000",
        .scopes = &fixture->scopes,
        .state = "the-state",
        .nonce = "the-nonce",
        .pkce = &fixture->pkce,
        .extra = &fixture->extra,
    };
}

static void teardown(struct fixture *fixture)
{
    provider_release(&fixture->provider);
    text_list_release(&fixture->scopes);
    text_map_release(&fixture->extra);
}

/* The URL's query, taken apart again; the caller releases it. */
static struct query url_query(const struct fixture *fixture)
{
    struct query query = {0};
    cleanup_string char *url = authorization_url(&fixture->provider, &fixture->request);
    const char *question = strchr(url, '?');
    assert_non_null(question);
    assert_null(strchr(question + 1, '?'));
    assert_true(query_parse(question + 1, strlen(question + 1), &query));
    for (size_t i = 0; i < query.count; i++)
        assert_int_equal(query_count(&query, query.items[i].name), 1);
    return query;
}

static void test_exact_url(void **state)
{
    struct fixture fixture;
    cleanup_string char *url = NULL;
    (void)state;
    test_ids("AZ-01 AZ-02 AZ-05 K7-48");
    setup(&fixture, ENDPOINT);
    url = authorization_url(&fixture.provider, &fixture.request);
    assert_string_equal(
        url, ENDPOINT "?access_type=offline&client_id=kubernetes"
                      "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
                      "&nonce=the-nonce&redirect_uri=http%3A%2F%2Flocalhost%3A8000&response_type=code"
                      "&scope=email+openid&state=the-state");
    teardown(&fixture);
}

static void test_without_pkce(void **state)
{
    struct fixture fixture;
    (void)state;
    test_ids("K7-51");
    setup(&fixture, ENDPOINT);
    fixture.request.pkce = NULL;
    cleanup_query struct query query = url_query(&fixture);
    assert_null(query_get(&query, "code_challenge"));
    assert_null(query_get(&query, "code_challenge_method"));
    teardown(&fixture);
}

static void test_verifier_is_never_sent(void **state)
{
    struct fixture fixture;
    (void)state;
    test_ids("AZ-06");
    setup(&fixture, ENDPOINT);
    cleanup_string char *url = authorization_url(&fixture.provider, &fixture.request);
    assert_null(strstr(url, fixture.pkce.verifier));
    teardown(&fixture);
}

static void test_existing_query_is_kept(void **state)
{
    static const char *const cases[][2] = {
        {"https://h/a?x=1", "https://h/a?x=1&access_type=offline"},
        {"https://h/a?", "https://h/a?access_type=offline"},
        {"https://h/a?x=1&", "https://h/a?x=1&access_type=offline"},
        {"https://h/a", "https://h/a?access_type=offline"},
    };
    (void)state;
    test_ids("AZ-10 K7-49");
    for (size_t i = 0; i < array_length(cases); i++) {
        struct fixture fixture;
        setup(&fixture, cases[i][0]);
        cleanup_string char *url = authorization_url(&fixture.provider, &fixture.request);
        assert_true(text_starts_with(url, cases[i][1]));
        teardown(&fixture);
    }
}

static void test_values_are_encoded(void **state)
{
    struct fixture fixture;
    (void)state;
    test_ids("AZ-10 T-18");
    setup(&fixture, ENDPOINT);
    text_list_add(&fixture.scopes, "a&b#c=\xc3\xa4 d");
    fixture.request.client_id = "id&state=evil#x\r\ny";
    text_map_set(&fixture.extra, "login_hint", "a b+c&scope=all");
    cleanup_query struct query query = url_query(&fixture);
    assert_string_equal(query_get(&query, "client_id"), "id&state=evil#x\r\ny");
    assert_string_equal(query_get(&query, "scope"), "email openid a&b#c=\xc3\xa4 d");
    assert_string_equal(query_get(&query, "state"), "the-state");
    assert_string_equal(query_get(&query, "login_hint"), "a b+c&scope=all");
    teardown(&fixture);
}

static void test_extras_may_override_access_type_and_prompt(void **state)
{
    struct fixture fixture;
    struct error err = {0};
    (void)state;
    test_ids("K7-50 AZ-12");
    setup(&fixture, ENDPOINT);
    {
        cleanup_query struct query plain = url_query(&fixture);
        assert_null(query_get(&plain, "prompt"));
    }
    text_map_set(&fixture.extra, "access_type", "online");
    text_map_set(&fixture.extra, "prompt", "login");
    text_map_set(&fixture.extra, "ttl", "86400");
    assert_true(authorization_check_extra(&fixture.extra, &err));
    cleanup_query struct query query = url_query(&fixture);
    assert_string_equal(query_get(&query, "access_type"), "online");
    assert_string_equal(query_get(&query, "prompt"), "login");
    assert_string_equal(query_get(&query, "ttl"), "86400");
    teardown(&fixture);
}

static const char *const protected_names[] = {
    "response_type",         "client_id", "redirect_uri", "scope",        "state", "nonce", "code_challenge",
    "code_challenge_method", "request",   "request_uri",  "response_mode"};

static void test_protected_extras_are_refused(void **state)
{
    (void)state;
    test_ids("AZ-09");
    for (size_t i = 0; i < array_length(protected_names); i++) {
        cleanup_text_map struct text_map extra = {0};
        struct error err = {0};
        text_map_set(&extra, "prompt", "login");
        text_map_set(&extra, protected_names[i], "x");
        if (authorization_check_extra(&extra, &err))
            fail_msg("'%s' was accepted", protected_names[i]);
        assert_int_equal(err.code, ERROR_CONFIG);
        assert_non_null(strstr(err.message, protected_names[i]));
    }
}

/* Even without the check nothing may be sent twice. */
static void test_protected_extras_are_never_sent(void **state)
{
    (void)state;
    test_ids("AZ-09");
    for (size_t i = 0; i < array_length(protected_names); i++) {
        struct fixture fixture;
        setup(&fixture, ENDPOINT);
        text_map_set(&fixture.extra, protected_names[i], "evil");
        cleanup_query struct query query = url_query(&fixture);
        assert_false(text_equal(query_get(&query, protected_names[i]), "evil"));
        teardown(&fixture);
    }
}

static void test_odd_extras_are_refused(void **state)
{
    static const char *const cases[][2] = {
        {"", "x"}, {"a\nb", "x"}, {"a", "x\r\ny"}, {"a", "\x7f"}, {"a\x1b", "x"}};
    struct error err = {0};
    (void)state;
    test_ids("T-18");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_text_map struct text_map extra = {0};
        text_map_set(&extra, cases[i][0], cases[i][1]);
        assert_false(authorization_check_extra(&extra, &err));
        assert_int_equal(err.code, ERROR_CONFIG);
        assert_null(strchr(err.message, '\n'));
    }
    assert_true(authorization_check_extra(NULL, &err));
}

static void test_probe_request(void **state)
{
    struct fixture fixture;
    (void)state;
    setup(&fixture, ENDPOINT);
    fixture.request.prompt_none = true;
    text_map_set(&fixture.extra, "prompt", "login");
    text_map_set(&fixture.extra, "ttl", "1");
    cleanup_query struct query query = url_query(&fixture);
    assert_string_equal(query_get(&query, "prompt"), "none");
    assert_string_equal(query_get(&query, "ttl"), "1");
    assert_string_equal(query_get(&query, "code_challenge_method"), "S256");
    teardown(&fixture);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_url),
        cmocka_unit_test(test_without_pkce),
        cmocka_unit_test(test_verifier_is_never_sent),
        cmocka_unit_test(test_existing_query_is_kept),
        cmocka_unit_test(test_values_are_encoded),
        cmocka_unit_test(test_extras_may_override_access_type_and_prompt),
        cmocka_unit_test(test_protected_extras_are_refused),
        cmocka_unit_test(test_protected_extras_are_never_sent),
        cmocka_unit_test(test_odd_extras_are_refused),
        cmocka_unit_test(test_probe_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
