/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the browser: where a program is. */
#ifndef NET_BROWSER_PROGRAM_H
#define NET_BROWSER_PROGRAM_H

#include "base/memory.h"

/* The file that NAME means: itself when it contains a slash, else the first executable in the absolute
 * folders of PATH (NULL for none) and in /usr/local/bin, /usr/bin, /bin. NULL when there is none. The caller
 * owns it. */
char *browser_find_program(const char *name, const char *path) must_check;
/* Why there is none, to be read behind the name. */
const char *browser_program_fault(const char *name);

#endif
