/* SPDX-License-Identifier: Apache-2.0 */
/* One screen with every way in; the first that succeeds wins. */
#include "login/doors.h"

#include <string.h>

#include "base/log.h"
#include "login/paste.h"
#include "login/prompt.h"
#include "net/terminal.h"

#define QUESTION "Paste the address: "

static void say(const struct doors *doors, const char *text)
{
    notice_say(&doors->context->config->notice, NOTICE_INFO, "%s", text);
}

/* A browser elsewhere finds our port only through a tunnel. */
static void show_tunnel(const struct doors *doors)
{
    const struct login_place *place = &doors->context->config->place;
    const char *colon = strrchr(doors->origin, ':');
    int64_t port = 0;
    if (colon == NULL || !text_to_number(colon + 1, 1, 65535, &port))
        return;
    cleanup_string char *line = NULL;
    if (place->ssh_target != NULL)
        line = memory_format("In a browser on your own machine it needs this, started there first: "
                             "ssh -N -L 127.0.0.1:%d:127.0.0.1:%d %s",
                             (int)port, (int)port, place->ssh_target);
    else if (place->no_callback != NULL && terminal_is_there())
        line = memory_format("latchkey runs %s: that address works where port %d of it can be reached.",
                             place->no_callback, (int)port);
    if (line != NULL)
        say(doors, line);
}

static void pasted(void *data, const char *text, size_t length)
{
    struct doors *doors = data;
    const struct login_context *context = doors->context;
    struct callback_expectation expected = {.state = doors->request->state,
                                            .issuer = context->config->issuer,
                                            .iss_required = context->provider.iss_parameter_supported};
    struct callback callback = {0};
    if (length == 0 || *doors->done) { /* the other doors stay open */
        terminal_prompt_quiet(doors->prompt);
        return;
    }
    enum callback_verdict verdict = paste_read(text, length, &expected, &callback, doors->error);
    if (verdict == CALLBACK_CODE || verdict == CALLBACK_ERROR || verdict == CALLBACK_REFUSED) {
        terminal_prompt_quiet(doors->prompt);
        callback_release(doors->callback);
        *doors->callback = callback;
        doors->pasted = true;
        doors->answered(doors->data, verdict != CALLBACK_CODE);
        return;
    }
    notice_say(&context->config->notice, NOTICE_WARNING, "%s", paste_complaint(verdict));
}

/* One door that closes says so; the login goes on. */
static void device_ended(void *data)
{
    struct doors *doors = data;
    if (*doors->done)
        return;
    if (!doors->device.succeeded) {
        log_line(1, "%s", doors->device.error.message);
        say(doors, "There are no more device codes; the other ways stay open.");
        return;
    }
    doors->by_device = true;
    doors->answered(doors->data, false);
}

static void open_device_door(struct doors *doors)
{
    struct login_context *context = doors->context;
    struct error err = {0};
    if (context->provider.device_authorization_endpoint == NULL)
        return;
    doors->device = (struct device_flow){.context = context,
                                         .deadline = doors->deadline,
                                         .side_door = true,
                                         .ended = device_ended,
                                         .data = doors};
    if (!device_flow_start(&doors->device, &err))
        log_line(1, "no device code is offered: %s", err.message);
}

static void ask_to_paste(struct doors *doors)
{
    notice_say(&doors->context->config->notice, NOTICE_INFO,
               "Or visit this one anywhere, and paste the address that the browser ends on (its page need "
               "not load): %s",
               doors->request->url);
}

static void listen(struct doors *doors)
{
    if (doors->prompt != NULL && !*doors->done)
        terminal_prompt_listen(doors->prompt, QUESTION, pasted, doors);
}

/* A program that started us may show what we write to a person, or to nobody: one that asked for the URL gets
 * it, and what kubectl calls not interactive gets no more than it has to. */
static bool may_write_more(const struct doors *doors)
{
    const struct login_config *config = doors->context->config;
    return config->place.may_prompt && !config->skip_open_browser;
}

void doors_open(struct doors *doors)
{
    struct error err = {0};
    if (doors->open)
        return;
    doors->open = true;
    show_tunnel(doors);
    if (!terminal_is_there())
        log_line(1, "no address can be pasted: stderr is no terminal");
    else if (prompt_open(doors->context, &doors->prompt, &err))
        ask_to_paste(doors);
    else
        log_line(1, "no address can be pasted: %s", err.message);
    if (terminal_is_there() || may_write_more(doors))
        open_device_door(doors);
    listen(doors);
}

void doors_rest(struct doors *doors)
{
    doors->device.resting = true;
    if (doors->prompt != NULL)
        terminal_prompt_quiet(doors->prompt);
}

void doors_reopen(struct doors *doors)
{
    doors->pasted = false;
    doors->device.resting = false;
    ask_to_paste(doors);
    listen(doors);
}

bool doors_hold_line(const struct doors *doors)
{
    return doors->prompt != NULL;
}

void doors_close(struct doors *doors)
{
    device_flow_stop(&doors->device);
    terminal_prompt_close(doors->prompt);
    doors->prompt = NULL;
}
