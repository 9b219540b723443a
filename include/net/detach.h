/* SPDX-License-Identifier: Apache-2.0 */
/* Work that goes on when the program has given its answer. */
#ifndef NET_DETACH_H
#define NET_DETACH_H

#include <stdbool.h>

/* Gives up every descriptor of whoever started us but KEPT (-1 for none), the standard ones are /dev/null
 * then, and leaves a process of its own behind: true in that one, which has no terminal and no parent to
 * answer to; false in the one that was started, which has nothing to do but to end, and where it failed. No
 * library may be loaded yet: threads would not come along. */
bool detach(int kept);

#endif
