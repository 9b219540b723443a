/* SPDX-License-Identifier: Apache-2.0 */
/* What waiting requests get, and whether a browser that was sent to ask for it has come. Computes only. */
#ifndef NET_CALLBACK_OUTCOME_H
#define NET_CALLBACK_OUTCOME_H

#include <stdbool.h>

#include "net/callback_server.h"

struct callback_outcome {
    bool is_known;
    struct callback_answer answer; /* borrows from BODY and LOCATION */
    char *body, *location;
    char *promised; /* where a 303 sent the browser, until it comes; else NULL */
};
/* Copies ANSWER. */
void callback_outcome_set(struct callback_outcome *outcome, const struct callback_answer *answer);
/* To be told of every answer of the handler, and of every target that was asked for. */
void callback_outcome_note_answer(struct callback_outcome *outcome, const struct callback_answer *answer);
void callback_outcome_note_request(struct callback_outcome *outcome, const char *target);
void callback_outcome_release(struct callback_outcome *outcome);

#endif
