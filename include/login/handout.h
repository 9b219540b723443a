/* SPDX-License-Identifier: Apache-2.0 */
/* Notices when one token is handed out to one parent again and again: the API server probably refuses it. */
#ifndef LOGIN_HANDOUT_H
#define LOGIN_HANDOUT_H

#include <stdbool.h>
#include <stdint.h>

enum handout_verdict {
    HANDOUT_ORDINARY,
    HANDOUT_REPEATED, /* the third of one token to one parent within 10 s */
    HANDOUT_RENEW     /* the third or a later one, and no refresh was forced for this within a minute */
};
/* Counts this hand-out in DIRECTORY/NAME.handout: one unsynced write, no lock; every failure is
 * HANDOUT_ORDINARY. */
enum handout_verdict handout_count(int directory, const char *name, const char *token, int64_t now);

#endif
