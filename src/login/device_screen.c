/* SPDX-License-Identifier: Apache-2.0 */
/* Says where to enter which code. */
#include "login/device_screen.h"

#include "base/clock.h"
#include "base/log.h"
#include "login/qr_code.h"
#include "net/terminal.h"

enum { QR_LIMIT = 1 << 19, SHORT_LIFE = 120 };

/* Whoever has a telephone at hand need not type. */
static void show_qr_code(const struct device_flow *flow)
{
    const struct login_config *config = flow->context->config;
    struct qr_code_screen screen = {.columns = terminal_columns(), .utf8 = config->place.shows_utf8};
    cleanup_buffer struct buffer picture = BUFFER(QR_LIMIT);
    struct error err = {0};
    bool fits = false;
    if (!terminal_is_interactive() || config->notice.say == NULL)
        return;
    if (!qr_code_draw(device_flow_address(flow), &screen, &picture, &fits, &err)) {
        if (flow->codes == 1)
            notice_say(&config->notice, NOTICE_HINT, "no QR code can be shown: %s%s%s", err.message,
                       err.hint[0] != '\0' ? "; " : "", err.hint);
    } else if (fits) {
        config->notice.say(config->notice.context, NOTICE_INFO, buffer_text(&picture));
    } else {
        log_line(1, "the terminal is too narrow for a QR code");
    }
}

static void open_browser(struct device_flow *flow)
{
    const struct login_config *config = flow->context->config;
    cleanup_string char *why = NULL;
    struct error err = {0};
    if (!flow->opens_browser || config->skip_open_browser || flow->codes > 1)
        return;
    if (!browser_available(&config->browser, &why))
        log_line(1, "no browser is opened: %s", why);
    else if (!browser_open(flow->context->loop, &config->browser, device_flow_address(flow), &flow->browser,
                           &err))
        notice_say(&config->notice, NOTICE_WARNING, "could not open the browser: %s", err.message);
}

/* Authentik gives a minute for a name, a password and a second factor; the login may end before that. */
static void show_lifetime(const struct device_flow *flow)
{
    char lifetime[CLOCK_DURATION_SIZE];
    int64_t seconds = flow->code.expires_in, left = (flow->deadline - clock_monotonic() + 500) / 1000;
    bool is_whole = flow->code_outlasts_it || flow->expires_at <= flow->deadline;
    bool is_last = flow->codes >= DEVICE_CODES_LIMIT || flow->expires_at >= flow->deadline;
    if (!is_whole && left < seconds)
        seconds = left > 0 ? left : 0;
    if (seconds > SHORT_LIFE)
        return;
    clock_format_duration(seconds, lifetime);
    notice_say(&flow->context->config->notice, NOTICE_INFO, "The code is good for %s%s.", lifetime,
               is_last ? ", it is the last one" : "; after that a new one is shown");
}

void device_screen_show(struct device_flow *flow)
{
    const struct notice *notice = &flow->context->config->notice;
    const struct device_authorization *code = &flow->code;
    notice_say(notice, NOTICE_INFO, "%s: %s",
               flow->side_door ? "Or use any other device" : "Please visit the following URL in your browser",
               device_flow_address(flow));
    if (code->verification_uri_complete != NULL)
        notice_say(notice, NOTICE_INFO, "It shows the code %s; at %s the code can be entered as well.",
                   safe(code->user_code), code->verification_uri);
    else
        notice_say(notice, NOTICE_INFO, "Please enter the following code when asked in your browser: %s",
                   safe(code->user_code));
    show_lifetime(flow);
    show_qr_code(flow);
    open_browser(flow);
}
