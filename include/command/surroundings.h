/* SPDX-License-Identifier: Apache-2.0 */
/* What the environment says about where the person sits and where a browser would open. */
#ifndef COMMAND_SURROUNDINGS_H
#define COMMAND_SURROUNDINGS_H

#include "command/command.h"
#include "command/login_options.h"

/* Fills config.place and what config.browser needs besides the command: VS Code's remote kinds, WSL, a
 * display, SSH, a container, in this order. --browser-command and a BROWSER of the user's own are stronger
 * than all of it. */
void surroundings_look(const struct command_input *input, struct login_options *out);
/* True in a container, which may end before anything that outlives its main program. */
bool surroundings_is_container(const struct command_input *input);

#endif
