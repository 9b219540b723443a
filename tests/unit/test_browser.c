/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of net/browser: what is started, with what, and what becomes of it (security T-20, T-40). */
#include "browser_fixture.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static bool has_line(const char *text, const char *line)
{
    size_t length = strlen(line);
    for (; *text != '\0'; text += strcspn(text, "\n") + (text[strcspn(text, "\n")] == '\n'))
        if (strcspn(text, "\n") == length && memcmp(text, line, length) == 0)
            return true;
    return false;
}

static void test_arguments(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-59 T-20");
    make_browser(fixture, "{ echo $#; printf '<%s>\\n' \"$@\"; } > \"$OUTPUT\"; exit 7");
    cleanup_string char *quoted = memory_format("\"%s\" --profile 'my work' \"a  b\" ''", fixture->script);
    cleanup_string char *placed = memory_format("'%s' --url=%%s -x %%s/%%s", fixture->script);
    const struct {
        const char *command, *expected;
    } cases[] = {
        {fixture->script, "1\n<" URL ">\n"}, /* with a space in its name: one word, because it exists */
        {quoted, "5\n<--profile>\n<my work>\n<a  b>\n<>\n<" URL ">\n"},
        {placed, "3\n<--url=" URL ">\n<-x>\n<" URL "/" URL ">\n"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        fixture->settings.command = cases[i].command;
        struct browser *browser = start(fixture, URL);
        run_until_failed(fixture, browser, "fake browser ended with status 7");
        cleanup_string char *output = read_output(fixture);
        assert_string_equal(output, cases[i].expected);
    }
}

/* A new session, default signals, no descriptor of ours, standard ones on /dev/null. */
static void test_surroundings(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-20 T-40");
    cleanup_fd int leaked = open(fixture->directory, O_RDONLY | O_DIRECTORY);
    assert_true(leaked >= 0);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    for (int level = 0; level <= 1; level++) {
        /* everything is read before the script opens its output */
        make_browser(fixture, "read -r pid fake browser state parent group id rest < /proc/$$/stat\n"
                              "[ \"$pid\" = \"$id\" ] && session=own\n"
                              "signals=$(grep -E '^Sig(Blk|Ign)' /proc/$$/status)\n"
                              "one=$(readlink /proc/$$/fd/0) two=$(readlink /proc/$$/fd/1)\n"
                              "three=$(readlink /proc/$$/fd/2) all=$(ls -l /proc/$$/fd)\n"
                              "printf '%s\\n' \"session $session\" \"$signals\" \"in $one\" \"out $two\" "
                              "\"err $three\" \"$all\" > \"$OUTPUT\"; exit 7");
        log_set_level(level);
        struct browser *browser = start(fixture, URL);
        run_until_failed(fixture, browser, "fake browser ended with status 7");
        log_set_level(0);
        cleanup_string char *output = read_output(fixture);
        assert_true(has_line(output, "session own"));
        assert_true(has_line(output, "SigBlk:\t0000000000000000"));
        const char *ignored = strstr(output, "SigIgn:\t");
        assert_non_null(ignored); /* 32 and 33 are the C library's own */
        assert_int_equal(strtoull(ignored + strlen("SigIgn:\t"), NULL, 16) & 0x7fffffff, 0);
        assert_true(has_line(output, "in /dev/null"));
        assert_true(has_line(output, "out /dev/null"));
        assert_int_equal(has_line(output, "err /dev/null"), level == 0);
        cleanup_string char *link = memory_format("-> %s\n", fixture->directory);
        assert_null(strstr(output, link));
        assert_null(strstr(output, "signalfd"));
        assert_null(strstr(output, "socket:"));
    }
    signal(SIGPIPE, before);
}

static void test_environment(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-20");
    cleanup_text_list struct text_list secrets = {0};
    text_list_add(&secrets, "CLIENT_SECRET");
    text_list_add(&secrets, "PASSWORD");
    fixture->settings.secrets = &secrets;
    static const struct {
        const char *name, *value, *line;
        bool is_seen;
    } cases[] = {
        {"CLIENT_SECRET", "canary", "CLIENT_SECRET=canary", false},
        {"PASSWORD", "canary\nB=canary", "PASSWORD=canary", false},
        {"CLIENT_SECRETS", "kept", "CLIENT_SECRETS=kept", true},
        {"CLIENT", "kept", "CLIENT=kept", true},
        {"WAYLAND_DISPLAY", "wayland-0", "WAYLAND_DISPLAY=wayland-0", true},
        {"ANYTHING", "a=b c", "ANYTHING=a=b c", true},
    };
    for (size_t i = 0; i < array_length(cases); i++)
        assert_int_equal(setenv(cases[i].name, cases[i].value, 1), 0);
    make_browser(fixture, "env > \"$OUTPUT\"; exit 7");
    struct browser *browser = start(fixture, URL);
    run_until_failed(fixture, browser, "fake browser ended with status 7");
    cleanup_string char *output = read_output(fixture);
    for (size_t i = 0; i < array_length(cases); i++) {
        assert_int_equal(has_line(output, cases[i].line), cases[i].is_seen);
        assert_string_equal(getenv(cases[i].name), cases[i].value); /* ours is untouched */
        unsetenv(cases[i].name);
    }
    assert_null(strstr(output, "canary"));
}

static void test_ends(void **state)
{
    static const struct {
        const char *commands, *reason;
    } cases[] = {
        {"exit 1", "fake browser ended with status 1"},
        {"exit 3", "fake browser ended with status 3"},
        {"no-such-program-anywhere", "fake browser ended with status 127"},
        {"kill -9 $$", "fake browser ended by signal 9"},
        {"kill -TERM $$", "fake browser ended by signal 15"},
        {"head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 5",
         "fake browser ended with status 5"},
    };
    struct fixture *fixture = *state;
    test_ids("K7-58 T-20 T-40");
    for (size_t i = 0; i < array_length(cases); i++) {
        make_browser(fixture, cases[i].commands);
        struct browser *browser = start(fixture, URL);
        run_until_failed(fixture, browser, cases[i].reason);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* reaped already */
    }
}

static void look_for_output(void *context)
{
    struct fixture *fixture = context;
    struct stat status;
    fixture->is_done = stat(fixture->output, &status) == 0 && status.st_size > 0;
}

static void wait_for_output(struct fixture *fixture)
{
    struct error err = {0};
    loop_every(fixture->loop, 5, look_for_output, fixture);
    assert_int_equal(loop_run(fixture->loop, &fixture->is_done, clock_monotonic() + WAIT, &err), LOOP_DONE);
    loop_never(fixture->loop, look_for_output, fixture);
    fixture->is_done = false;
}

/* A browser that stays is not waited for, and lives on when we stop watching. */
static void test_hanging(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-61 T-20");
    make_browser(fixture, "echo $$ > \"$OUTPUT\"; exec sleep 60");
    int64_t before = clock_monotonic();
    struct browser *browser = start(fixture, URL);
    assert_true(clock_monotonic() - before < 30000);
    wait_for_output(fixture);
    cleanup_string char *output = read_output(fixture);
    pid_t pid = (pid_t)strtol(output, NULL, 10);
    assert_true(pid > 1);
    browser_close(browser);
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_string_equal(fixture->reason, "");
}

/* Success is no news, but the child is reaped. */
static void test_success(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    test_ids("T-40");
    make_browser(fixture, "echo done > \"$OUTPUT\"");
    struct browser *browser = start(fixture, URL);
    wait_for_output(fixture);
    for (int i = 0; i < 1000 && waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) == 0; i++)
        assert_int_equal(loop_run(fixture->loop, &fixture->is_done, clock_monotonic() + 10, &err),
                         LOOP_DEADLINE);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_string_equal(fixture->reason, "");
    browser_close(browser);
}

/* Kernels before 5.3 and sandboxes have no pidfd, those before 5.11 no CLOSE_RANGE_CLOEXEC. */
static void forbid_new_calls(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {array_length(code), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(77);
}

static void test_old_kernel(void **state)
{
    struct fixture *fixture = *state;
    pid_t pid = fork();
    if (pid == 0) {
        struct error err = {0};
        forbid_new_calls();
        if (!loop_open(&fixture->loop, &err)) /* a loop belongs to one process */
            _exit(2);
        cleanup_fd int leaked = open(fixture->directory, O_RDONLY | O_DIRECTORY);
        cleanup_string char *commands =
            memory_format("readlink /proc/$$/fd/%d > \"$OUTPUT\" || echo none > \"$OUTPUT\"; exit 3", leaked);
        make_browser(fixture, commands);
        struct browser *browser = start(fixture, URL);
        run_until_failed(fixture, browser, "fake browser ended with status 3");
        cleanup_string char *output = read_output(fixture);
        _exit(strcmp(output, "none\n") == 0 && waitpid(-1, NULL, WNOHANG) == -1 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_cannot_start(void **state)
{
    struct fixture *fixture = *state;
    struct browser *browser = NULL;
    struct error err = {0};
    test_ids("K7-58");
    cleanup_string char *missing = memory_format("%s/missing", fixture->directory);
    const char *const commands[] = {missing, "no-such-program-anywhere", "'open quote", "  ", "'' x", "\"\""};
    for (size_t i = 0; i < array_length(commands); i++) {
        fixture->settings.command = commands[i];
        assert_false(browser_open(fixture->loop, &fixture->settings, URL, &browser, &err));
        assert_int_equal(err.code, ERROR_CONFIG);
        assert_null(browser);
    }
    write_file(fixture->script, "neither a script nor a program", 0700);
    fixture->settings.command = fixture->script;
    assert_false(browser_open(fixture->loop, &fixture->settings, URL, &browser, &err));
    assert_non_null(strstr(err.message, strerror(ENOEXEC)));
}

/* Nothing of a hostile URL is executed, and no program is started for it. */
static void test_hostile_urls(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-20");
    cleanup_string char *marker = memory_format("%s/marker", fixture->directory);
    make_browser(fixture, "echo started > \"$OUTPUT\"");
    static const char *const formats[] = {
        "https://a/$(touch %s) ",
        "https://a/`touch %s`",
        "https://a/\";touch %s;\"",
        "https://a/\ntouch %s",
        "-touch %s",
        "--app=https://a/%s",
        "file://%s",
        "javascript:touch('%s')",
        "https://a/\\%s",
        "data:,%s",
        " https://a/%s",
        "HTTPS://a/%s",
        "https:/a/%s",
        "https:///%s",
        "https://a/\x01%s",
        "https://a/\xc3\xa9%s",
        "https://a/%%zz%s",
        "https://a/|%s",
        "ftp://a%s",
        "%s",
    };
    for (size_t i = 0; i < array_length(formats); i++) {
        struct browser *browser = NULL;
        struct error err = {0};
        char url[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(url, sizeof url, formats[i], marker);
#pragma GCC diagnostic pop
        if (browser_open(fixture->loop, &fixture->settings, url, &browser, &err))
            fail_msg("'%s' was opened", url);
        assert_int_equal(err.code, ERROR_ENDPOINT_URL);
    }
    assert_int_equal(access(marker, F_OK), -1);
    assert_int_equal(access(fixture->output, F_OK), -1);
}

/* What a shell would run is only text. */
static void test_no_shell(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-20 K7-59");
    static const char url[] = "https://a/$(touch$IFS'marker');&!*()?x=%24(id)";
    make_browser(fixture, "printf '%s' \"$1\" > \"$OUTPUT\"; exit 7");
    assert_int_equal(setenv("BROWSER", "true", 1), 0); /* nobody but command/ reads it */
    struct browser *browser = start(fixture, url);
    run_until_failed(fixture, browser, "fake browser ended with status 7");
    cleanup_string char *output = read_output(fixture);
    assert_string_equal(output, url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arguments, begin, end),
        cmocka_unit_test_setup_teardown(test_surroundings, begin, end),
        cmocka_unit_test_setup_teardown(test_environment, begin, end),
        cmocka_unit_test_setup_teardown(test_ends, begin, end),
        cmocka_unit_test_setup_teardown(test_hanging, begin, end),
        cmocka_unit_test_setup_teardown(test_success, begin, end),
        cmocka_unit_test_setup_teardown(test_old_kernel, begin, end),
        cmocka_unit_test_setup_teardown(test_cannot_start, begin, end),
        cmocka_unit_test_setup_teardown(test_hostile_urls, begin, end),
        cmocka_unit_test_setup_teardown(test_no_shell, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
