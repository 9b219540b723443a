/* SPDX-License-Identifier: Apache-2.0 */
/* Reads lines from the controlling terminal in the loop. */
#include "net/terminal_prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "net/terminal.h"
#include "terminal_mode.h"

/* A terminal hands out at most 4096 bytes of a line; a pasted address may be broken into several. */
enum {
    ANSWER_LIMIT = 64 * 1024,
    PIECE = 4096,
    QUIET_MILLISECONDS = 100,
    SHOW_MILLISECONDS = 500,
    HIDE_MILLISECONDS = 200
};

struct terminal_prompt {
    struct loop *loop;
    int fd;
    struct buffer text; /* secret */
    bool ended;         /* no more input will come */
    bool unwatched;     /* until we are in the foreground again */

    bool done; /* the one question */
    terminal_taken *taken;
    void *context;
    char *question; /* NULL when nobody listens */
};

static bool refuse(const char *why, struct error *err)
{
    return error_set(err, ERROR_NOT_INTERACTIVE, "there is no terminal to ask on: %s", why);
}

bool terminal_prompt_open(struct loop *loop, struct terminal_prompt **out, struct error *err)
{
    cleanup_fd int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return refuse(errno == ENXIO || errno == ENOENT ? "this process has none" : strerror(errno), err);
    if (tcgetpgrp(fd) != getpgrp()) /* see is_in_foreground */
        return refuse("this runs in the background of it", err);
    struct terminal_prompt *prompt = memory_allocate(sizeof *prompt);
    prompt->loop = loop;
    prompt->fd = steal_fd(&fd);
    prompt->text = BUFFER_SECRET(ANSWER_LIMIT);
    *out = prompt;
    return true;
}

void terminal_prompt_close(struct terminal_prompt *prompt)
{
    if (prompt == NULL)
        return;
    terminal_prompt_quiet(prompt);
    terminal_mode_restore();
    close(prompt->fd);
    buffer_release(&prompt->text);
    free(prompt);
}

void terminal_prompt_cleanup(struct terminal_prompt **prompt)
{
    terminal_prompt_close(*prompt);
    *prompt = NULL;
}

static void say(const struct terminal_prompt *prompt, const char *text)
{
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t written = write(prompt->fd, text, length);
        if (written <= 0)
            return;
        text += written;
        length -= (size_t)written;
    }
}

/* Takes what is there. A line that is longer than any answer is cut. */
static void take(struct terminal_prompt *prompt)
{
    char piece[PIECE];
    ssize_t length;
    while ((length = read(prompt->fd, piece, sizeof(piece))) > 0)
        if (!buffer_append(&prompt->text, piece, (size_t)length))
            break;
    if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR))
        prompt->ended = true;
    memory_wipe(piece, sizeof(piece));
    if (prompt->ended)
        loop_unwatch(prompt->loop, prompt->fd);
}

static void answered(void *data, int fd, short events)
{
    struct terminal_prompt *prompt = data;
    (void)fd, (void)events;
    take(prompt);
    prompt->done = prompt->ended || strchr(buffer_text(&prompt->text), '\n') != NULL;
}

static bool judge(const struct terminal_prompt *prompt, enum loop_end end, char **answer, struct error *err)
{
    const char *text = buffer_text(&prompt->text);
    if (end == LOOP_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "the login was interrupted");
    if (end == LOOP_DEADLINE)
        return error_set(err, ERROR_CALLBACK_TIMEOUT, "nobody answered the question on the terminal in time");
    if (end == LOOP_FAILED)
        return false;
    if (prompt->ended && text[0] == '\0')
        return error_set(err, ERROR_INTERRUPTED, "the login was interrupted: the terminal's input has ended");
    *answer = memory_copy_bytes(text, strcspn(text, "\r\n"));
    return true;
}

static void renew(void *data)
{
    (void)data;
    terminal_mode_renew();
}

bool terminal_prompt_ask(struct terminal_prompt *prompt, const struct terminal_question *question,
                         char **answer, struct error *err)
{
    terminal_clear();
    buffer_clear(&prompt->text);
    prompt->done = false;
    bool hidden = question->hidden && terminal_mode_hide(prompt->fd);
    if (question->hidden && !hidden)
        return error_set(err, ERROR_NOT_INTERACTIVE, "the terminal's echo cannot be switched off");
    say(prompt, question->text);
    loop_watch(prompt->loop, prompt->fd, POLLIN, answered, prompt);
    if (hidden)
        loop_every(prompt->loop, HIDE_MILLISECONDS, renew, prompt);
    enum loop_end end = loop_run(prompt->loop, &prompt->done, question->deadline, err);
    loop_never(prompt->loop, renew, prompt);
    loop_unwatch(prompt->loop, prompt->fd);
    if (hidden)
        terminal_mode_restore();
    if (hidden || end != LOOP_DONE || prompt->ended)
        say(prompt, "\n");
    bool good = judge(prompt, end, answer, err);
    buffer_clear(&prompt->text);
    return good;
}

static void typed(void *data, int fd, short events);

/* In the background the lines are the shell's, and who reads one is stopped. */
static bool is_in_foreground(const struct terminal_prompt *prompt)
{
    return tcgetpgrp(prompt->fd) == getpgrp();
}

/* The question goes away when something else is said, or we are sent to the background, and comes back. */
static void show_question(void *data)
{
    struct terminal_prompt *prompt = data;
    if (prompt->question == NULL || !is_in_foreground(prompt))
        return;
    if (prompt->unwatched && !prompt->ended) {
        prompt->unwatched = false;
        terminal_hold_line(false);
        loop_watch(prompt->loop, prompt->fd, POLLIN, typed, prompt);
    }
    if (terminal_holds_line())
        return;
    say(prompt, prompt->question);
    terminal_hold_line(true);
}

static void deliver(void *data)
{
    struct terminal_prompt *prompt = data;
    cleanup_buffer struct buffer text = prompt->text;
    prompt->text = BUFFER_SECRET(ANSWER_LIMIT);
    bool ended = prompt->ended;
    if (text.length > 0 && text.data[text.length - 1] == '\n')
        terminal_hold_line(false);
    if (text.length > 0)
        prompt->taken(prompt->context, buffer_text(&text), text.length);
    if (ended)
        prompt->taken(prompt->context, "", 0);
    else
        show_question(prompt);
}

/* A paste comes in pieces: it is whole when nothing follows. */
static void typed(void *data, int fd, short events)
{
    struct terminal_prompt *prompt = data;
    (void)fd, (void)events;
    if (!is_in_foreground(prompt)) {
        prompt->unwatched = true;
        loop_unwatch(prompt->loop, prompt->fd);
        return;
    }
    take(prompt);
    loop_never(prompt->loop, deliver, prompt);
    loop_after(prompt->loop, QUIET_MILLISECONDS, deliver, prompt);
}

void terminal_prompt_listen(struct terminal_prompt *prompt, const char *question, terminal_taken *taken,
                            void *context)
{
    terminal_prompt_quiet(prompt);
    buffer_clear(&prompt->text);
    prompt->question = memory_copy_text(question);
    prompt->taken = taken;
    prompt->context = context;
    show_question(prompt);
    loop_watch(prompt->loop, prompt->fd, POLLIN, typed, prompt);
    loop_every(prompt->loop, SHOW_MILLISECONDS, show_question, prompt);
}

void terminal_prompt_quiet(struct terminal_prompt *prompt)
{
    if (prompt->question == NULL)
        return;
    loop_unwatch(prompt->loop, prompt->fd);
    loop_never(prompt->loop, deliver, prompt);
    loop_never(prompt->loop, show_question, prompt);
    if (terminal_holds_line() && !terminal_is_there())
        say(prompt, "\n");
    terminal_clear();
    free(prompt->question);
    prompt->question = NULL;
}
