/* SPDX-License-Identifier: Apache-2.0 */
/* Logs in with a name and a password, asked for where they are not given. */
#include "login/password.h"

#include "advice/authentik.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "login/issuer.h"
#include "login/prompt.h"
#include "login/token_request.h"
#include "login/turn.h"
#include "login/verification.h"

enum { TRIES = 3 };

struct attempt {
    struct login_context *context;
    struct terminal_prompt *prompt; /* NULL while nothing had to be asked */
    char *username, *password;      /* secrets */
    bool asked_password, *asked;
    int64_t deadline;
};

static void attempt_release(struct attempt *attempt)
{
    terminal_prompt_close(attempt->prompt);
    memory_free_secret(attempt->username);
    memory_free_secret(attempt->password);
}

static bool ask(struct attempt *attempt, const char *text, bool hidden, char **answer, struct error *err)
{
    struct terminal_question question = {.text = text, .hidden = hidden, .deadline = attempt->deadline};
    if (attempt->prompt == NULL && !prompt_open(attempt->context, &attempt->prompt, err)) {
        error_prefix(err, "the password grant needs a %s", hidden ? "password" : "user name");
        bool lasts = attempt->context->config->cache_candidates[0] != NULL;
        return error_hint(
            err, "set LATCHKEY_USERNAME and LATCHKEY_PASSWORD (or LATCHKEY_PASSWORD_FILE)%s%s%s",
            lasts ? ", or log in first with '" : "", lasts ? attempt->context->config->program : "",
            lasts ? " login' at a terminal" : "");
    }
    *attempt->asked = true;
    memory_free_secret(*answer);
    *answer = NULL;
    if (!terminal_prompt_ask(attempt->prompt, &question, answer, err))
        return false;
    if ((*answer)[0] != '\0')
        return true;
    return error_set(err, ERROR_CONFIG, "no %s was entered", hidden ? "password" : "user name");
}

static bool gather(struct attempt *attempt, struct error *err)
{
    const struct login_config *config = attempt->context->config;
    attempt->username = memory_copy_text(config->username);
    attempt->password = memory_copy_text(config->password);
    if (attempt->username == NULL || attempt->password == NULL)
        turn_announce(attempt->context, "waiting for a password", NULL);
    if (attempt->username == NULL && !ask(attempt, "Username: ", false, &attempt->username, err))
        return false;
    attempt->asked_password = attempt->password == NULL;
    return !attempt->asked_password || ask(attempt, "Password: ", true, &attempt->password, err);
}

static void advise(const struct attempt *attempt, const struct token_outcome *outcome, struct error *err)
{
    const struct login_config *config = attempt->context->config;
    struct authentik_token_request request = {.grant = "password",
                                              .has_secret = token_request_has_secret(attempt->context)};
    bool unknown = text_equal(outcome->failed.oauth_error, "unsupported_grant_type") ||
                   text_equal(outcome->failed.oauth_error, "unauthorized_client");
    if (outcome->answered && provider_kind(config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_token_error(&outcome->failed, &request, err);
    else if (unknown)
        error_hint(
            err, "most providers have no password grant any more: use --grant-type=authcode or device-code");
    else if (outcome->failed.failure == TOKEN_FAILURE_GRANT)
        error_hint(err,
                   "check the user name and the password; an account with a second factor cannot log in so");
}

static bool send(struct attempt *attempt, struct token_outcome *outcome, struct error *err)
{
    cleanup_buffer struct buffer form = BUFFER_SECRET(TOKEN_FORM_LIMIT);
    cleanup_text_list struct text_list scopes = {0};
    login_wire_scopes(attempt->context, &scopes);
    cleanup_string char *scope = text_list_join(&scopes, " ");
    encoding_form_pair("grant_type", "password", &form);
    encoding_form_pair("username", attempt->username, &form);
    encoding_form_pair("password", attempt->password, &form);
    encoding_form_pair("scope", scope, &form);
    return token_request_send(attempt->context, &form, true, outcome, err);
}

/* A password that was typed may have been mistyped. */
static bool send_until_right(struct attempt *attempt, struct token_outcome *outcome, struct error *err)
{
    for (unsigned tries = 1; !send(attempt, outcome, err); tries++) {
        bool wrong = outcome->answered && text_equal(outcome->failed.oauth_error, "invalid_grant");
        if (!wrong || !attempt->asked_password || tries == TRIES) {
            advise(attempt, outcome, err);
            return error_prefix(err, "could not log in with the password");
        }
        notice_say(&attempt->context->config->notice, NOTICE_WARNING, "the provider refused the password: %s",
                   err->message);
        token_outcome_release(outcome);
        error_clear(err);
        if (!ask(attempt, "Password: ", true, &attempt->password, err))
            return false;
    }
    return true;
}

static bool run(struct attempt *attempt, struct session *out, struct error *err)
{
    struct login_context *context = attempt->context;
    cleanup_token_outcome struct token_outcome outcome = {0};
    struct verification source = {0};
    notice_say(&context->config->notice, NOTICE_WARNING,
               "the password grant is deprecated and gone from OAuth 2.1, because every program that uses it "
               "sees the password: prefer --grant-type=authcode or device-code");
    if (!gather(attempt, err))
        return false;
    /* A wrong password that is sent again and again locks accounts: the cool-down holds for it as well. */
    *attempt->asked = true;
    turn_announce(context, "logging in", NULL);
    issuer_start_keys(context);
    return send_until_right(attempt, &outcome, err) &&
           verification_run(context, &source, &outcome.response, out, err);
}

bool password_run(struct login_context *context, struct session *out, bool *asked, struct error *err)
{
    struct attempt attempt = {.context = context,
                              .asked = asked,
                              .deadline =
                                  clock_monotonic() + context->config->timeout_seconds * INT64_C(1000)};
    if (!issuer_discover(context, false, err) || !authentik_check_metadata(&context->provider, err) ||
        !token_request_check(context, err))
        return false;
    bool good = run(&attempt, out, err);
    attempt_release(&attempt);
    issuer_remember(context);
    return good;
}
