/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a desktop from WSL, an SSH session, VS Code's remote kinds and a container. */
#include "command/surroundings.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "net/terminal.h"

static bool is_set(const struct command_input *input, const char *name)
{
    return command_variable(input, name) != NULL;
}

static bool is_wsl(const struct command_input *input)
{
    return is_set(input, "WSL_DISTRO_NAME") || is_set(input, "WSL_INTEROP");
}

/* VS Code opens a URL on the person's own machine, and brings a callback back over SSH, into a container and
 * into WSL; through a tunnel and from a codespace it does not. */
static bool is_tunnel(const struct command_input *input)
{
    const char *browser = command_variable(input, "BROWSER");
    if (!is_set(input, "VSCODE_IPC_HOOK_CLI") || browser == NULL ||
        !text_ends_with(browser, "/helpers/browser.sh"))
        return false;
    bool over_ssh = is_set(input, "SSH_CONNECTION") && !is_set(input, "SSH_TTY");
    return !over_ssh && !is_set(input, "REMOTE_CONTAINERS") && !is_wsl(input);
}

bool surroundings_is_container(const struct command_input *input)
{
    return is_set(input, "container") || is_set(input, "KUBERNETES_SERVICE_HOST") ||
           access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
}

static bool shows_utf8(const struct command_input *input)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < array_length(names); i++) {
        const char *value = command_variable(input, names[i]);
        if (value != NULL)
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

static bool begins_with_one_of(const char *text, const char *const names[], size_t count)
{
    for (size_t i = 0; text != NULL && i < count; i++)
        if (text_starts_with(text, names[i]))
            return true;
    return false;
}

/* Known from what they call themselves; what stands between us and them, tmux and screen, may not pass it on.
 * FORCE_HYPERLINK is what other programs obey as well. */
static bool shows_links(const struct command_input *input)
{
    static const char *const between[] = {"screen", "tmux"};
    static const char *const types[] = {"xterm-kitty", "xterm-ghostty", "alacritty",
                                        "foot",        "wezterm",       "contour"};
    static const char *const programs[] = {"iTerm.app", "WezTerm", "vscode", "ghostty", "mintty", "Hyper"};
    const char *type = command_variable(input, "TERM"), *wish = command_variable(input, "FORCE_HYPERLINK");
    const char *vte = command_variable(input, "VTE_VERSION");
    int64_t version = 0;
    if (wish != NULL)
        return !text_equal(wish, "0");
    if (begins_with_one_of(type, between, array_length(between)))
        return false;
    return begins_with_one_of(type, types, array_length(types)) ||
           begins_with_one_of(command_variable(input, "TERM_PROGRAM"), programs, array_length(programs)) ||
           is_set(input, "WT_SESSION") || is_set(input, "KONSOLE_VERSION") ||
           (vte != NULL && text_to_number(vte, 5000, INT64_MAX, &version));
}

static bool holds_only(const char *text, size_t length, const char *more)
{
    for (size_t i = 0; i < length; i++) {
        bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
                      (text[i] >= '0' && text[i] <= '9');
        if (!letter && strchr(more, text[i]) == NULL)
            return false;
    }
    return length > 0;
}

/* "CLIENT PORT SERVER PORT". The line is made to be pasted into a shell, so that only plain words go into it.
 */
static char *ssh_target(const struct command_input *input)
{
    const char *connection = command_variable(input, "SSH_CONNECTION"), *field = connection;
    const char *user = command_variable(input, "USER") != NULL ? command_variable(input, "USER")
                                                               : command_variable(input, "LOGNAME");
    for (int i = 0; field != NULL && i < 2; i++) {
        const char *space = strchr(field, ' ');
        field = space != NULL ? space + 1 : NULL;
    }
    size_t length = field != NULL ? strcspn(field, " ") : 0;
    if (!holds_only(field, length, ".:") || field[length] != ' ')
        return NULL;
    const char *port = field + length + 1;
    bool known = user != NULL && user[0] != '-' && holds_only(user, strlen(user), "._-");
    bool other_port = strcmp(port, "22") != 0 && holds_only(port, strlen(port), "");
    return memory_format("%s%s%s%s%s%.*s", other_port ? "-p " : "", other_port ? port : "",
                         other_port ? " " : "", known ? user : "", known ? "@" : "", (int)length, field);
}

static void look_for_browser(const struct command_input *input, struct browser_settings *browser)
{
    browser->is_wsl = is_wsl(input);
    browser->has_display = is_set(input, "DISPLAY") || is_set(input, "WAYLAND_DISPLAY") || browser->is_wsl;
    if (is_tunnel(input)) {
        browser->browser = NULL;
        browser->has_display = false;
        browser->why_not = "from a browser behind a VS Code tunnel there is no way back to this machine";
    } else if (is_set(input, "SSH_CONNECTION")) {
        browser->why_not = "this is an SSH session without a display";
    } else if (surroundings_is_container(input)) {
        browser->why_not = "this is a container without a display";
    }
}

void surroundings_look(const struct command_input *input, struct login_options *out)
{
    struct login_place *place = &out->config.place;
    look_for_browser(input, &out->config.browser);
    out->ssh_target = ssh_target(input);
    place->ssh_target = out->ssh_target;
    place->shows_utf8 = shows_utf8(input);
    terminal_set_links(shows_links(input));
    if (is_tunnel(input))
        place->no_callback = "behind a tunnel";
    else if (surroundings_is_container(input) && !is_set(input, "REMOTE_CONTAINERS"))
        place->no_callback = "in a container";
}
