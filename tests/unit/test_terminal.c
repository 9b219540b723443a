/* SPDX-License-Identifier: Apache-2.0 */
/* The status line on a pseudo-terminal, and that there is none elsewhere. */
#include "net/terminal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/memory.h"
#include "ids.h"

/* Stderr is a terminal of 20 columns that we see from the other side. */
struct fixture {
    int before, master;
    char seen[8192];
};

static int set_up(void **state)
{
    struct fixture *fixture = memory_allocate(sizeof(*fixture));
    struct winsize size = {.ws_row = 5, .ws_col = 20};
    *state = fixture;
    fixture->before = dup(STDERR_FILENO);
    fixture->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fixture->master < 0 || grantpt(fixture->master) != 0 || unlockpt(fixture->master) != 0)
        return -1;
    int slave = open(ptsname(fixture->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios mode;
    if (slave < 0 || ioctl(slave, TIOCSWINSZ, &size) != 0 || tcgetattr(slave, &mode) != 0)
        return -1;
    mode.c_oflag &= ~(tcflag_t)OPOST;
    tcsetattr(slave, TCSANOW, &mode);
    dup2(slave, STDERR_FILENO);
    close(slave);
    terminal_set_type("xterm");
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    dup2(fixture->before, STDERR_FILENO);
    close(fixture->before);
    close(fixture->master);
    free(fixture);
    return 0;
}

static const char *seen(struct fixture *fixture)
{
    ssize_t length = read(fixture->master, fixture->seen, sizeof(fixture->seen) - 1);
    fixture->seen[length > 0 ? length : 0] = '\0';
    return fixture->seen;
}

static void test_lines(void **state)
{
    static const char *const rows[][2] = {
        {"waiting", "waiting"},
        {"1234567890123456789", "1234567890123456789"},
        {"12345678901234567890", "1234567890123456789"},
        {"\xc3\xa4\xc3\xb6\xc3\xbc", "\xc3\xa4\xc3\xb6\xc3\xbc"},
        /* Two bytes, one column, and never cut in the middle. */
        {"123456789012345678\xc3\xa4\xc3\xb6", "123456789012345678\xc3\xa4"},
        {"1234567890123456789\xc3\xa4", "1234567890123456789"},
        /* Three bytes may be two columns. */
        {"12345678901234567\xe7\x99\xbb\xe7\x99\xbb", "12345678901234567\xe7\x99\xbb"},
        {"123456789012345678\xe7\x99\xbb", "123456789012345678"},
        {"one\nline", "one"},
        {"no\x1b[2Jescape", "no"},
        {"", ""},
    };
    struct fixture *fixture = *state;
    assert_true(terminal_is_interactive());
    for (size_t i = 0; i < array_length(rows); i++) {
        cleanup_string char *expected = memory_format("\r\033[K%s", rows[i][1]);
        terminal_status(rows[i][0]);
        assert_string_equal(seen(fixture), expected);
    }
    terminal_clear();
    assert_string_equal(seen(fixture), "\r\033[K");
    terminal_clear();
    assert_string_equal(seen(fixture), "");
}

/* A terminal that does not tell its width has 80 columns; a line of any length is bounded. */
static void test_unknown_width(void **state)
{
    struct fixture *fixture = *state;
    struct winsize size = {0};
    char line[6000];
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    assert_int_equal(ioctl(fixture->master, TIOCSWINSZ, &size), 0);
    terminal_status(line);
    assert_int_equal(strlen(seen(fixture)), 4 + 79);
    size.ws_col = 9000;
    assert_int_equal(ioctl(fixture->master, TIOCSWINSZ, &size), 0);
    terminal_status(line);
    assert_int_equal(strlen(seen(fixture)), 4 + 1024);
    size.ws_col = 1;
    assert_int_equal(ioctl(fixture->master, TIOCSWINSZ, &size), 0);
    terminal_status(line);
    assert_string_equal(seen(fixture), "\r\033[K");
    assert_true(terminal_cuts("w"));
    terminal_clear();
}

static void test_not_interactive(void **state)
{
    static const char *const types[] = {NULL, "", "dumb"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < array_length(types); i++) {
        terminal_set_type(types[i]);
        assert_false(terminal_is_interactive());
        terminal_status("waiting");
        terminal_clear();
        assert_string_equal(seen(fixture), "");
        assert_true(terminal_cuts("waiting"));
    }
    terminal_set_type("xterm");
    assert_false(terminal_cuts("waiting"));
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
    assert_false(terminal_is_interactive());
    assert_false(terminal_cuts("waiting"));
    terminal_status("waiting");
    terminal_clear();
}

#define with_terminal(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_terminal(test_lines),
        with_terminal(test_unknown_width),
        with_terminal(test_not_interactive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
