/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of probe_read with what Authentik, Keycloak and oidc-provider answer to prompt=none. */
#include "ids.h"

#include <string.h>

#include "base/buffer.h"
#include "oidc/authorization.h"

#define URI "http://localhost:8000"

static enum probe_verdict judge(enum provider_kind kind, long status, const char *location, const char *body)
{
    struct probe_answer answer = {
        .status = status, .location = location, .body = body, .length = body != NULL ? strlen(body) : 0};
    return probe_read(kind, &answer, URI);
}

static const char redirect_uri_page[] =
    "<!DOCTYPE html><html><head><title>\nauthentik\n</title>"
    "<script src=\"/static/dist/poly-2026.2.2.js\" type=\"module\"></script></head><body>"
    "<h1 class=\"pf-c-title pf-m-3xl\" data-test-id=\"card-title\">\n     \nRedirect URI Error\n\n   </h1>"
    "<p>The request fails due to a missing, invalid, or mismatching redirection URI "
    "(redirect_uri).</p></body></html>";
static const char client_id_page[] =
    "<h1 class=\"pf-c-title\" data-test-id=\"card-title\">\n\nClient ID Error\n\n</h1>"
    "<p>The client identifier (client_id) is missing or invalid.</p>";

static void test_refused_pages(void **state)
{
    static const struct {
        enum provider_kind kind;
        const char *body;
        enum probe_verdict verdict;
    } cases[] = {
        {PROVIDER_AUTHENTIK, redirect_uri_page, PROBE_REDIRECT_URI_REFUSED},
        {PROVIDER_AUTHENTIK, client_id_page, PROBE_CLIENT_REFUSED},
        {PROVIDER_OTHER, redirect_uri_page, PROBE_REDIRECT_URI_REFUSED},
        {PROVIDER_OTHER, client_id_page, PROBE_CLIENT_REFUSED},
        {PROVIDER_KEYCLOAK, "<p class=\"instruction\">Invalid parameter: redirect_uri</p>",
         PROBE_REDIRECT_URI_REFUSED},
        {PROVIDER_KEYCLOAK, "<p class=\"instruction\">Client not found.</p>", PROBE_CLIENT_REFUSED},
        {PROVIDER_OTHER, "<p>Invalid parameter: redirect_uri</p>", PROBE_REDIRECT_URI_REFUSED},
        {PROVIDER_OTHER, "<p>Client not found.</p>", PROBE_CLIENT_REFUSED},
        {PROVIDER_OTHER, "<pre><strong>error</strong>: invalid_redirect_uri</pre>",
         PROBE_REDIRECT_URI_REFUSED},
        {PROVIDER_OTHER, "<pre><strong>error</strong>: invalid_client</pre>", PROBE_CLIENT_REFUSED},
        {PROVIDER_OTHER, "{\"error\":\"invalid_client\"}", PROBE_CLIENT_REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        if (judge(cases[i].kind, 400, NULL, cases[i].body) != cases[i].verdict)
            fail_msg("case %zu: %s", i, cases[i].body);
    }
}

/* Whatever does not name the redirect URI or the client must not stop a login. */
static void test_nothing_else_refuses(void **state)
{
    static const struct {
        enum provider_kind kind;
        long status;
        const char *body;
    } cases[] = {
        {PROVIDER_AUTHENTIK, 200, redirect_uri_page},
        {PROVIDER_AUTHENTIK, 500, redirect_uri_page},
        {PROVIDER_AUTHENTIK, 400, NULL},
        {PROVIDER_AUTHENTIK, 400, ""},
        {PROVIDER_AUTHENTIK, 404, "<h1 data-test-id=\"card-title\">Not Found</h1>"},
        {PROVIDER_AUTHENTIK, 403, "<h1 data-test-id=\"card-title\">Permission denied</h1>"},
        {PROVIDER_AUTHENTIK, 400,
         "<title>Redirect URI Error</title><h1 data-test-id=\"card-title\">Bad Request</h1>"},
        {PROVIDER_AUTHENTIK, 400, "<h1>Redirect URI Error</h1>"},
        {PROVIDER_AUTHENTIK, 400, "<h1 data-test-id=\"card-title\">Redirect URI Error"},
        {PROVIDER_AUTHENTIK, 400, "<h1 data-test-id=\"card-title\""},
        {PROVIDER_AUTHENTIK, 400, "<h1 data-test-id=\"card-title\">A Redirect URI Error of a kind</h1>"},
        {PROVIDER_AUTHENTIK, 400, "Invalid parameter: redirect_uri"},
        {PROVIDER_AUTHENTIK, 400, "invalid_redirect_uri"},
        {PROVIDER_KEYCLOAK, 400, "invalid_client"},
        {PROVIDER_KEYCLOAK, 400, "Invalid parameter: redirect_uri_x"},
        {PROVIDER_KEYCLOAK, 400, "Client disabled."},
        {PROVIDER_OTHER, 400, "invalid_client_metadata"},
        {PROVIDER_OTHER, 400, "xinvalid_client"},
        {PROVIDER_OTHER, 400, "invalid_request"},
        {PROVIDER_OTHER, 503, "invalid_client"},
        {PROVIDER_OTHER, 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        if (judge(cases[i].kind, cases[i].status, NULL, cases[i].body) != PROBE_INCONCLUSIVE)
            fail_msg("case %zu: %s", i, cases[i].body);
    }
}

static void test_accepted_redirects(void **state)
{
    static const char *const locations[] = {
        URI "?error=login_required&error_description=The%20Authorization%20Server&state=x",
        URI "?error=login_required&state=x&iss=https%3A%2F%2Fkc.example%2Frealms%2Fa",
        URI "?code=abc&state=x",
        URI "/?error=login_required",
        URI "#error=login_required",
        URI "&error=login_required",
        URI "?error=invalid_scope&error_description=x",
        URI "?error=%zz",
        URI,
    };
    (void)state;
    for (size_t i = 0; i < array_length(locations); i++) {
        assert_int_equal(judge(PROVIDER_AUTHENTIK, 302, locations[i], NULL), PROBE_ACCEPTED);
        assert_int_equal(judge(PROVIDER_OTHER, 303, locations[i], ""), PROBE_ACCEPTED);
    }
}

static void test_other_redirects_say_nothing(void **state)
{
    static const char *const locations[] = {
        NULL,
        "",
        "/if/flow/default-authentication-flow/?next=" URI,
        "https://ak.example/login?redirect_uri=" URI,
        "http://localhost:80001?error=login_required",
        "http://localhost:8000x/?error=login_required",
        "http://localhost:8000@evil.example/?error=login_required",
        "http://localhost:8000//?error=login_required",
        "http://localhost:8000/callback?error=login_required",
        "http://localhost:800",
    };
    (void)state;
    for (size_t i = 0; i < array_length(locations); i++)
        assert_int_equal(judge(PROVIDER_AUTHENTIK, 302, locations[i], redirect_uri_page), PROBE_INCONCLUSIVE);
    /* An extra slash is the same URI only where the path is empty. */
    struct probe_answer with_slash = {.status = 302, .location = URI "/callback/?error=x"};
    struct probe_answer without = {.status = 302, .location = URI "/callback?error=x"};
    assert_int_equal(probe_read(PROVIDER_OTHER, &with_slash, URI "/callback"), PROBE_INCONCLUSIVE);
    assert_int_equal(probe_read(PROVIDER_OTHER, &without, URI "/callback"), PROBE_ACCEPTED);
}

static void test_grant_refused(void **state)
{
    static const char malformed[] =
        URI "?error=invalid_request&error_description=The%20request%20is%20otherwise%20malformed";
    (void)state;
    assert_int_equal(judge(PROVIDER_AUTHENTIK, 302, malformed, NULL), PROBE_GRANT_REFUSED);
    assert_int_equal(judge(PROVIDER_AUTHENTIK, 302, URI "?error=invalid_request&state=x", NULL),
                     PROBE_GRANT_REFUSED);
    assert_int_equal(judge(PROVIDER_OTHER, 302, malformed, NULL), PROBE_ACCEPTED);
    assert_int_equal(judge(PROVIDER_KEYCLOAK, 302, malformed, NULL), PROBE_ACCEPTED);
    assert_int_equal(
        judge(PROVIDER_AUTHENTIK, 302,
              URI "?error=invalid_request&error_description=Unsupported%20challenge%20method%20S512", NULL),
        PROBE_ACCEPTED);
}

/* The page may be cut anywhere. */
static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t length = 0; length <= strlen(redirect_uri_page); length++) {
        cleanup_string char *page = memory_copy_bytes(redirect_uri_page, length);
        struct probe_answer answer = {.status = 400, .body = page, .length = length};
        enum probe_verdict verdict = probe_read(PROVIDER_AUTHENTIK, &answer, URI);
        bool complete = strstr(page, "</h1>") != NULL;
        assert_int_equal(verdict, complete ? PROBE_REDIRECT_URI_REFUSED : PROBE_INCONCLUSIVE);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_pages),      cmocka_unit_test(test_nothing_else_refuses),
        cmocka_unit_test(test_accepted_redirects), cmocka_unit_test(test_other_redirects_say_nothing),
        cmocka_unit_test(test_grant_refused),      cmocka_unit_test(test_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
