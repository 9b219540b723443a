/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the person at the terminal: on /dev/tty, because stdin may be a manifest and stderr a file. */
#ifndef NET_TERMINAL_PROMPT_H
#define NET_TERMINAL_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/loop.h"

struct terminal_prompt;
/* Opens the controlling terminal. Code not_interactive where there is none, or where we run in its background
 * and a question would stop us. */
bool terminal_prompt_open(struct loop *loop, struct terminal_prompt **out, struct error *err) must_check;
/* Stops listening and puts the terminal back as it was. */
void terminal_prompt_close(struct terminal_prompt *prompt);
void terminal_prompt_cleanup(struct terminal_prompt **prompt);
#define cleanup_terminal_prompt __attribute__((cleanup(terminal_prompt_cleanup)))

/* One question with one line as its answer. */
struct terminal_question {
    const char *text;
    bool hidden; /* the answer is not echoed: the terminal is put back on every way out, also by a signal that
                    ends or stops us */
    int64_t deadline; /* clock_monotonic */
};
/* The caller owns *ANSWER, a secret, without its line end. Errors: interrupted (a signal, Ctrl-D, a terminal
 * that went away), callback_timeout. */
bool terminal_prompt_ask(struct terminal_prompt *prompt, const struct terminal_question *question,
                         char **answer, struct error *err) must_check;

/* Whatever is typed or pasted, while the loop runs for something else: TAKEN is called with all the lines
 * that came together, once no more follow for a moment; TEXT is wiped afterwards. LENGTH is 0 at the end of
 * input. */
typedef void terminal_taken(void *context, const char *text, size_t length);
void terminal_prompt_listen(struct terminal_prompt *prompt, const char *question, terminal_taken *taken,
                            void *context);
/* Ends that, and takes the question away. */
void terminal_prompt_quiet(struct terminal_prompt *prompt);

#endif
