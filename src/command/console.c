/* SPDX-License-Identifier: Apache-2.0 */
/* Where notices go, and what the environment says. */
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

void command_show_notice(int kind, const char *text)
{
    static const char *const marks[] = {
        [NOTICE_INFO] = "", [NOTICE_WARNING] = "warning: ", [NOTICE_HINT] = "hint: "};
    if (kind == NOTICE_STATUS) {
        terminal_status(text);
        return;
    }
    terminal_clear();
    cleanup_buffer struct buffer line = BUFFER(1 << 16);
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        buffer_add_format(&line, "%s%.*s\n", marks[kind], (int)length, at);
        at += length + (at[length] == '\n');
    }
    if (line.length > 0 && write(STDERR_FILENO, line.data, line.length) < 0)
        return;
}
