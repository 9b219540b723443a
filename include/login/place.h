/* SPDX-License-Identifier: Apache-2.0 */
/* Where the person sits, as far as the environment tells (command/surroundings finds it out). */
#ifndef LOGIN_PLACE_H
#define LOGIN_PLACE_H

#include <stdbool.h>

/* All borrowed; NULL where the environment does not say. */
struct login_place {
    bool may_prompt; /* kubectl did not forbid it; whether there is a terminal shows when it is opened */
    bool shows_utf8;
    const char *ssh_target;  /* "ada@192.0.2.7", or "-p 2222 ada@192.0.2.7": what leads ssh here */
    const char *no_callback; /* where nobody reaches our port: "in a container", "behind a tunnel"; NULL */
};

#endif
