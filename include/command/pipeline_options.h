/* SPDX-License-Identifier: Apache-2.0 */
/* The options that a pipeline gives: nobody is there, and the client logs in by itself. */
#ifndef COMMAND_PIPELINE_OPTIONS_H
#define COMMAND_PIPELINE_OPTIONS_H

#include <stdbool.h>

#include "command/login_options.h"

/* Values of --client-assertion-algorithm. */
#define PIPELINE_ALGORITHMS "auto|RS256|RS384|RS512|PS256|PS384|PS512|ES256|ES384|ES512"

/* Why nobody may be asked ("--non-interactive", "CI=true"); NULL when somebody may. */
const char *pipeline_non_interactive(const struct command_input *input);
/* Judges these options and fills them into OUT, whose grant is known. */
bool pipeline_options_fill(const struct command_input *input, struct login_options *out, struct error *err)
    must_check;

#endif
