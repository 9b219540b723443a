/* SPDX-License-Identifier: Apache-2.0 */
/* The one status line on stderr. */
#include "net/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"

#define CLEAR_LINE "\r\033[K"
enum { WIDTH_DEFAULT = 80, STATUS_LIMIT = 1024 };

/* Of the one stderr that a process has. */
static struct {
    bool moves_cursor, shows_line, links;
} terminal;

void terminal_set_type(const char *type)
{
    terminal.moves_cursor = !text_is_empty(type) && !text_equal(type, "dumb");
}

void terminal_set_links(bool links)
{
    terminal.links = links;
}

bool terminal_shows_links(void)
{
    return terminal.links && terminal_is_interactive();
}

bool terminal_is_there(void)
{
    return isatty(STDERR_FILENO) == 1;
}

bool terminal_is_interactive(void)
{
    return terminal.moves_cursor && terminal_is_there();
}

unsigned terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return WIDTH_DEFAULT;
    return size.ws_col;
}

/* The length in bytes of the character at TEXT, 0 at the end and at a control character. */
static size_t character_length(const char *text)
{
    size_t length = 1;
    if ((unsigned char)*text < 0x20 || *text == 0x7f)
        return 0;
    while (((unsigned char)text[length] & 0xc0) == 0x80)
        length++;
    return length;
}

/* How much of LINE fits into WIDTH columns. A character of three bytes and more may take two of them. */
static size_t line_fit(const char *line, unsigned width)
{
    size_t fits = 0, columns = 0, length;
    while ((length = character_length(line + fits)) > 0) {
        columns += length < 3 ? 1 : 2;
        if (columns > width || fits + length > STATUS_LIMIT)
            break;
        fits += length;
    }
    return fits;
}

static void terminal_write(const char *text, size_t length)
{
    /* A status line that cannot be shown is no failure. */
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written <= 0)
            return;
        text += written;
        length -= (size_t)written;
    }
}

void terminal_status(const char *line)
{
    cleanup_buffer struct buffer out = BUFFER(STATUS_LIMIT + sizeof CLEAR_LINE);
    if (!terminal_is_interactive())
        return;
    /* The last column stays free: writing there moves some terminals to the next line. */
    size_t length = line_fit(line, terminal_columns() - 1);
    buffer_add(&out, CLEAR_LINE);
    if (!buffer_append(&out, line, length))
        return;
    terminal_write(out.data, out.length);
    terminal.shows_line = true;
}

bool terminal_cuts(const char *line)
{
    if (!terminal_is_there())
        return false;
    return !terminal.moves_cursor || line_fit(line, terminal_columns() - 1) < strlen(line);
}

void terminal_hold_line(bool held)
{
    terminal.shows_line = held;
}

bool terminal_holds_line(void)
{
    return terminal.shows_line;
}

void terminal_clear(void)
{
    const char *end = terminal.moves_cursor ? CLEAR_LINE : "\n";
    if (terminal.shows_line && terminal_is_there())
        terminal_write(end, strlen(end));
    terminal.shows_line = false;
}
