/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of kubernetes/manifest: what is written is read back as exactly that. */
#include "ids.h"

#include <string.h>

#include "kubernetes/manifest.h"

struct quoted {
    const char *text, *written;
};

static void check(void (*add)(const char *, struct buffer *), const struct quoted *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cleanup_buffer struct buffer out = BUFFER(4096);
        add(rows[i].text, &out);
        assert_string_equal(buffer_text(&out), rows[i].written);
    }
}

static void test_yaml_scalars(void **state)
{
    static const struct quoted rows[] = {
        {"oidc", "oidc"},
        {"/usr/local/bin/latchkey", "/usr/local/bin/latchkey"},
        {"--oidc-issuer-url=https://a.example:9443/x/", "--oidc-issuer-url=https://a.example:9443/x/"},
        {"--a=b,c", "'--a=b,c'"},
        {"--a=b c", "'--a=b c'"},
        {"--a=it's", "'--a=it''s'"},
        {"--a=b: c", "'--a=b: c'"},
        {"--a=b #c", "'--a=b #c'"},
        {"--a=\"b\"", "'--a=\"b\"'"},
        {"--a=\\n", "'--a=\\n'"},
        {"--a=\xc3\xbc", "'--a=\xc3\xbc'"},
        {"key:", "'key:'"},
        {"", "''"},
        {"-", "'-'"},
        {"--", "'--'"},
        {"---", "'---'"},
        {"~", "'~'"},
        {"true", "'true'"},
        {"Yes", "'Yes'"},
        {"OFF", "'OFF'"},
        {"n", "'n'"},
        {"null", "'null'"},
        {"12", "'12'"},
        {"1e3", "'1e3'"},
        {"12:30", "'12:30'"},
        {".inf", "'.inf'"},
        {"-1", "'-1'"},
        {"@a", "'@a'"},
        {"%a", "'%a'"},
        {"*a", "'*a'"},
        {"&a", "'&a'"},
        {"!a", "'!a'"},
        {"{a}", "'{a}'"},
        {"nothing", "nothing"},
        {"a\nb", "\"a\\nb\""},
        {"it's\n\"b\" \\n\n", "\"it's\\n\\\"b\\\" \\\\n\\n\""},
    };
    (void)state;
    check(manifest_add_yaml, rows, array_length(rows));
}

static void test_shell_words(void **state)
{
    static const struct quoted rows[] = {
        {"--a=b", "--a=b"},
        {"--a=b,c", "'--a=b,c'"},
        {"a b", "'a b'"},
        {"it's", "'it'\\''s'"},
        {"$(id)", "'$(id)'"},
        {"`id`", "'`id`'"},
        {"a\\b", "'a\\b'"},
        {"!x", "'!x'"},
        {"~", "'~'"},
        {"=x", "'=x'"},
        {"", "''"},
        {"'", "''\\'''"},
        {"a;b", "'a;b'"},
        {"a&b", "'a&b'"},
        {"a|b", "'a|b'"},
        {"a>b", "'a>b'"},
        {"*", "'*'"},
        {"{a,b}", "'{a,b}'"},
        {"#a", "'#a'"},
        {"\"a\"", "'\"a\"'"},
        {"100%@a+b", "100%@a+b"},
        {"a\nb", "'a\nb'"},
    };
    (void)state;
    check(manifest_add_shell, rows, array_length(rows));
}

static void test_fields(void **state)
{
    static const struct quoted rows[] = {
        {"a", "a"},         {"a b", "a b"}, {"a,b", "\"a,b\""}, {"a\"b", "\"a\"\"b\""},
        {"\"", "\"\"\"\""}, {"", "\"\""},   {"it's", "it's"},   {"a\nb", "\"a\nb\""},
    };
    (void)state;
    check(manifest_add_field, rows, array_length(rows));
}

static void write_both(struct text_map *environment, struct buffer *yaml, struct buffer *command)
{
    cleanup_text_list struct text_list arguments = {0};
    text_list_add(&arguments, "get-token");
    text_list_add(&arguments, "--oidc-extra-scope=\"a,b\"");
    text_list_add(&arguments, "--x=it's");
    struct manifest_user user = {.name = "oidc",
                                 .command = "/opt/my tools/latchkey",
                                 .arguments = &arguments,
                                 .environment = environment,
                                 .install_hint = "install it"};
    manifest_add_user(&user, yaml);
    manifest_add_set_credentials(&user, command);
}

static void test_user(void **state)
{
    cleanup_buffer struct buffer yaml = BUFFER(4096), command = BUFFER(4096);
    struct text_map environment = {0};
    (void)state;
    write_both(&environment, &yaml, &command);
    assert_string_equal(buffer_text(&yaml), "users:\n"
                                            "- name: oidc\n"
                                            "  user:\n"
                                            "    exec:\n"
                                            "      apiVersion: client.authentication.k8s.io/v1\n"
                                            "      command: '/opt/my tools/latchkey'\n"
                                            "      args:\n"
                                            "      - get-token\n"
                                            "      - '--oidc-extra-scope=\"a,b\"'\n"
                                            "      - '--x=it''s'\n"
                                            "      interactiveMode: IfAvailable\n"
                                            "      installHint: 'install it'\n");
    assert_string_equal(buffer_text(&command), "kubectl config set-credentials oidc \\\n"
                                               "  --exec-api-version=client.authentication.k8s.io/v1 \\\n"
                                               "  --exec-interactive-mode=IfAvailable \\\n"
                                               "  '--exec-command=/opt/my tools/latchkey' \\\n"
                                               "  --exec-arg=get-token \\\n"
                                               "  '--exec-arg=\"--oidc-extra-scope=\"\"a,b\"\"\"' \\\n"
                                               "  '--exec-arg=--x=it'\\''s'\n");
}

static void test_environment(void **state)
{
    cleanup_buffer struct buffer yaml = BUFFER(4096), command = BUFFER(4096);
    cleanup_text_map struct text_map environment = {0};
    (void)state;
    text_map_set(&environment, "LATCHKEY_OIDC_CLIENT_SECRET_FILE", "/home/a,b/secret");
    write_both(&environment, &yaml, &command);
    assert_non_null(strstr(buffer_text(&yaml), "      env:\n"
                                               "      - name: LATCHKEY_OIDC_CLIENT_SECRET_FILE\n"
                                               "        value: '/home/a,b/secret'\n"
                                               "      interactiveMode:"));
    assert_non_null(strstr(buffer_text(&command),
                           " \\\n  '--exec-env=LATCHKEY_OIDC_CLIENT_SECRET_FILE=/home/a,b/secret'\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml_scalars), cmocka_unit_test(test_shell_words),
        cmocka_unit_test(test_fields),       cmocka_unit_test(test_user),
        cmocka_unit_test(test_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
