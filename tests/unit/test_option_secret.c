/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets leave the words that they were given in, and nothing else does. */
#include <string.h>

#include "command/option.h"
#include "ids.h"

enum { WORDS = 8, SIZE = 64 };

/* Hides what TEXTS hold; STOOD is what is left where they stood, WORDS what the program reads. */
static void hide(const char *const *texts, char stood[][SIZE], char **words, struct text_list *kept)
{
    size_t count = 0;
    for (; texts[count] != NULL; count++) {
        snprintf(stood[count], SIZE, "%s", texts[count]);
        words[count] = stood[count];
    }
    words[count] = NULL;
    option_hide_secrets(words, kept);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(words[i], texts[i]);
}

static void test_hide(void **state)
{
    (void)state;
    test_ids("T-23");
    static const struct {
        const char *texts[WORDS], *left[WORDS];
    } cases[] = {
        {{"get-token", "--oidc-client-secret=s3cret", NULL}, {"get-token", "--oidc-client-secret=", NULL}},
        {{"--oidc-client-secret", "s3cret", "-v1", NULL}, {"--oidc-client-secret", "", "-v1", NULL}},
        {{"--password", "--oidc-client-id=x", NULL}, {"--password", "", NULL}},
        {{"-password=x", "--password=", "--password", NULL},
         {"-password=", "--password=", "--password", NULL}},
        {{"--oidc-request-header=A=b", "--client-assertion-source=exec:a b", NULL},
         {"--oidc-request-header=", "--client-assertion-source=", NULL}},
        {{"--oidc-client-id=a=b", "--passwords=x", "--pass=x", "password=x", "-", "--", NULL},
         {"--oidc-client-id=a=b", "--passwords=x", "--pass=x", "password=x", "-", "--", NULL}},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct text_list kept = {0};
        char stood[WORDS][SIZE], *words[WORDS];
        hide(cases[i].texts, stood, words, &kept);
        for (size_t k = 0; cases[i].left[k] != NULL; k++)
            if (strcmp(stood[k], cases[i].left[k]) != 0)
                fail_msg("case %zu: word %zu is still '%s'", i, k, stood[k]);
        option_release_secrets(&kept);
        assert_int_equal(kept.count, 0);
    }
}

static bool parse(char **words, char *const *environment, struct options *options, struct error *err)
{
    struct option_source source = {.command = COMMAND_GET_TOKEN,
                                   .command_name = "latchkey get-token",
                                   .words = words,
                                   .environment = environment};
    return options_parse(&source, options, err);
}

static void test_advice(void **state)
{
    (void)state;
    test_ids("T-23");
    char secret[] = "--oidc-client-secret=s3cret", header[] = "--oidc-request-header=A=b";
    char *words[] = {secret, header, NULL}, *none[] = {NULL};
    char *environment[] = {(char[]){"LATCHKEY_PASSWORD=p4ss"}, NULL};
    cleanup_options struct options given = {0}, silent = {0};
    cleanup_text_list struct text_list lines = {0}, nothing = {0};
    struct error err = {0};
    assert_true(parse(words, environment, &given, &err));
    option_advise_secrets(&given, &lines);
    assert_int_equal(lines.count, 3);
    assert_true(text_starts_with(lines.items[0],
                                 "--oidc-client-secret and --oidc-request-header on the command line"));
    assert_non_null(strstr(lines.items[1], "LATCHKEY_OIDC_CLIENT_SECRET_FILE"));
    assert_non_null(strstr(lines.items[1], "/dev/tty"));
    assert_non_null(strstr(lines.items[2], "LATCHKEY_OIDC_REQUEST_HEADER_FILE"));
    assert_null(strstr(lines.items[2], "/dev/tty"));
    assert_true(parse(none, environment, &silent, &err));
    option_advise_secrets(&silent, &nothing);
    assert_int_equal(nothing.count, 0);
}

static void test_terminal(void **state)
{
    (void)state;
    char *none[] = {NULL};
    char *environment[] = {(char[]){"LATCHKEY_OIDC_CLIENT_SECRET_FILE=/dev/tty"},
                           (char[]){"LATCHKEY_PASSWORD_FILE=/dev/tty"}, NULL};
    char *header[] = {(char[]){"LATCHKEY_OIDC_REQUEST_HEADER_FILE=/dev/tty"}, NULL};
    cleanup_options struct options options = {0}, refused = {0};
    struct error err = {0};
    assert_true(parse(none, environment, &options, &err));
    assert_true(options.ask_client_secret && options.ask_password);
    assert_null(options.client_secret);
    assert_true(option_from_file(&options, option_find("password", COMMAND_GET_TOKEN)));
    assert_false(parse(none, header, &refused, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hide),
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
