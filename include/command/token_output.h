/* SPDX-License-Identifier: Apache-2.0 */
/* How get-token prints a token for scripts. */
#ifndef COMMAND_TOKEN_OUTPUT_H
#define COMMAND_TOKEN_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "kubernetes/exec_credential.h"
#include "session/session.h"

enum token_output {
    TOKEN_OUTPUT_EXEC_CREDENTIAL,
    TOKEN_OUTPUT_TOKEN,
    TOKEN_OUTPUT_HEADER,
    TOKEN_OUTPUT_JSON
};
/* Reads --output. When kubectl asks it must be exec-credential; code config. */
bool token_output_choose(const char *name, const struct exec_request *request, enum token_output *output,
                         struct error *err) must_check;
/* Appends the answer and a newline to OUT, a secret buffer. ISSUER is borrowed. */
bool token_output_write(enum token_output output, const struct session *session, const char *issuer,
                        struct buffer *out, struct error *err) must_check;
/* Groups as an API server with usual settings reads them: a list, or one text. An array, owned by the caller;
 * NULL when memory is out. */
json_t *token_output_groups(const json_t *claims) must_check;

#endif
