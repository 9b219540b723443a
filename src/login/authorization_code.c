/* SPDX-License-Identifier: Apache-2.0 */
/* One login in the browser, from the open port to the page that tells the outcome. */
#include "login/authorization_code.h"

#include <string.h>

#include "advice/authentik.h"
#include "base/clock.h"
#include "crypto/random.h"
#include "login/account.h"
#include "login/callback_page.h"
#include "login/code_request.h"
#include "login/device_code.h"
#include "login/doors.h"
#include "login/issuer.h"
#include "login/redirect.h"
#include "login/redirect_probe.h"
#include "login/token_request.h"
#include "login/turn.h"
#include "net/terminal.h"
#include "oidc/authorization.h"

/* The start page's name has 132 random bits, and the URL fits the status line of 80 columns. */
enum { WRONG_STATE_LIMIT = 64, STATUS_MILLISECONDS = 1000, FAREWELL_MILLISECONDS = 1000, START_LENGTH = 22 };

struct attempt {
    struct login_context *context;
    struct redirect redirect;
    struct code_request request;
    char *start_path, *callback_path, *visit;
    char *page; /* of the answer being given */
    struct browser *browser;
    struct doors doors;
    struct callback callback;
    bool done, refused; /* the callback came; it was a refusal, ERROR says which */
    unsigned wrong_states;
    int64_t deadline;
    struct error error;
};

static void attempt_release(struct attempt *attempt)
{
    doors_close(&attempt->doors);
    terminal_clear();
    browser_close(attempt->browser);
    redirect_release(&attempt->redirect);
    code_request_release(&attempt->request);
    memory_cleanup_string(&attempt->start_path);
    memory_cleanup_string(&attempt->callback_path);
    memory_cleanup_string(&attempt->visit);
    memory_cleanup_string(&attempt->page);
    callback_release(&attempt->callback);
}

static const char *done_path(const struct attempt *attempt)
{
    return strcmp(attempt->callback_path, "/done") == 0 ? "/outcome" : "/done";
}

static struct callback_answer answer_page(struct attempt *attempt, unsigned status, const char *title,
                                          const char *text)
{
    memory_cleanup_string(&attempt->page);
    attempt->page = callback_page_message(title, text);
    return (struct callback_answer){.status = status, .body = attempt->page};
}

static struct callback_answer finish_callback(struct attempt *attempt, bool refused)
{
    attempt->done = true;
    attempt->refused = refused;
    return (struct callback_answer){.status = 303, .location = done_path(attempt)};
}

/* One answer for a wrong state, a missing one and what cannot be read: nobody learns which it was (T-01). */
static struct callback_answer answer_stranger(struct attempt *attempt)
{
    return answer_page(attempt, 400, "Not this login",
                       "This answer does not belong to the login that is waiting here.");
}

static struct callback_answer answer_nothing(struct attempt *attempt)
{
    return answer_page(attempt, 404, "Not found", "There is nothing here.");
}

static struct callback_answer count_wrong_state(struct attempt *attempt)
{
    if (++attempt->wrong_states > WRONG_STATE_LIMIT) {
        attempt->done = attempt->refused = true;
        error_set(&attempt->error, ERROR_CALLBACK_STATE,
                  "the callback came %u times with a state that is not ours", attempt->wrong_states);
        error_hint(&attempt->error,
                   "a web page or another program is sending requests to the callback port: close it");
    }
    return answer_stranger(attempt);
}

/* The callback proper: judged on the raw target, state first. */
static struct callback_answer take_callback(struct attempt *attempt, const char *target, size_t length)
{
    struct login_context *context = attempt->context;
    struct callback_expectation expected = {.path = attempt->callback_path,
                                            .state = attempt->request.state,
                                            .issuer = context->config->issuer,
                                            .iss_required = context->provider.iss_parameter_supported};
    switch (callback_parse(target, length, &expected, &attempt->callback, &attempt->error)) {
    case CALLBACK_CODE:
        return finish_callback(attempt, false);
    case CALLBACK_ERROR:
    case CALLBACK_REFUSED:
        return finish_callback(attempt, true);
    case CALLBACK_WRONG_STATE:
        return count_wrong_state(attempt);
    case CALLBACK_MALFORMED:
        return answer_stranger(attempt);
    case CALLBACK_OTHER_PATH:
        break;
    }
    return answer_nothing(attempt);
}

static bool target_is(const char *target, size_t length, const char *path)
{
    return strlen(path) == length && memcmp(target, path, length) == 0;
}

/* A reload of ours, a second tab, a second callback: not the icon that a browser asks for besides. */
static bool target_is_ours(const struct attempt *attempt, const char *target, size_t length)
{
    const char *question = memchr(target, '?', length);
    size_t path = question != NULL ? (size_t)(question - target) : length;
    return target_is(target, path, attempt->start_path) ||
           (question != NULL && target_is(target, path, attempt->callback_path));
}

static struct callback_answer handle(void *data, const char *target, size_t length)
{
    struct attempt *attempt = data;
    if (attempt->visit == NULL)
        return answer_page(attempt, 404, "Not found", "The login has not begun yet.");
    if (attempt->done && target_is(target, length, done_path(attempt)))
        return (struct callback_answer){.status = 200, .wait = true};
    if (attempt->done && target_is_ours(attempt, target, length))
        return answer_page(attempt, 200, "Already answered",
                           "The login was answered in another window. You can close this one.");
    if (target_is(target, length, attempt->start_path))
        return (struct callback_answer){.status = 302, .location = attempt->request.url};
    return attempt->done ? answer_nothing(attempt) : take_callback(attempt, target, length);
}

static char *path_of_url(const char *url)
{
    const char *host = url != NULL ? strstr(url, "://") : NULL;
    const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
    return path != NULL ? memory_copy_bytes(path, strcspn(path, "?#")) : memory_copy_text("/");
}

static bool make_request(struct attempt *attempt, struct error *err)
{
    if (!code_request_make(attempt->context, attempt->redirect.uri, &attempt->request, err))
        return false;
    memory_cleanup_string(&attempt->visit);
    attempt->visit = memory_format("%s%s", attempt->redirect.origin, attempt->start_path);
    return true;
}

static bool prepare(struct attempt *attempt, struct error *err)
{
    const struct login_config *config = attempt->context->config;
    char start[RANDOM_TOKEN_SIZE];
    if (!random_token(start, err))
        return false;
    attempt->start_path = memory_format("/%.*s", START_LENGTH, start);
    attempt->callback_path = path_of_url(config->redirect_url);
    struct redirect_request request = {
        .handler = handle, .handler_context = attempt, .deadline = attempt->deadline};
    return redirect_open(attempt->context, &request, &attempt->redirect, err) && make_request(attempt, err);
}

static void ask_to_visit(const struct attempt *attempt, const char *manually)
{
    notice_say(&attempt->context->config->notice, NOTICE_INFO,
               "Please visit the following URL in your browser%s: %s", manually, attempt->visit);
}

static void answered(void *data, bool refused)
{
    struct attempt *attempt = data;
    attempt->done = true;
    attempt->refused = refused;
}

/* No browser of this machine will come: whoever sits here may have one elsewhere. */
static void open_doors(struct attempt *attempt, const char *manually)
{
    struct doors *doors = &attempt->doors;
    ask_to_visit(attempt, manually);
    if (doors->open)
        return;
    *doors = (struct doors){.context = attempt->context,
                            .request = &attempt->request,
                            .origin = attempt->redirect.origin,
                            .deadline = attempt->deadline,
                            .done = &attempt->done,
                            .callback = &attempt->callback,
                            .error = &attempt->error,
                            .answered = answered,
                            .data = attempt};
    doors_open(doors);
}

static void browser_ended(void *data, const char *reason)
{
    struct attempt *attempt = data;
    if (attempt->done)
        return;
    notice_say(&attempt->context->config->notice, NOTICE_WARNING, "could not open the browser: %s", reason);
    open_doors(attempt, " manually");
}

static void show_door(struct attempt *attempt)
{
    const struct login_config *config = attempt->context->config;
    struct browser_settings browser = config->browser;
    cleanup_string char *why = NULL;
    struct error err = {0};
    browser.failed = browser_ended;
    browser.context = attempt;
    if (config->skip_open_browser) {
        open_doors(attempt, "");
    } else if (!browser_available(&browser, &why)) {
        notice_say(&config->notice, NOTICE_WARNING, "could not open the browser: %s", why);
        open_doors(attempt, " manually");
    } else if (!browser_open(attempt->context->loop, &browser, attempt->visit, &attempt->browser, &err)) {
        browser_ended(attempt, err.message);
    }
}

static char *describe_wait(const struct attempt *attempt)
{
    int64_t left = (attempt->deadline - clock_monotonic()) / 1000;
    return memory_format("%lld:%02lld left to log in at %s", (long long)(left / 60), (long long)(left % 60),
                         attempt->visit);
}

static void show_status(void *data)
{
    const struct attempt *attempt = data;
    cleanup_string char *line = describe_wait(attempt);
    if (!attempt->done && !doors_hold_line(&attempt->doors))
        notice_say(&attempt->context->config->notice, NOTICE_STATUS, "%s", line);
}

/* On a terminal that has no room for the status, or cannot rewrite it, the address stands there once. */
static void show_address(const struct attempt *attempt)
{
    cleanup_string char *line = describe_wait(attempt);
    if (!attempt->doors.open && terminal_cuts(line))
        notice_say(&attempt->context->config->notice, NOTICE_INFO, "%s", line);
}

static bool timed_out(struct attempt *attempt, struct error *err)
{
    const struct login_config *config = attempt->context->config;
    redirect_probe_forget(attempt->context, attempt->redirect.uri);
    error_set(err, ERROR_CALLBACK_TIMEOUT, "nobody finished the login in the browser within %d s",
              config->timeout_seconds);
    if (provider_kind(config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_timeout(attempt->redirect.uri, account_hint(attempt->context), err);
    if (attempt->context->provider.device_authorization_endpoint != NULL)
        error_hint(err,
                   "where no browser can come back to this machine, log in with --grant-type=device-code");
    return error_hint(
        err, "run the command again, with a longer --authentication-timeout-sec if that was too short");
}

static bool wait_for_callback(struct attempt *attempt, struct error *err)
{
    struct login_context *context = attempt->context;
    show_address(attempt);
    show_status(attempt);
    loop_every(context->loop, STATUS_MILLISECONDS, show_status, attempt);
    enum loop_end end = loop_run(context->loop, &attempt->done, attempt->deadline, err);
    loop_never(context->loop, show_status, attempt);
    notice_say(&context->config->notice, NOTICE_STATUS, "%s", "");
    if (end == LOOP_DEADLINE)
        return timed_out(attempt, err);
    if (end == LOOP_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "the login was interrupted");
    if (end == LOOP_FAILED)
        return false;
    if (!attempt->refused)
        return true;
    *err = attempt->error;
    if (err->code == ERROR_CALLBACK_ERROR && provider_kind(context->config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_callback_error(attempt->callback.error, attempt->callback.error_description, err);
    return false;
}

/* Shows the outcome to whoever waits for it, but never keeps kubectl longer than a second. */
static void tell_browser(struct attempt *attempt, const struct session *session, const struct error *err)
{
    const struct login_config *config = attempt->context->config;
    memory_cleanup_string(&attempt->page);
    if (session != NULL) {
        struct callback_page_success success = {.user = session->username,
                                                .issuer = config->issuer,
                                                .valid_for = session_remaining(session, clock_wall()),
                                                .open_url = config->open_url};
        attempt->page = callback_page_success(&success);
    } else {
        attempt->page = callback_page_failure(err);
    }
    struct callback_answer answer = {.status = 200, .body = attempt->page};
    callback_server_release(attempt->redirect.server, &answer);
    callback_server_drain(attempt->redirect.server, FAREWELL_MILLISECONDS);
}

static bool redeem(struct attempt *attempt, struct session *out, struct error *err)
{
    struct login_context *context = attempt->context;
    turn_announce(context, "exchanging the code", NULL);
    if (attempt->doors.by_device)
        return device_code_redeem(&attempt->doors.device, out, err);
    return code_request_redeem(context, &attempt->request, attempt->callback.code, out, err);
}

/* A pasted code may be older than the provider keeps codes: the person is asked again, with a new address. */
static bool ask_again(struct attempt *attempt, struct error *err)
{
    if (!attempt->doors.pasted || !attempt->request.stale)
        return false;
    struct error refusal = *err;
    if (!make_request(attempt, err))
        return false;
    notice_say(&attempt->context->config->notice, NOTICE_WARNING,
               "the provider refused that code, which may have expired: here is a new address (%s)",
               refusal.message);
    error_clear(err);
    callback_release(&attempt->callback);
    attempt->done = false;
    turn_announce(attempt->context, "waiting for the browser", attempt->visit);
    doors_reopen(&attempt->doors);
    return true;
}

static bool run(struct attempt *attempt, struct session *out, bool *asked, struct error *err)
{
    struct login_context *context = attempt->context;
    bool good = false;
    if (!prepare(attempt, err))
        return false;
    turn_announce(context, "waiting for the browser", attempt->visit);
    *asked = true;
    show_door(attempt);
    issuer_start_keys(context);
    do {
        good = wait_for_callback(attempt, err);
        if (!good && !attempt->done)
            return false;
        doors_rest(&attempt->doors);
        good = good && redeem(attempt, out, err);
    } while (!good && ask_again(attempt, err));
    doors_close(&attempt->doors);
    tell_browser(attempt, good ? out : NULL, err);
    return good;
}

bool authorization_code_run(struct login_context *context, struct session *out, bool *asked,
                            struct error *err)
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
