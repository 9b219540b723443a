/* SPDX-License-Identifier: Apache-2.0 */
/* Shows the provider's own address and takes what was pasted. */
#include "login/keyboard.h"

#include <string.h>

#include "advice/authentik.h"
#include "base/clock.h"
#include "login/code_request.h"
#include "login/issuer.h"
#include "login/paste.h"
#include "login/prompt.h"
#include "login/token_request.h"
#include "login/turn.h"

struct attempt {
    struct login_context *context;
    struct code_request request;
    struct terminal_prompt *prompt;
    struct callback callback;
    bool done, good;
    int64_t deadline;
    struct error error;
};

static void attempt_release(struct attempt *attempt)
{
    terminal_prompt_close(attempt->prompt);
    code_request_release(&attempt->request);
    callback_release(&attempt->callback);
}

static void finish(struct attempt *attempt, bool good)
{
    attempt->done = true;
    attempt->good = good;
    terminal_prompt_quiet(attempt->prompt);
}

static void pasted(void *data, const char *text, size_t length)
{
    struct attempt *attempt = data;
    const struct login_context *context = attempt->context;
    struct callback_expectation expected = {.state = attempt->request.state,
                                            .issuer = context->config->issuer,
                                            .iss_required = context->provider.iss_parameter_supported};
    if (length == 0) {
        error_set(&attempt->error, ERROR_INTERRUPTED,
                  "the login was interrupted: the terminal's input has ended");
        finish(attempt, false);
        return;
    }
    callback_release(&attempt->callback);
    enum callback_verdict verdict = paste_read(text, length, &expected, &attempt->callback, &attempt->error);
    if (verdict == CALLBACK_CODE)
        finish(attempt, true);
    else if (verdict == CALLBACK_ERROR || verdict == CALLBACK_REFUSED)
        finish(attempt, false);
    else
        notice_say(&context->config->notice, NOTICE_WARNING, "%s", paste_complaint(verdict));
}

/* Somebody has to be allowed to come back to where nobody listens: the first of our usual addresses, unless
 * told otherwise. Owned by the caller. */
static char *redirect_uri(const struct login_config *config)
{
    const struct text_list *addresses = config->listen_addresses;
    const char *colon = addresses->count > 0 ? strrchr(addresses->items[0], ':') : NULL;
    int64_t port = 0;
    if (config->redirect_url != NULL)
        return memory_copy_text(config->redirect_url);
    if (colon == NULL || !text_to_number(colon + 1, 1, 65535, &port))
        port = 8000;
    return memory_format("http://localhost:%d", (int)port);
}

static bool show(struct attempt *attempt, struct error *err)
{
    const struct notice *notice = &attempt->context->config->notice;
    cleanup_string char *uri = redirect_uri(attempt->context->config);
    if (!code_request_make(attempt->context, uri, &attempt->request, err))
        return false;
    notice_say(notice, NOTICE_INFO, "Please visit the following URL in your browser: %s",
               attempt->request.url);
    notice_say(notice, NOTICE_INFO,
               "The page that it ends on need not load: paste its address here, or the code that it shows.");
    return true;
}

static bool wait_for_person(struct attempt *attempt, struct error *err)
{
    struct login_context *context = attempt->context;
    attempt->done = false;
    turn_announce(context, "waiting for a pasted code", NULL);
    terminal_prompt_listen(attempt->prompt, "Enter code: ", pasted, attempt);
    enum loop_end end = loop_run(context->loop, &attempt->done, attempt->deadline, err);
    terminal_prompt_quiet(attempt->prompt);
    if (end == LOOP_DEADLINE) {
        error_set(err, ERROR_CALLBACK_TIMEOUT, "nobody pasted the code within %d s",
                  context->config->timeout_seconds);
        return error_hint(
            err, "run the command again, with a longer --authentication-timeout-sec if that was too short");
    }
    if (end == LOOP_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "the login was interrupted");
    if (end == LOOP_FAILED)
        return false;
    if (attempt->good)
        return true;
    *err = attempt->error;
    if (err->code == ERROR_CALLBACK_ERROR && provider_kind(context->config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_callback_error(attempt->callback.error, attempt->callback.error_description, err);
    return false;
}

static bool run(struct attempt *attempt, struct session *out, bool *asked, struct error *err)
{
    struct login_context *context = attempt->context;
    if (!prompt_open(context, &attempt->prompt, err)) {
        error_prefix(err, "a code cannot be pasted");
        return error_hint(err,
                          "run '%s login --grant-type=authcode-keyboard' at a terminal, with the same flags",
                          context->config->program);
    }
    for (;;) {
        if (!show(attempt, err))
            return false;
        *asked = true;
        issuer_start_keys(context);
        if (!wait_for_person(attempt, err))
            return false;
        turn_announce(context, "exchanging the code", NULL);
        if (code_request_redeem(context, &attempt->request, attempt->callback.code, out, err))
            return true;
        if (!attempt->request.stale)
            return false;
        notice_say(&context->config->notice, NOTICE_WARNING,
                   "the provider refused that code, which may have expired: here is a new address (%s)",
                   err->message);
        error_clear(err);
    }
}

bool keyboard_run(struct login_context *context, struct session *out, bool *asked, struct error *err)
{
    struct attempt attempt = {
        .context = context, .deadline = clock_monotonic() + context->config->timeout_seconds * INT64_C(1000)};
    if (!code_request_discover(context, err))
        return false;
    bool good = run(&attempt, out, asked, err);
    attempt_release(&attempt);
    issuer_remember(context);
    return good;
}
