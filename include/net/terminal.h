/* SPDX-License-Identifier: Apache-2.0 */
/* What a person at a terminal sees while something runs: one line on stderr that is rewritten in place. */
#ifndef NET_TERMINAL_H
#define NET_TERMINAL_H

#include <stdbool.h>

/* Tells what TERM is, NULL when unset. Until then nothing is interactive. */
void terminal_set_type(const char *type);
/* Tells that it takes hyperlinks (OSC 8), which others would show as rubbish. */
void terminal_set_links(bool links);
/* True when what is written to stderr may hold them. */
bool terminal_shows_links(void);
/* True when somebody may read stderr: it is a terminal, of whatever kind. */
bool terminal_is_there(void);
/* True when stderr is a terminal that can move the cursor (TERM is set and not "dumb"). */
bool terminal_is_interactive(void);
/* Its width, 80 where it does not tell. */
unsigned terminal_columns(void);
/* Shows LINE in place of the one before, cut at the terminal's width; nothing when not interactive. Text from
 * outside must have gone through safe(). */
void terminal_status(const char *line);
/* True when stderr is a terminal on which terminal_status shows nothing of LINE, or not the whole. */
bool terminal_cuts(const char *line);
/* Somebody has begun a line, a question: terminal_clear removes it as well. */
void terminal_hold_line(bool held);
/* True when a status or a question stands there. */
bool terminal_holds_line(void);
/* Removes it, or ends its line where that cannot be, so that the next message starts on a clean line.
 * Harmless twice. */
void terminal_clear(void);

#endif
