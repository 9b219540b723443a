/* SPDX-License-Identifier: Apache-2.0 */
/* `login`: a login right now, whatever the cache and the cool-down say. */
#include "base/clock.h"
#include "command/command.h"
#include "command/login_options.h"
#include "login/login.h"

bool command_login(const struct command_input *input, struct buffer *out, struct error *err)
{
    cleanup_login_options struct login_options login = {0};
    cleanup_session struct session session = {0};
    char left[CLOCK_DURATION_SIZE];
    if (!login_options_fill(input, &login, err))
        return false;
    login_options_warn(input);
    login.config.force_login = true;
    login_options_prepare_login(input, &login);
    if (!command_check_stdout(err) || !login_run(&login.config, &session, err))
        return false;
    clock_format_duration(session_remaining(&session, clock_wall()), left);
    buffer_add_format(out, "logged in as %s at %s, token good for %s\n", safe(session.username),
                      safe(login.config.issuer), left);
    return true;
}
