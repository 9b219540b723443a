/* SPDX-License-Identifier: Apache-2.0 */
/* Where notices go, and what the environment says. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "login/notice.h"
#include "net/terminal.h"

const char *command_variable(const struct command_input *input, const char *name)
{
    return text_variable(input->environment, name);
}

bool command_check_stdout(struct error *err)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    bool lost = poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLNVAL)) != 0;
    /* main puts something that takes nothing in the place of a closed one */
    if (!lost && flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
        return true;
    error_set(err, ERROR_STDOUT, "nobody would get the answer: stdout is closed");
    return error_hint(err, "run it with a stdout, '>/dev/null' where the answer does not matter");
}

/* Some terminals ignore longer ones, some the whole sequence and what follows. */
enum { LINK_LIMIT = 2000 };

/* The length of the address at TEXT, 0 where none begins; what ends a sentence is no part of it. */
static size_t address_length(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&()*+,;=%";
    if (!text_starts_with(text, "https://") && !text_starts_with(text, "http://"))
        return 0;
    size_t length = strspn(text, allowed);
    while (strchr(".,;:!?)", text[length - 1]) != NULL)
        length--;
    return length <= LINK_LIMIT ? length : 0;
}

/* An address that is broken over lines can be clicked on all the same (OSC 8). */
static void add_with_links(const char *text, size_t length, struct buffer *out)
{
    for (size_t at = 0; at < length;) {
        size_t address = address_length(text + at);
        if (address > 0)
            buffer_add_format(out, "\033]8;;%.*s\033\\%.*s\033]8;;\033\\", (int)address, text + at,
                              (int)address, text + at);
        else
            buffer_add_format(out, "%c", text[at]);
        at += address > 0 ? address : 1;
    }
}

static void add_line(const char *mark, const char *text, size_t length, struct buffer *out)
{
    buffer_add(out, mark);
    if (terminal_shows_links())
        add_with_links(text, length, out);
    else
        buffer_add_format(out, "%.*s", (int)length, text);
    buffer_add(out, "\n");
}

void command_show_notice(int kind, const char *text)
{
    static const char *const marks[] = {
        [NOTICE_INFO] = "", [NOTICE_WARNING] = "warning: ", [NOTICE_HINT] = "hint: "};
    if (kind == NOTICE_STATUS) {
        terminal_status(text);
        return;
    }
    terminal_clear();
    cleanup_buffer struct buffer line = BUFFER(1 << 20);
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        add_line(marks[kind], at, length, &line);
        at += length + (at[length] == '\n');
    }
    if (line.length > 0 && write(STDERR_FILENO, line.data, line.length) < 0)
        return;
}
