/* SPDX-License-Identifier: Apache-2.0 */
/* The answer that requests wait for. */
#include "net/callback_outcome.h"

#include <stdlib.h>
#include <string.h>

enum { SEE_OTHER = 303 };

void callback_outcome_set(struct callback_outcome *outcome, const struct callback_answer *answer)
{
    memory_replace_text(&outcome->body, answer->body);
    memory_replace_text(&outcome->location, answer->location);
    outcome->answer = *answer;
    outcome->answer.wait = false;
    outcome->answer.body = outcome->body;
    outcome->answer.location = outcome->location;
    outcome->is_known = true;
}

void callback_outcome_note_answer(struct callback_outcome *outcome, const struct callback_answer *answer)
{
    if (answer->status == SEE_OTHER && answer->location != NULL && answer->location[0] == '/')
        memory_replace_text(&outcome->promised, answer->location);
}

void callback_outcome_note_request(struct callback_outcome *outcome, const char *target)
{
    if (outcome->promised != NULL && strcmp(outcome->promised, target) == 0)
        memory_replace_text(&outcome->promised, NULL);
}

void callback_outcome_release(struct callback_outcome *outcome)
{
    free(outcome->body);
    free(outcome->location);
    free(outcome->promised);
    *outcome = (struct callback_outcome){0};
}
