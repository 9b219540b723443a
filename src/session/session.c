/* SPDX-License-Identifier: Apache-2.0 */
/* How long a session is still good for, by two clocks. */
#include "session/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { CLOCK_TOLERANCE = 60, MARGIN_MAXIMUM = 60, MARGIN_DIVISOR = 10, AGEING_DIVISOR = 3 };

void session_release(struct session *session)
{
    memory_free_secret(session->token);
    memory_free_secret(session->refresh_token);
    memory_free_secret(session->nonce);
    free(session->subject);
    free(session->username);
    free(session->stands_for);
    *session = (struct session){0};
}

static int64_t subtract(int64_t a, int64_t b)
{
    int64_t result;
    if (__builtin_sub_overflow(a, b, &result))
        return b > 0 ? INT64_MIN : INT64_MAX;
    return result;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t session_remaining(const struct session *session, int64_t now)
{
    int64_t age = subtract(now, session->obtained_at);
    if (age < -CLOCK_TOLERANCE)
        return 0;
    return smaller(subtract(session->expires_at, now), subtract(session->lifetime, age));
}

bool session_wants_refresh(const struct session *session, int64_t now)
{
    int64_t remaining = session_remaining(session, now);
    if (remaining <= 0)
        return true;
    return remaining < MARGIN_MAXIMUM && remaining * MARGIN_DIVISOR < session->lifetime;
}

bool session_is_ageing(const struct session *session, int64_t now)
{
    return session_remaining(session, now) <= session->lifetime / AGEING_DIVISOR;
}
