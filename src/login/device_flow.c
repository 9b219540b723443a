/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for a code, polls as slowly as it was told to, and starts again when nobody came in time. */
#include "login/device_flow.h"

#include <string.h>

#include "advice/authentik.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/log.h"
#include "crypto/random.h"
#include "login/device_page.h"
#include "login/device_screen.h"

enum {
    START_TRIES = 3,
    START_PAUSE = 5000,
    SLOW_DOWN = 5000,
    INTERVAL_LIMIT = 60000,
    REST = 200,
    GRACE = 1000 /* of the last poll: a second after the end it may still find an approval */
};

static bool wants_pkce(const struct login_context *context)
{
    enum pkce_method method = context->config->pkce_method;
    return method == PKCE_ALWAYS ||
           (method == PKCE_AUTO && text_list_contains(&context->provider.pkce_methods, "S256"));
}

static bool add_challenge(struct device_flow *flow, struct buffer *form, struct error *err)
{
    char verifier[RANDOM_TOKEN_SIZE];
    struct pkce pkce;
    memory_wipe(flow->verifier, sizeof(flow->verifier));
    if (!wants_pkce(flow->context))
        return true;
    if (!random_token(verifier, err))
        return false;
    pkce_derive(verifier, &pkce);
    memory_wipe(verifier, sizeof(verifier));
    memcpy(flow->verifier, pkce.verifier, sizeof(flow->verifier));
    encoding_form_pair("code_challenge", pkce.challenge, form);
    encoding_form_pair("code_challenge_method", "S256", form);
    pkce_wipe(&pkce);
    return true;
}

static void advise(const struct device_flow *flow, const struct token_error *failed, struct error *err)
{
    const struct login_config *config = flow->context->config;
    struct authentik_token_request request = {.grant = DEVICE_CODE_GRANT,
                                              .has_secret = token_request_has_secret(flow->context)};
    if (provider_kind(config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_token_error(failed, &request, err);
    else if (text_equal(failed->oauth_error, "unauthorized_client") ||
             text_equal(failed->oauth_error, "unsupported_grant_type") ||
             text_equal(failed->oauth_error, "invalid_client"))
        error_hint(err, "the provider must allow the client '%s' the grant '%s'", safe(config->client_id),
                   DEVICE_CODE_GRANT);
}

static bool request_code(struct device_flow *flow, struct token_error *failed, struct error *err)
{
    struct login_context *context = flow->context;
    cleanup_buffer struct buffer form = BUFFER_SECRET(TOKEN_FORM_LIMIT);
    cleanup_text_list struct text_list scopes = {0};
    cleanup_http_response struct http_response response = {0};
    *failed = (struct token_error){.retry_after = -1};
    login_wire_scopes(context, &scopes);
    cleanup_string char *scope = text_list_join(&scopes, " ");
    encoding_form_pair("scope", scope, &form);
    struct token_post post = {.what = "the device authorization response",
                              .url = context->provider.device_authorization_endpoint,
                              .form = &form};
    if (!add_challenge(flow, &form, err) || !token_request_post(context, &post, &response, err))
        return false;
    struct token_http http = token_request_answer(&response);
    return device_authorization_parse(context->config->issuer, &http, &flow->code, failed, err);
}

/* The server is busy with others: whoever sits behind the same address shares its limit. */
static bool wait_for_turn(struct device_flow *flow, const struct token_error *failed, unsigned tries,
                          struct error *err)
{
    struct login_context *context = flow->context;
    int64_t pause = failed->retry_after >= 0 ? failed->retry_after * 1000 : START_PAUSE * (int64_t)tries;
    int64_t until = clock_monotonic() + pause;
    bool never = false;
    if (until >= flow->deadline)
        return false;
    log_line(1, "the provider is too busy for a device code: asked again in %lld s", (long long)pause / 1000);
    notice_say(&context->config->notice, NOTICE_STATUS, "the provider is busy, it is asked again in %lld s",
               (long long)(pause + 999) / 1000);
    enum loop_end end = loop_run(context->loop, &never, until, err);
    notice_say(&context->config->notice, NOTICE_STATUS, "%s", "");
    if (end == LOOP_INTERRUPTED)
        error_set(err, ERROR_INTERRUPTED, "the login was interrupted");
    return end == LOOP_DEADLINE;
}

static bool get_code(struct device_flow *flow, struct error *err)
{
    struct token_error failed;
    device_authorization_release(&flow->code);
    for (unsigned tries = 1;; tries++) {
        int64_t sent = clock_monotonic();
        if (request_code(flow, &failed, err)) {
            flow->expires_at = sent + flow->code.expires_in * 1000;
            flow->interval = flow->code.interval * 1000;
            flow->asked_at = clock_monotonic();
            flow->codes++;
            return true;
        }
        bool busy = failed.failure == TOKEN_FAILURE_TEMPORARY && !failed.masked;
        if (!busy || flow->side_door || tries == START_TRIES || !wait_for_turn(flow, &failed, tries, err))
            break;
        error_clear(err);
    }
    advise(flow, &failed, err);
    return error_prefix(err, "could not get a device code");
}

static void finish(struct device_flow *flow, bool succeeded)
{
    flow->running = false;
    flow->succeeded = succeeded;
    flow->ended(flow->data);
}

static void poll(void *data);

/* Not sooner than the interval after the answer before (DEV-03). The last poll comes with the code's end, or
 * a moment after it: who agreed in the last seconds has been in time. */
static void plan(struct device_flow *flow)
{
    int64_t now = clock_monotonic(), at = flow->asked_at + flow->interval;
    int64_t end = flow->expires_at + GRACE;
    bool is_last = at < flow->expires_at && at + flow->interval > end;
    if (is_last || at > end)
        at = flow->expires_at;
    loop_after(flow->context->loop, at > now ? (int)(at - now) : 0, poll, flow);
}

static bool show_code(struct device_flow *flow)
{
    device_screen_show(flow);
    plan(flow);
    return true;
}

static void give_up(struct device_flow *flow)
{
    char lifetime[CLOCK_DURATION_SIZE];
    const struct login_config *config = flow->context->config;
    clock_format_duration(flow->code.expires_in, lifetime);
    if (flow->codes == 1)
        error_set(&flow->error, ERROR_CALLBACK_TIMEOUT,
                  "nobody finished the login: the device code has expired after %s", lifetime);
    else
        error_set(&flow->error, ERROR_CALLBACK_TIMEOUT,
                  "nobody finished the login: %u device codes have expired, the last after %s", flow->codes,
                  lifetime);
    if (provider_kind(config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_device_timeout(flow->code.expires_in, &flow->error);
    error_hint(&flow->error, "run the command again when you are ready to enter the code");
    finish(flow, false);
}

/* The person was too slow for this code, which is no reason to make them start all over. */
static void renew(struct device_flow *flow)
{
    char lifetime[CLOCK_DURATION_SIZE];
    const struct notice *notice = &flow->context->config->notice;
    if (flow->codes >= DEVICE_CODES_LIMIT || clock_monotonic() >= flow->deadline) {
        give_up(flow);
        return;
    }
    clock_format_duration(flow->code.expires_in, lifetime);
    notice_say(notice, NOTICE_INFO, "The code %s has expired after %s. Here is a new one.",
               safe(flow->code.user_code), lifetime);
    if (get_code(flow, &flow->error))
        show_code(flow);
    else
        finish(flow, false);
}

/* There is no time left for this code. */
static bool is_too_late(const struct device_flow *flow)
{
    return !flow->code_outlasts_it && clock_monotonic() >= flow->deadline;
}

static bool is_over(const struct device_flow *flow, int64_t margin)
{
    return clock_monotonic() + margin >= flow->expires_at;
}

static void slow_down(struct device_flow *flow, int64_t by)
{
    flow->interval += by;
    if (flow->interval > INTERVAL_LIMIT)
        flow->interval = INTERVAL_LIMIT;
    log_line(1, "polls are %lld s apart from now on", (long long)flow->interval / 1000);
}

/* Asked too often, or the server has other troubles: the next poll comes later. */
static void take_pause(struct device_flow *flow)
{
    const struct token_error *failed = &flow->outcome.failed;
    if (!flow->outcome.answered)
        slow_down(flow, flow->interval);
    else if (failed->retry_after * 1000 > flow->interval)
        slow_down(flow, failed->retry_after * 1000 - flow->interval);
    else if (text_equal(failed->oauth_error, "slow_down") || flow->outcome.status == 429)
        slow_down(flow, SLOW_DOWN);
    else
        slow_down(flow, flow->interval);
}

enum poll_verdict { POLL_WAITS, POLL_PAUSES, POLL_EXPIRED, POLL_FAILED };

/* Authentik says invalid_grant for a code that has expired, and a little early by our clock. */
static enum poll_verdict judge(const struct device_flow *flow)
{
    const char *code = flow->outcome.failed.oauth_error;
    if (!flow->outcome.answered)
        return error_is_network(&flow->error) ? POLL_PAUSES : POLL_FAILED;
    if (text_equal(code, "authorization_pending"))
        return POLL_WAITS;
    if (text_equal(code, "expired_token") ||
        (text_equal(code, "invalid_grant") && is_over(flow, flow->interval)))
        return POLL_EXPIRED;
    if (text_equal(code, "slow_down") || flow->outcome.failed.failure == TOKEN_FAILURE_TEMPORARY)
        return POLL_PAUSES;
    return POLL_FAILED;
}

static void fail(struct device_flow *flow)
{
    const char *code = flow->outcome.failed.oauth_error;
    if (text_equal(code, "access_denied"))
        error_hint(&flow->error, "the login was refused in the browser, or the account may not use '%s'",
                   safe(flow->context->config->client_id));
    else if (flow->outcome.answered)
        advise(flow, &flow->outcome.failed, &flow->error);
    error_prefix(&flow->error, "the device login failed");
    finish(flow, false);
}

static bool ask(struct device_flow *flow)
{
    cleanup_buffer struct buffer form = BUFFER_SECRET(TOKEN_FORM_LIMIT);
    token_outcome_release(&flow->outcome);
    error_clear(&flow->error);
    encoding_form_pair("grant_type", DEVICE_CODE_GRANT, &form);
    encoding_form_pair("device_code", flow->code.device_code, &form);
    if (flow->verifier[0] != '\0')
        encoding_form_pair("code_verifier", flow->verifier, &form);
    bool good = token_request_send(flow->context, &form, false, &flow->outcome, &flow->error);
    flow->asked_at = clock_monotonic();
    return good;
}

static void go_on(struct device_flow *flow, bool last)
{
    enum poll_verdict verdict = judge(flow);
    if (verdict == POLL_FAILED) {
        fail(flow);
        return;
    }
    if (verdict == POLL_PAUSES)
        take_pause(flow);
    error_clear(&flow->error);
    if (last || verdict == POLL_EXPIRED || is_too_late(flow))
        renew(flow);
    else
        plan(flow);
}

/* Runs the loop inside of itself while the answer is on its way: another door may open meanwhile. */
static void poll(void *data)
{
    struct device_flow *flow = data;
    if (flow->resting) {
        loop_after(flow->context->loop, REST, poll, flow);
        return;
    }
    bool last = is_over(flow, 0), too_soon = clock_monotonic() < flow->asked_at + flow->interval;
    if (last && too_soon) {
        renew(flow);
        return;
    }
    bool good = ask(flow);
    if (!flow->running || loop_interrupted(flow->context->loop))
        return;
    if (good)
        finish(flow, true);
    else
        go_on(flow, last);
}

static bool check(const struct device_flow *flow, struct error *err)
{
    if (flow->context->provider.device_authorization_endpoint != NULL)
        return true;
    error_set(err, ERROR_UNSUPPORTED,
              "the provider '%s' has no device login: its metadata names no "
              "device_authorization_endpoint",
              safe(flow->context->config->issuer));
    return error_hint(err, "use --grant-type=authcode, or authcode-keyboard where no browser is at hand");
}

bool device_flow_start(struct device_flow *flow, struct error *err)
{
    if (!check(flow, err) || !device_page_check(flow->context, err) || !get_code(flow, err))
        return false;
    flow->running = true;
    return show_code(flow);
}

void device_flow_stop(struct device_flow *flow)
{
    flow->running = false;
    if (flow->context != NULL && flow->context->loop != NULL)
        loop_never(flow->context->loop, poll, flow);
    browser_close(flow->browser);
    flow->browser = NULL;
    token_outcome_release(&flow->outcome);
    device_authorization_release(&flow->code);
    memory_wipe(flow->verifier, sizeof(flow->verifier));
}

const char *device_flow_address(const struct device_flow *flow)
{
    const struct device_authorization *code = &flow->code;
    return code->verification_uri_complete != NULL ? code->verification_uri_complete : code->verification_uri;
}

int64_t device_flow_left(const struct device_flow *flow)
{
    bool whole = flow->code_outlasts_it || flow->expires_at < flow->deadline;
    int64_t end = whole ? flow->expires_at : flow->deadline;
    int64_t left = (end - clock_monotonic()) / 1000;
    return left > 0 ? left : 0;
}
