/* SPDX-License-Identifier: Apache-2.0 */
/* `get-token`: kubectl asks, we answer with an ExecCredential. */
#include "base/clock.h"
#include "command/command.h"
#include "command/login_options.h"
#include "command/token_output.h"
#include "crypto/jws.h"
#include "kubernetes/apiserver.h"
#include "kubernetes/exec_credential.h"
#include "login/background.h"
#include "login/context.h"
#include "login/login.h"

/* The API server does not say why it answers 401; the token shows what it may dislike. */
static void say_doubts(const struct login_config *config, const struct session *session)
{
    cleanup_text_list struct text_list lines = {0};
    struct error ignored = {0};
    json_t *claims = NULL;
    struct jws_header header = {0};
    if (!jws_read_claims(session->token, &claims, &ignored))
        return;
    bool inspected = jws_inspect(session->token, NULL, &header, &ignored);
    apiserver_doubts(inspected ? header.alg : NULL, claims, clock_wall(), &lines);
    command_show_notice(
        NOTICE_WARNING,
        "kubectl asks for the same token again and again: the API server probably refuses it");
    for (size_t i = 0; i < lines.count; i++)
        command_show_notice(NOTICE_HINT, lines.items[i]);
    if (!session->can_refresh && session->refresh_token == NULL) {
        cleanup_string char *hint = memory_format(
            "'%s login' with the same flags gets a new token from the provider", config->program);
        command_show_notice(NOTICE_HINT, hint);
    }
    jws_header_release(&header);
    json_decref(claims);
}

/* A refused token is renewed once a minute, in case its claims were out of date; that never fails the call.
 */
static void renew_refused(struct login_config *config, struct session *session)
{
    cleanup_session struct session renewed = {0};
    struct error ignored = {0};
    config->force_refresh = config->refresh_only = true;
    if (!login_run(config, &renewed, &ignored) || renewed.token == NULL)
        return;
    session_release(session);
    *session = renewed;
    renewed = (struct session){0};
}

static void refresh_session(const struct command_input *input)
{
    cleanup_login_options struct login_options login = {0};
    struct error ignored = {0};
    if (!login_options_fill(input, &login, &ignored))
        return;
    login_options_prepare_login(input, &login);
    background_refresh(&login.config);
}

/* An opaque token does not say whose it is; the session does. */
static void find_subject(const struct login_config *config, struct session *session)
{
    cleanup_login_rested struct login_rested rested = {0};
    struct error ignored = {0};
    if (session->subject != NULL)
        return;
    if (login_read_session(config, &rested, NULL, &ignored) && rested.found &&
        text_equal(rested.session.token, session->token))
        session->subject = steal(rested.session.subject);
}

bool command_get_token(const struct command_input *input, struct buffer *out, struct error *err)
{
    cleanup_login_options struct login_options login = {0};
    cleanup_session struct session session = {0};
    cleanup_exec_request struct exec_request request = {0};
    enum token_output output = TOKEN_OUTPUT_EXEC_CREDENTIAL;
    if (!login_options_fill(input, &login, err) ||
        !exec_request_parse(command_variable(input, "KUBERNETES_EXEC_INFO"), &request, err))
        return false;
    if (!token_output_choose(input->options->output, &request, &output, err))
        return false;
    login_options_warn(input);
    login.config.from_kubectl = request.present;
    login.config.place.may_prompt = !request.present || request.interactive;
    login.config.server = request.server;
    enum login_found found = login_find(&login.config, clock_wall(), &session);
    bool untouched = found == LOGIN_FOUND || found == LOGIN_FOUND_REPEATED;
    if (untouched && session_is_ageing(&session, clock_wall()) &&
        login_options_may_stay(input, &login.config))
        *input->rest = refresh_session;
    if (found == LOGIN_FOUND_RENEW)
        renew_refused(&login.config, &session);
    if (found == LOGIN_FOUND_RENEW || found == LOGIN_FOUND_REPEATED)
        say_doubts(&login.config, &session);
    if (found == LOGIN_FOUND_NOTHING) {
        login_options_prepare_login(input, &login);
        if (!command_check_stdout(err) || !login_run(&login.config, &session, err))
            return false;
    }
    if (output == TOKEN_OUTPUT_JSON)
        find_subject(&login.config, &session);
    if (output != TOKEN_OUTPUT_EXEC_CREDENTIAL)
        return token_output_write(output, &session, login.config.issuer, out, err);
    return exec_credential_write(request.version, session.token, session.expires_at, out, err);
}
