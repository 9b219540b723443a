/* SPDX-License-Identifier: Apache-2.0 */
/* What environments say about the place: the order of VS Code, WSL, display, SSH and containers. */
#include "command/surroundings.h"

#include <string.h>

#include "ids.h"

/* The environment of main() is not const, though nobody writes to it. */
static char *const *as_environment(const char *const *entries)
{
    return (char *const *)(uintptr_t)entries;
}

static struct login_options look(const char *const *entries)
{
    char *const *environment = as_environment(entries);
    struct command_input input = {.program = "latchkey", .command = "get-token", .environment = environment};
    struct login_options out = {0};
    out.config.browser.browser = command_variable(&input, "BROWSER");
    surroundings_look(&input, &out);
    return out;
}

static const struct {
    const char *environment[5];
    bool has_display, is_wsl, keeps_browser;
    const char *why_not; /* "" where the machine of the test decides */
} browser_rows[] = {
    {{"A=1"}, false, false, true, ""},
    {{"DISPLAY=:0"}, true, false, true, ""},
    {{"WAYLAND_DISPLAY=wayland-0"}, true, false, true, ""},
    {{"DISPLAY="}, false, false, true, ""},
    {{"WSL_DISTRO_NAME=Debian"}, true, true, true, ""},
    {{"WSL_INTEROP=/run/x"}, true, true, true, ""},
    {{"SSH_CONNECTION=a 1 b 2"}, false, false, true, "this is an SSH session without a display"},
    {{"SSH_CONNECTION=a 1 b 2", "DISPLAY=:10"},
     true,
     false,
     true,
     "this is an SSH session without a display"},
    {{"container=podman"}, false, false, true, "this is a container without a display"},
    {{"KUBERNETES_SERVICE_HOST=10.0.0.1"}, false, false, true, "this is a container without a display"},
    {{"VSCODE_IPC_HOOK_CLI=/x", "BROWSER=/v/helpers/browser.sh"},
     false,
     false,
     false,
     "from a browser behind a VS Code tunnel there is no way back to this machine"},
    {{"VSCODE_IPC_HOOK_CLI=/x", "BROWSER=/v/helpers/browser.sh", "DISPLAY=:0"},
     false,
     false,
     false,
     "from a browser behind a VS Code tunnel there is no way back to this machine"},
    {{"VSCODE_IPC_HOOK_CLI=/x", "BROWSER=firefox"}, false, false, true, ""},
    {{"VSCODE_IPC_HOOK_CLI=/x", "BROWSER=/v/helpers/browser.sh", "SSH_CONNECTION=a 1 b 2"},
     false,
     false,
     true,
     "this is an SSH session without a display"},
    {{"VSCODE_IPC_HOOK_CLI=/x", "BROWSER=/v/helpers/browser.sh", "SSH_CONNECTION=a 1 b 2",
      "SSH_TTY=/dev/pts/0"},
     false,
     false,
     false,
     "from a browser behind a VS Code tunnel there is no way back to this machine"},
    {{"VSCODE_IPC_HOOK_CLI=/x", "BROWSER=/v/helpers/browser.sh", "REMOTE_CONTAINERS=true"},
     false,
     false,
     true,
     ""},
    {{"VSCODE_IPC_HOOK_CLI=/x", "BROWSER=/v/helpers/browser.sh", "WSL_DISTRO_NAME=D"}, true, true, true, ""},
};

static void test_browser(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(browser_rows); i++) {
        struct login_options out = look(browser_rows[i].environment);
        const struct browser_settings *browser = &out.config.browser;
        struct command_input input = {.environment = as_environment(browser_rows[i].environment)};
        bool had = command_variable(&input, "BROWSER") != NULL;
        if (browser->has_display != browser_rows[i].has_display ||
            browser->is_wsl != browser_rows[i].is_wsl ||
            (had && (browser->browser != NULL) != browser_rows[i].keeps_browser))
            fail_msg("row %zu", i);
        if (browser_rows[i].why_not[0] != '\0')
            assert_string_equal(browser->why_not, browser_rows[i].why_not);
        login_options_release(&out);
    }
}

static void test_ssh_target(void **state)
{
    static const struct {
        const char *environment[4];
        const char *target;
    } rows[] = {
        {{"SSH_CONNECTION=1.2.3.4 5 192.0.2.7 22", "USER=ada"}, "ada@192.0.2.7"},
        {{"SSH_CONNECTION=1.2.3.4 5 192.0.2.7 22", "LOGNAME=ada"}, "ada@192.0.2.7"},
        {{"SSH_CONNECTION=1.2.3.4 5 192.0.2.7 2222", "USER=ada"}, "-p 2222 ada@192.0.2.7"},
        {{"SSH_CONNECTION=::1 5 2001:db8::7 22", "USER=a.b_c-d"}, "a.b_c-d@2001:db8::7"},
        {{"SSH_CONNECTION=::1 5 192.0.2.7 22", "USER=a b"}, "192.0.2.7"},
        {{"SSH_CONNECTION=::1 5 192.0.2.7 22", "USER=-l"}, "192.0.2.7"},
        {{"SSH_CONNECTION=::1 5 192.0.2.7 $(x)", "USER=ada"}, "ada@192.0.2.7"},
        {{"SSH_CONNECTION=::1 5 $(x) 22", "USER=ada"}, NULL},
        {{"SSH_CONNECTION=::1 5 192.0.2.7", "USER=ada"}, NULL},
        {{"SSH_CONNECTION=::1", "USER=ada"}, NULL},
        {{"USER=ada"}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct login_options out = look(rows[i].environment);
        if (!text_equal(out.config.place.ssh_target, rows[i].target))
            fail_msg("row %zu: %s", i, out.config.place.ssh_target);
        login_options_release(&out);
    }
}

static void test_utf8(void **state)
{
    static const struct {
        const char *environment[4];
        bool utf8;
    } rows[] = {
        {{"LANG=C.UTF-8"}, true},
        {{"LANG=de_DE.utf8"}, true},
        {{"LANG=C"}, false},
        {{"LC_ALL=C", "LANG=C.UTF-8"}, false},
        {{"LC_ALL=", "LANG=C.UTF-8"}, true},
        {{"LC_CTYPE=en_US.UTF-8", "LANG=C"}, true},
        {{"A=1"}, false},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct login_options out = look(rows[i].environment);
        assert_int_equal(out.config.place.shows_utf8, rows[i].utf8);
        login_options_release(&out);
    }
}

static void test_callback(void **state)
{
    const char *const tunnel[] = {"VSCODE_IPC_HOOK_CLI=/x", "BROWSER=/v/helpers/browser.sh", NULL};
    const char *const container[] = {"container=docker", NULL};
    const char *const development[] = {"container=docker", "REMOTE_CONTAINERS=true", NULL};
    struct login_options out = look(tunnel);
    (void)state;
    assert_string_equal(out.config.place.no_callback, "behind a tunnel");
    login_options_release(&out);
    out = look(container);
    assert_string_equal(out.config.place.no_callback, "in a container");
    login_options_release(&out);
    out = look(development);
    assert_null(out.config.place.no_callback);
    login_options_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_browser),
        cmocka_unit_test(test_ssh_target),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
