/* SPDX-License-Identifier: Apache-2.0 */
/* A login by a code that is entered somewhere else, alone. */
#include "login/device_code.h"

#include "advice/authentik.h"
#include "base/clock.h"
#include "login/issuer.h"
#include "login/turn.h"
#include "login/verification.h"

enum { STATUS_MILLISECONDS = 1000, LIFETIME_LIMIT = 3600 * 1000 /* more than any code has */ };

struct attempt {
    struct device_flow flow;
    bool done;
};

static void flow_ended(void *data)
{
    struct attempt *attempt = data;
    attempt->done = true;
}

static void show_status(void *data)
{
    const struct attempt *attempt = data;
    int64_t left = device_flow_left(&attempt->flow);
    if (!attempt->done && attempt->flow.code.user_code != NULL)
        notice_say(&attempt->flow.context->config->notice, NOTICE_STATUS,
                   "%lld:%02lld left for the code %s at %s", (long long)(left / 60), (long long)(left % 60),
                   safe(attempt->flow.code.user_code), attempt->flow.code.verification_uri);
}

static bool timed_out(const struct attempt *attempt, struct error *err)
{
    const struct login_config *config = attempt->flow.context->config;
    error_set(err, ERROR_CALLBACK_TIMEOUT, "nobody finished the login in the browser within %d s",
              config->timeout_seconds);
    if (provider_kind(config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_device_timeout(attempt->flow.code.expires_in, err);
    return error_hint(
        err, "run the command again, with a longer --authentication-timeout-sec if that was too short");
}

static bool wait_for_person(struct attempt *attempt, struct error *err)
{
    struct login_context *context = attempt->flow.context;
    show_status(attempt);
    loop_every(context->loop, STATUS_MILLISECONDS, show_status, attempt);
    int64_t deadline = attempt->flow.deadline + (attempt->flow.code_outlasts_it ? LIFETIME_LIMIT : 0);
    enum loop_end end = loop_run(context->loop, &attempt->done, deadline, err);
    loop_never(context->loop, show_status, attempt);
    notice_say(&context->config->notice, NOTICE_STATUS, "%s", "");
    if (end == LOOP_DEADLINE)
        return timed_out(attempt, err);
    if (end == LOOP_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "the login was interrupted");
    if (end == LOOP_DONE && !attempt->flow.succeeded)
        *err = attempt->flow.error;
    return end == LOOP_DONE && attempt->flow.succeeded;
}

bool device_code_redeem(struct device_flow *flow, struct session *out, struct error *err)
{
    struct login_context *context = flow->context;
    struct verification source = {0};
    struct error advice = {0};
    cleanup_text_list struct text_list scopes = {0};
    if (!verification_run(context, &source, &flow->outcome.response, out, err))
        return false;
    login_wire_scopes(context, &scopes);
    if (out->refresh_token == NULL && authentik_hint_no_refresh_token(&context->provider, &scopes, &advice))
        notice_say(&context->config->notice, NOTICE_HINT, "%s", advice.hint);
    return true;
}

static bool run(struct attempt *attempt, struct session *out, bool *asked, struct error *err)
{
    struct login_context *context = attempt->flow.context;
    if (!device_flow_start(&attempt->flow, err))
        return false;
    turn_announce(context, "waiting for a device code to be approved", device_flow_address(&attempt->flow));
    *asked = true;
    issuer_start_keys(context);
    if (!wait_for_person(attempt, err))
        return false;
    turn_announce(context, "verifying the tokens", NULL);
    return device_code_redeem(&attempt->flow, out, err);
}

bool device_code_run(struct login_context *context, struct session *out, bool *asked, struct error *err)
{
    struct attempt attempt = {
        .flow = {.context = context,
                 .deadline = clock_monotonic() + context->config->timeout_seconds * INT64_C(1000),
                 .code_outlasts_it = !context->config->timeout_given,
                 .opens_browser = true,
                 .ended = flow_ended}};
    attempt.flow.data = &attempt;
    if (!issuer_discover(context, false, err) || !authentik_check_metadata(&context->provider, err) ||
        !token_request_check(context, err))
        return false;
    bool good = run(&attempt, out, asked, err);
    device_flow_stop(&attempt.flow);
    issuer_remember(context);
    return good;
}
