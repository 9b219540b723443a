/* SPDX-License-Identifier: Apache-2.0 */
/* What a person brings from a browser elsewhere: the whole address, its query string or the bare code. */
#ifndef LOGIN_PASTE_H
#define LOGIN_PASTE_H

#include <stddef.h>

#include "oidc/authorization.h"

/* Judges pasted TEXT as callback_parse does a callback, its path apart: quotes around it, spaces and line
 * ends in it are left out; `state` is compared when it is there, `iss` is asked for in whole addresses and
 * queries only. CALLBACK_OTHER_PATH: nothing was pasted. CALLBACK_MALFORMED: this is not where the login
 * ended. */
enum callback_verdict paste_read(const char *text, size_t length, const struct callback_expectation *expected,
                                 struct callback *out, struct error *err);
/* What to tell a person who is asked again, for the verdicts that are no answer. A static text. */
const char *paste_complaint(enum callback_verdict verdict);

#endif
