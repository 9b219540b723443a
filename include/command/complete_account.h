/* SPDX-License-Identifier: Apache-2.0 */
/* Values of --account for completion. */
#ifndef COMMAND_COMPLETE_ACCOUNT_H
#define COMMAND_COMPLETE_ACCOUNT_H

#include "base/text.h"
#include "command/command.h"

/* Adds the accounts whose sessions rest where WORDS, the variables or the defaults say. Only reads; what
 * cannot be read has none. */
void complete_account(const struct command_input *input, char *const *words, struct text_list *accounts);

#endif
