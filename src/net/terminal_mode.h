/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal without echo that is put back whatever ends or stops us, for net/terminal_prompt alone. */
#ifndef SRC_NET_TERMINAL_MODE_H
#define SRC_NET_TERMINAL_MODE_H

#include <stdbool.h>

/* Switches the echo of FD off; false, with nothing changed, where that is not possible. One terminal at a
 * time. While we are in its background it is left as the shell has it. */
bool terminal_mode_hide(int fd);
/* Switches it off again where it came back: a shell moves a job to the foreground with or without a signal.
 */
void terminal_mode_renew(void);
/* Puts it back, and throws away what was typed and not read: half a password must not become a command. */
void terminal_mode_restore(void);

#endif
