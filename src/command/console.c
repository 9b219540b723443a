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
    size_t length = strlen(name);
    for (char *const *entry = input->environment; *entry != NULL; entry++)
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            return (*entry)[length + 1] != '\0' ? *entry + length + 1 : NULL;
    return NULL;
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
        buffer_add_format(&line, "%s%.*s\n", marks[kind], (int)length, at);
        at += length + (at[length] == '\n');
    }
    if (line.length > 0 && write(STDERR_FILENO, line.data, line.length) < 0)
        return;
}
