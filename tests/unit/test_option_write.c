/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of option_write: the flags that it gives are parsed to the same options again. */
#include "ids.h"

#include <string.h>

#include "command/option.h"

static char *const nothing[] = {NULL};

static void parse(char **words, struct options *options)
{
    struct option_source source = {
        .command = COMMAND_SETUP, .command_name = "latchkey setup", .words = words, .environment = nothing};
    struct error err = {0};
    if (!options_parse(&source, options, &err))
        fail_msg("%s", err.message);
}

/* The flags of all options, in the order of the table. */
static void write_all(const struct options *options, struct text_list *flags)
{
    for (size_t i = 0; i < option_count; i++)
        if (option_table[i].commands & COMMAND_SETUP)
            option_write(options, &option_table[i], flags);
}

/* What WORD, and MORE unless it is NULL, give is written as WRITTEN, and WRITTEN gives itself. */
static void check(const char *word, const char *more, const char *written)
{
    cleanup_options struct options first = {0}, second = {0};
    cleanup_text_list struct text_list flags = {0}, again = {0};
    cleanup_string char *copy = memory_copy_text(word);
    cleanup_string char *other = more != NULL ? memory_copy_text(more) : NULL;
    char *words[] = {copy, other, NULL};
    parse(words, &first);
    write_all(&first, &flags);
    cleanup_string char *joined = text_list_join(&flags, " | ");
    assert_string_equal(joined, written);
    char *written_words[8] = {NULL};
    assert_true(flags.count < array_length(written_words));
    for (size_t i = 0; i < flags.count; i++)
        written_words[i] = flags.items[i];
    parse(written_words, &second);
    write_all(&second, &again);
    text_list_sort(&flags); /* a successor has a place of its own in the table */
    text_list_sort(&again);
    cleanup_string char *sorted = text_list_join(&flags, " | ");
    cleanup_string char *sorted_again = text_list_join(&again, " | ");
    assert_string_equal(sorted_again, sorted);
}

static void test_every_kind(void **state)
{
    static const char *const rows[][2] = {
        {"--oidc-client-id=a b", "--oidc-client-id=a b"},
        {"--oidc-client-id=", "--oidc-client-id="},
        {"--skip-open-browser", "--skip-open-browser=true"},
        {"--skip-open-browser=F", "--skip-open-browser=false"},
        {"--http-timeout-sec=007", "--http-timeout-sec=7"},
        {"--oidc-extra-scope=a,b", "--oidc-extra-scope=a | --oidc-extra-scope=b"},
        {"--oidc-extra-scope=\"a,b\"", "--oidc-extra-scope=\"a,b\""},
        {"--oidc-extra-scope=\"a\"\"b\"", "--oidc-extra-scope=\"a\"\"b\""},
        {"--oidc-extra-scope=", ""},
        {"--listen-address=", "--listen-address=\"\""},
        {"--listen-address=[::1]:8000", "--listen-address=[::1]:8000"},
        {"--certificate-authority=/a,b", "--certificate-authority=/a,b"},
        {"--oidc-auth-request-extra-params=a=1", "--oidc-auth-request-extra-params=a=1"},
        {"--oidc-auth-request-extra-params=a=1,2", "--oidc-auth-request-extra-params=a=1,2"},
        {"--oidc-auth-request-extra-params=a=1,b=2",
         "--oidc-auth-request-extra-params=a=1 | --oidc-auth-request-extra-params=b=2"},
        {"--oidc-auth-request-extra-params=a=b=c", "--oidc-auth-request-extra-params=a=b=c"},
        {"--oidc-auth-request-extra-params=\"a=b=c,d\"", "--oidc-auth-request-extra-params=\"a=b=c,d\""},
        {"--oidc-auth-request-extra-params=\"a=b,c=d\"", "--oidc-auth-request-extra-params=\"a=b,c=d\""},
        {"--oidc-auth-request-extra-params=\"\"a=b\"\"", "--oidc-auth-request-extra-params=\"\"a=b\"\""},
        {"--oidc-auth-request-extra-params=a=\"b\"", "--oidc-auth-request-extra-params=a=\"b\""},
        {"--oidc-auth-request-extra-params=a=", "--oidc-auth-request-extra-params=a="},
    };
    (void)state;
    test_ids("K7-82");
    for (size_t i = 0; i < array_length(rows); i++)
        check(rows[i][0], NULL, rows[i][1]);
}

/* A new kubeconfig must not begin with warnings. */
static void test_successors(void **state)
{
    static const char *const rows[][3] = {
        {"--oidc-use-pkce", NULL, "--oidc-pkce-method=S256"},
        {"--oidc-use-pkce", "--oidc-pkce-method=no", "--oidc-pkce-method=S256"},
        {"--oidc-use-pkce=false", NULL, ""},
        {"--oidc-use-pkce=false", "--oidc-pkce-method=no", "--oidc-pkce-method=no"},
        {"--listen-port=8123,0", NULL, "--listen-address=127.0.0.1:8123 | --listen-address=127.0.0.1:0"},
        {"--listen-port=8123", "--listen-address=[::1]:8000", "--listen-address=[::1]:8000"},
        {"--oidc-redirect-url-authcode-keyboard=urn:x", NULL, ""},
        {"--grant-type=authcode-keyboard", "--oidc-redirect-url-authcode-keyboard=urn:x",
         "--grant-type=authcode-keyboard | --oidc-redirect-url=urn:x"},
        {"--oidc-redirect-url-hostname=h", NULL, "--oidc-redirect-url-hostname=h"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++)
        check(rows[i][0], rows[i][1], rows[i][2]);
}

static void test_nothing_given(void **state)
{
    cleanup_options struct options options = {0};
    cleanup_text_list struct text_list flags = {0};
    char *words[] = {NULL};
    (void)state;
    parse(words, &options);
    write_all(&options, &flags);
    assert_int_equal(flags.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_successors),
        cmocka_unit_test(test_nothing_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
