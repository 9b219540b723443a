/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of net/callback_request: which heads are requests for us. */
#include "ids.h"

#include <string.h>

#include "base/buffer.h"
#include "net/callback_request.h"

static const struct callback_names plain = {.port = 8000, .extra_host = NULL};

/* What becomes of these bytes: 0 for "more", else the status. */
static unsigned decide(const char *bytes, size_t length, const struct callback_names *names)
{
    struct callback_request request = {0};
    unsigned status = callback_request_parse(bytes, length, &request);
    return status == 200 ? callback_request_judge(&request, names) : status;
}

static unsigned decide_host(const char *host, const struct callback_names *names)
{
    cleanup_string char *head = memory_format("GET /x HTTP/1.1\r\nHost: %s\r\n\r\n", host);
    return decide(head, strlen(head), names);
}

/* 30 values and more: only exact names with the bound port pass. */
static void test_hosts(void **state)
{
    (void)state;
    test_ids("CB-06 T-02");
    static const struct {
        const char *host;
        unsigned status;
    } cases[] = {
        {"localhost:8000", 200},
        {"127.0.0.1:8000", 200},
        {"[::1]:8000", 200},
        {"LOCALHOST:8000", 200},
        {"LocalHost:8000", 200},
        {"  localhost:8000\t ", 200},
        {"evil:8000", 421},
        {"evil.example:8000", 421},
        {"127.0.0.1", 421},
        {"localhost", 421},
        {"[::1]", 421},
        {"127.0.0.1:8001", 421},
        {"localhost:80", 421},
        {"localhost:443", 421},
        {"localhost:08000", 421},
        {"localhost:8000 ", 200},
        {"localhost:80000", 421},
        {"localhost:8000:8000", 421},
        {"localhost:8000:80", 421},
        {"127.1:8000", 421},
        {"127.0.0.2:8000", 421},
        {"0:8000", 421},
        {"0.0.0.0:8000", 421},
        {"2130706433:8000", 421},
        {"0x7f.1:8000", 421},
        {"0177.0.0.1:8000", 421},
        {"::1:8000", 421},
        {"[::]:8000", 421},
        {"[0:0:0:0:0:0:0:1]:8000", 421},
        {"[::ffff:127.0.0.1]:8000", 421},
        {"[::1%lo]:8000", 421},
        {"localhost.:8000", 421},
        {"xlocalhost:8000", 421},
        {"localhost.evil.example:8000", 421},
        {"localhost:8000.evil", 421},
        {"localhost:8000,evil:8000", 421},
        {"user@localhost:8000", 421},
        {"localhost:8000/", 421},
        {"http://localhost:8000", 421},
        {"", 421},
        {":8000", 421},
        {"redirect.example:9000", 421},
        {"l\xc3\xb6"
         "calhost:8000",
         421},
    };
    for (size_t i = 0; i < array_length(cases); i++)
        if (decide_host(cases[i].host, &plain) != cases[i].status)
            fail_msg("'%s' gave %u", cases[i].host, decide_host(cases[i].host, &plain));
}

static void test_default_ports(void **state)
{
    (void)state;
    test_ids("CB-06");
    const struct callback_names http = {.port = 80}, https = {.port = 443, .encrypted = true};
    assert_int_equal(decide_host("localhost", &http), 200);
    assert_int_equal(decide_host("localhost:80", &http), 200);
    assert_int_equal(decide_host("[::1]", &http), 200);
    assert_int_equal(decide_host("localhost:443", &http), 421);
    assert_int_equal(decide_host("localhost", &https), 200);
    assert_int_equal(decide_host("localhost:443", &https), 200);
    assert_int_equal(decide_host("localhost:80", &https), 421);
    const struct callback_names odd = {.port = 443, .encrypted = false};
    assert_int_equal(decide_host("localhost", &odd), 421);
    assert_int_equal(decide_host("localhost:443", &odd), 200);
}

static void test_extra_host(void **state)
{
    (void)state;
    const struct callback_names with_port = {.port = 8000, .extra_host = "redirect.example:9000"};
    assert_int_equal(decide_host("redirect.example:9000", &with_port), 200);
    assert_int_equal(decide_host("Redirect.Example:9000", &with_port), 200);
    assert_int_equal(decide_host("localhost:8000", &with_port), 200);
    assert_int_equal(decide_host("redirect.example", &with_port), 421);
    assert_int_equal(decide_host("redirect.example:8000", &with_port), 421);
    assert_int_equal(decide_host("evil.redirect.example:9000", &with_port), 421);
    const struct callback_names without = {.port = 8000, .extra_host = "redirect.example"};
    assert_int_equal(decide_host("redirect.example", &without), 200);
    assert_int_equal(decide_host("redirect.example:443", &without), 200);
    assert_int_equal(decide_host("redirect.example:8000", &without), 421);
    const struct callback_names explicit = {.port = 8000, .extra_host = "redirect.example:443"};
    assert_int_equal(decide_host("redirect.example", &explicit), 200);
}

#define HOST "Host: localhost:8000\r\n"
#define BYTES(text) (text), sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t length;
    unsigned status;
} heads[] = {
    {BYTES("GET / HTTP/1.1\r\n" HOST "\r\n"), 200},
    {BYTES("GET /cb?code=x&state=%41 HTTP/1.1\r\nhost:localhost:8000\r\nAccept: */*\r\n\r\n"), 200},
    {BYTES("GET / HTTP/1.0\r\n" HOST "\r\n"), 200},
    {BYTES("GET / HTTP/1.1\r\n" HOST "X: \xff\x80\t\r\nEmpty:\r\n\r\n"), 200},
    {BYTES("GET /{}|^`\"<> HTTP/1.1\r\n" HOST "\r\n"), 200},
    {BYTES("GET / HTTP/1.1\r\n" HOST "\r\nbody \x00\x01"), 200},
    /* methods */
    {BYTES("HEAD / HTTP/1.1\r\n" HOST "\r\n"), 405},
    {BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"), 405},
    {BYTES("get / HTTP/1.1\r\n" HOST "\r\n"), 405},
    {BYTES("TRACE / HTTP/1.1\r\n" HOST "\r\n"), 405},
    {BYTES("GETT / HTTP/1.1\r\n" HOST "\r\n"), 405},
    {BYTES("G(T / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES(" GET / HTTP/1.1\r\n" HOST "\r\n"), 400},
    /* targets */
    {BYTES("GET http://localhost:8000/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET http://evil/cb HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("CONNECT localhost:8000 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET /a b HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET /a\tb HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET /a%00b HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET /cb?code=x&state=good\0bad HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET /\x7f HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET /\x1b[2J HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET\r\n" HOST "\r\n"), 400},
    {BYTES("GET /\r\n\r\n"), 400},
    /* versions */
    {BYTES("GET / HTTP/0.9\r\n" HOST "\r\n"), 400},
    {BYTES("GET / HTTP/2.0\r\n" HOST "\r\n"), 400},
    {BYTES("GET / http/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("GET / HTTP/1.1 \r\n" HOST "\r\n"), 400},
    {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400},
    /* hosts */
    {BYTES("GET / HTTP/1.1\r\n\r\n"), 400},
    {BYTES("GET / HTTP/1.0\r\n\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\n" HOST HOST "\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\n" HOST "Host: evil\r\n\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\nHost: evil\r\n" HOST "\r\n"), 400},
    {BYTES("POST / HTTP/1.1\r\nHost: evil\r\n\r\n"), 421},
    /* line ends, folding, names */
    {BYTES("GET / HTTP/1.1\n" HOST "\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\nHost: localhost:8000\n\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\n" HOST "\n"), 400},
    {BYTES("GET / HTTP/1.1\r" HOST "\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\nHost: a\r b\r\n\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\nHost:\r\n localhost:8000\r\n\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\nHost : localhost:8000\r\n\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"), 400},
    {BYTES("GET / HTTP/1.1\r\n" HOST "X: a\x7f"
           "b\r\n\r\n"),
     400},
    {BYTES("\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {BYTES("\r\n\r\n"), 400},
    {BYTES("\r\n"), 400},
    {BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400},
    /* not complete yet */
    {BYTES(""), 0},
    {BYTES("G"), 0},
    {BYTES("GET / HTTP/1.1\r"), 0},
    {BYTES("GET / HTTP/1.1\r\n" HOST), 0},
    {BYTES("GET / HTTP/1.1\r\n" HOST "\r"), 0},
};

static void test_heads(void **state)
{
    (void)state;
    test_ids("CB-05 CB-06");
    for (size_t i = 0; i < array_length(heads); i++) {
        unsigned status = decide(heads[i].bytes, heads[i].length, &plain);
        if (status != heads[i].status)
            fail_msg("case %zu '%s' gave %u, not %u", i, heads[i].bytes, status, heads[i].status);
    }
}

static char *head_with_target(size_t length)
{
    struct buffer head = BUFFER(65536);
    buffer_add(&head, "GET /");
    for (size_t i = 1; i < length; i++)
        buffer_add(&head, "a");
    buffer_add(&head, " HTTP/1.1\r\n" HOST "\r\n");
    return buffer_steal(&head);
}

static void test_target_limit(void **state)
{
    (void)state;
    test_ids("T-06");
    cleanup_string char *longest = head_with_target(CALLBACK_TARGET_LIMIT);
    cleanup_string char *longer = head_with_target(CALLBACK_TARGET_LIMIT + 1);
    assert_int_equal(decide(longest, strlen(longest), &plain), 200);
    assert_int_equal(decide(longer, strlen(longer), &plain), 414);
    /* refused as soon as it is too long, without a line end in sight */
    assert_int_equal(decide(longer, CALLBACK_TARGET_LIMIT, &plain), 0);
    cleanup_string char *endless = head_with_target(2 * CALLBACK_TARGET_LIMIT);
    assert_int_equal(decide(endless, CALLBACK_TARGET_LIMIT + 100, &plain), 414);
}

static void test_head_limit(void **state)
{
    (void)state;
    test_ids("T-06");
    for (int excess = 0; excess <= 1; excess++) {
        struct buffer head = BUFFER(65536);
        buffer_add(&head, "GET / HTTP/1.1\r\n" HOST "X: ");
        while (head.length < CALLBACK_HEAD_LIMIT - 4 + (size_t)excess)
            buffer_add(&head, "a");
        buffer_add(&head, "\r\n\r\n");
        assert_int_equal(decide(head.data, head.length, &plain), excess == 0 ? 200 : 431);
        assert_int_equal(decide(head.data, CALLBACK_HEAD_LIMIT - 1, &plain), 0);
        assert_int_equal(decide(head.data, CALLBACK_HEAD_LIMIT, &plain), excess == 0 ? 200 : 431);
        buffer_release(&head);
    }
}

/* Every prefix of a good head is "more", never an answer. */
static void test_prefixes(void **state)
{
    (void)state;
    static const char head[] =
        "GET /callback?code=a%20b&state=c HTTP/1.1\r\nAccept: text/html\r\n" HOST "\r\n";
    for (size_t length = 0; length < sizeof head - 1; length++)
        assert_int_equal(decide(head, length, &plain), 0);
    assert_int_equal(decide(head, sizeof head - 1, &plain), 200);
}

static void test_parts(void **state)
{
    (void)state;
    static const char head[] = "GET /a?b HTTP/1.1\r\nHost:\t x:1 \r\nHost: y\r\n\r\n";
    struct callback_request request = {0};
    assert_int_equal(callback_request_parse(head, sizeof head - 1, &request), 200);
    assert_int_equal(request.host_count, 2);
    assert_memory_equal(request.host.bytes, "y", request.host.length);
    assert_memory_equal(request.target.bytes, "/a?b", request.target.length);
    assert_int_equal(request.target.length, 4);
    assert_int_equal(request.method.length, 3);
}

static void test_refusals(void **state)
{
    (void)state;
    test_ids("CB-12");
    static const unsigned statuses[] = {400, 405, 414, 421, 431};
    for (size_t i = 0; i < array_length(statuses); i++) {
        cleanup_string char *answer = callback_request_refusal(statuses[i]);
        cleanup_string char *start = memory_format("HTTP/1.1 %u ", statuses[i]);
        assert_memory_equal(answer, start, strlen(start));
        assert_non_null(strstr(answer, "\r\nContent-Length: 0\r\n"));
        assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
        assert_non_null(strstr(answer, "\r\nContent-Security-Policy: default-src 'none';"));
        assert_int_equal(strstr(answer, "\r\nAllow: GET\r\n") != NULL, statuses[i] == 405);
        assert_string_equal(answer + strlen(answer) - 4, "\r\n\r\n");
        assert_null(strstr(answer, "Access-Control"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),        cmocka_unit_test(test_default_ports),
        cmocka_unit_test(test_extra_host),   cmocka_unit_test(test_heads),
        cmocka_unit_test(test_target_limit), cmocka_unit_test(test_head_limit),
        cmocka_unit_test(test_prefixes),     cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
