/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal without echo that is put back whatever ends or stops us, for net/terminal_prompt alone. */
#ifndef SRC_NET_TERMINAL_MODE_H
#define SRC_NET_TERMINAL_MODE_H

#include <stdbool.h>

/* Switches the echo of FD off; false, with nothing changed, where that is not possible. One terminal at a
 * time. */
bool terminal_mode_hide(int fd);
/* Puts it back, and throws away what was typed and not read: half a password must not become a command. */
void terminal_mode_restore(void);

#endif
