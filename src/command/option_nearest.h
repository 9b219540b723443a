/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the parser: what a misspelt flag or variable probably meant. */
#ifndef COMMAND_OPTION_NEAREST_H
#define COMMAND_OPTION_NEAREST_H

#include "command/option.h"

#define VARIABLE_PREFIX "LATCHKEY_"

/* The option of COMMAND whose name is nearest to NAME (without dashes before it): a few letters away in any
 * case, or with the same words; NULL when none is near. Flags without effect are never meant, deprecated ones
 * only where nothing else is near. */
const struct option *option_nearest(const char *name, unsigned command) must_check;
/* The variable nearest to VARIABLE, of any command, such as "LATCHKEY_OIDC_CLIENT_SECRET_FILE"; NULL when
 * none is near. Owned by the caller. */
char *option_nearest_variable(const char *variable) must_check;

#endif
