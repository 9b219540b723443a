/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of login/callback_page: outside text stays text, and every page has the same sound structure. */
#include "ids.h"

#include <string.h>

#include "login/callback_page.h"

static size_t count(const char *page, const char *text)
{
    size_t found = 0;
    for (const char *at = page; (at = strstr(at, text)) != NULL; at += strlen(text))
        found++;
    return found;
}

/* The pieces in this order, each once or more. */
static void expect_order(const char *page, const char *const *pieces)
{
    const char *at = page;
    for (; *pieces != NULL; pieces++) {
        const char *found = strstr(at, *pieces);
        if (found == NULL)
            fail_msg("'%s' is missing in '%s'", *pieces, at);
        at = found + strlen(*pieces);
    }
}

/* What holds for every page, whatever was put into it. */
static void expect_sound(const char *page)
{
    static const char *const pieces[] = {
        "<!DOCTYPE html>\n",
        "<html lang=\"en\">",
        "<head>",
        "<meta charset=\"utf-8\">",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
        "<title>",
        " - latchkey</title>",
        "<style>",
        "@media(prefers-color-scheme:dark)",
        "</style>",
        "</head>",
        "<body>",
        "<main>",
        "role=\"status\"",
        "<svg ",
        "aria-hidden=\"true\"",
        "</svg>",
        "<h1>",
        "</h1>",
        "</main>",
        "<footer>",
        "latchkey</footer>",
        "</body>",
        "</html>\n",
        NULL,
    };
    expect_order(page, pieces);
    static const char *const once[] = {"<h1>", "<title>", "<main>", "<style>", "role=\"status\""};
    for (size_t i = 0; i < array_length(once); i++)
        assert_int_equal(count(page, once[i]), 1);
    static const char *const never[] = {"<script", "src=",    "@import",     "url(",    "<img",    "<link",
                                        "<form",   "<iframe", "javascript:", " onload", " onclick"};
    for (size_t i = 0; i < array_length(never); i++)
        if (strstr(page, never[i]) != NULL)
            fail_msg("'%s' in the page", never[i]);
    assert_string_equal(strstr(page, "</html>"), "</html>\n");
}

static void test_escape(void **state)
{
    static const struct {
        const char *text, *escaped;
    } cases[] = {
        {"", ""},
        {"plain text", "plain text"},
        {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
        {"\" onload=\"x", "&quot; onload=&quot;x"},
        {"' onload='x", "&#39; onload=&#39;x"},
        {"a&b&amp;c", "a&amp;b&amp;amp;c"},
        {"]]><!--", "]]&gt;&lt;!--"},
        {"a\tb\nc", "a\tb\nc"},
        {"a\x01\x1b\r\x7f"
         "b",
         "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
         "b"},
        {"\xc2\x80\xc2\x9f\xc2\xa0", "\xef\xbf\xbd\xef\xbf\xbd\xc2\xa0"}, /* C1, then a letter */
        {"J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x94\x91", "J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x94\x91"},
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\x80", "\xef\xbf\xbd"}, /* a lone continuation */
        {"\xc3", "\xef\xbf\xbd"}, /* cut */
        {"\xc3(", "\xef\xbf\xbd("},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe2\x82<", "\xef\xbf\xbd\xef\xbf\xbd&lt;"},
        {"\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd"}, /* overlong < */
        {"\xe0\x80\xbc", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 /* a surrogate */
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* beyond U+10FFFF */
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
    };
    (void)state;
    test_ids("T-08");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_buffer struct buffer out = BUFFER(1024);
        callback_page_escape(cases[i].text, &out);
        assert_string_equal(buffer_text(&out), cases[i].escaped);
    }
}

static void test_escape_within_limit(void **state)
{
    (void)state;
    cleanup_buffer struct buffer out = BUFFER(12);
    callback_page_escape("<<<", &out);
    assert_string_equal(buffer_text(&out), "&lt;&lt;&lt;");
    callback_page_escape("x", &out);
    assert_string_equal(buffer_text(&out), "&lt;&lt;&lt;");
    cleanup_buffer struct buffer small = BUFFER(11);
    callback_page_escape("<<<", &small);
    assert_string_equal(buffer_text(&small), "");
}

static void test_success(void **state)
{
    (void)state;
    test_ids("K7-54");
    const struct callback_page_success success = {
        .user = "alice@example.com", .issuer = "https://ak.example/application/o/kube/", .valid_for = 3300};
    cleanup_string char *page = callback_page_success(&success);
    expect_sound(page);
    static const char *const pieces[] = {
        "<title>Authenticated - latchkey",
        "class=\"mark good\"",
        "<h1>Authenticated</h1>",
        "You are logged in.",
        "<dt>User</dt>",
        "alice@example.com",
        "<dt>Issuer</dt>",
        "https://<wbr>ak.example/<wbr>application/<wbr>o/<wbr>kube/<",
        "<dt>Valid for</dt><dd>55 min</dd>",
        "You can close this window",
        NULL,
    };
    expect_order(page, pieces);
    assert_null(strstr(page, "http-equiv"));
}

static void test_success_without_details(void **state)
{
    (void)state;
    const struct callback_page_success success = {.user = "", .issuer = NULL};
    cleanup_string char *page = callback_page_success(&success);
    expect_sound(page);
    assert_null(strstr(page, "<dl>"));
    assert_null(strstr(page, "<dt>"));
    assert_non_null(strstr(page, "Authenticated"));
}

static void test_names_are_text(void **state)
{
    (void)state;
    test_ids("T-08 CB-12");
    const struct callback_page_success success = {.user = "<script>alert('x')</script>\x1b[31m\" onclick=\"y",
                                                  .issuer = "https://a/'><img src=x>"};
    cleanup_string char *page = callback_page_success(&success);
    assert_non_null(strstr(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<img"));
    assert_null(strstr(page, "\" onclick"));
    assert_null(strchr(page, '\x1b'));
    char name[5000];
    memset(name, '<', sizeof name);
    name[sizeof name - 1] = '\0';
    cleanup_string char *long_page = callback_page_success(&(struct callback_page_success){.user = name});
    expect_sound(long_page);
    assert_int_equal(count(long_page, "&lt;"), 300);
}

static void test_open_url(void **state)
{
    static const struct {
        const char *url, *refresh, *link; /* NULL: refused */
    } cases[] = {
        {"https://example.com/after", "content=\"0;URL=https://example.com/after\"",
         "<a href=\"https://example.com/after\""},
        {"http://example.com/?a=1&b='2'", "content=\"0;URL=http://example.com/?a=1&amp;b=&#39;2&#39;\"",
         "<a href=\"http://example.com/?a=1&amp;b=&#39;2&#39;\""},
        {"javascript:alert(1)", NULL, NULL},
        {"data:text/html,x", NULL, NULL},
        {"https://a/\" http-equiv=\"x", NULL, NULL},
        {"https://a/<script>", NULL, NULL},
        {"//example.com", NULL, NULL},
        {"", NULL, NULL},
    };
    (void)state;
    test_ids("K7-55");
    for (size_t i = 0; i < array_length(cases); i++) {
        const struct callback_page_success success = {.user = "alice", .open_url = cases[i].url};
        cleanup_string char *page = callback_page_success(&success);
        assert_int_equal(count(page, "http-equiv=\"refresh\""), cases[i].refresh != NULL);
        assert_int_equal(count(page, "<a "), cases[i].link != NULL);
        if (cases[i].refresh == NULL)
            continue;
        assert_non_null(strstr(page, cases[i].refresh));
        assert_non_null(strstr(page, cases[i].link));
        assert_non_null(strstr(page, "Authenticated"));
    }
}

static void test_failure(void **state)
{
    struct error err = {0};
    (void)state;
    test_ids("K7-54");
    error_set(&err, ERROR_IDTOKEN_AUD, "the ID token is for '%s'", "<b>other</b>");
    error_hint(&err, "compare --oidc-client-id, then <try> again");
    error_hint(&err, "or ask & wait");
    cleanup_string char *page = callback_page_failure(&err);
    expect_sound(page);
    static const char *const pieces[] = {
        "<title>Login failed - latchkey",
        "class=\"mark bad\"",
        "<h1>Login failed</h1>",
        "the ID token is for &#39;&lt;b&gt;other&lt;/b&gt;&#39;",
        "[idtoken_aud]",
        "<h2>What to do</h2>",
        "<ul>",
        "<li>compare <code>--oidc-client-id</code>, then &lt;try&gt; again</li>",
        "<li>or ask &amp; wait</li>",
        "</ul>",
        "You can close this window",
        NULL,
    };
    expect_order(page, pieces);
    assert_int_equal(count(page, "<li>"), 2);
    assert_null(strstr(page, "Authenticated"));
}

static void test_failure_without_hint(void **state)
{
    struct error err = {0};
    (void)state;
    error_set(&err, ERROR_INTERNAL, "something broke");
    cleanup_string char *page = callback_page_failure(&err);
    expect_sound(page);
    assert_null(strstr(page, "What to do"));
    assert_null(strstr(page, "<ul>"));
}

static void test_largest_failure(void **state)
{
    struct error err = {.code = ERROR_INTERNAL};
    (void)state;
    memset(err.message, '\'', sizeof err.message - 1);
    memset(err.hint, '-', sizeof err.hint - 1);
    for (size_t i = 0; i < sizeof err.hint - 1; i += 5)
        err.hint[i] = i % 2 == 0 ? '\n' : ' ';
    cleanup_string char *page = callback_page_failure(&err);
    expect_sound(page);
    assert_int_equal(count(page, "&#39;"), sizeof err.message - 1);
}

static void test_message(void **state)
{
    (void)state;
    cleanup_string char *page = callback_page_message("Nothing <here>", "Go back & try again.");
    expect_sound(page);
    static const char *const pieces[] = {
        "<title>Nothing &lt;here&gt; - latchkey",
        "class=\"mark note\"",
        "<h1>Nothing &lt;here&gt;</h1>",
        "Go back &amp; try again.",
        NULL,
    };
    expect_order(page, pieces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),          cmocka_unit_test(test_escape_within_limit),
        cmocka_unit_test(test_success),         cmocka_unit_test(test_success_without_details),
        cmocka_unit_test(test_names_are_text),  cmocka_unit_test(test_open_url),
        cmocka_unit_test(test_failure),         cmocka_unit_test(test_failure_without_hint),
        cmocka_unit_test(test_largest_failure), cmocka_unit_test(test_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
