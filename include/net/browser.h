/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the user's browser: a fixed argv, never a shell, never waited for (security T-20). */
#ifndef NET_BROWSER_H
#define NET_BROWSER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "net/loop.h"

/* All borrowed. Values of the environment come from command/. */
struct browser_settings {
    const char *command;     /* --browser-command: an executable as a whole, else split at spaces outside quotes; NULL */
    const char *browser;     /* $BROWSER: colon-separated commands, %s is the URL; NULL */
    const char *path;        /* $PATH; fallbacks in /usr/local/bin, /usr/bin, /bin are tried as well */
    bool has_display;        /* DISPLAY or WAYLAND_DISPLAY, or WSL */
    bool is_wsl;
    const struct text_list *secrets; /* names of environment variables that the child must not see */
};
/* False, with *WHY, when nothing can be opened here: no command, no BROWSER, no display or no opener. */
bool browser_available(const struct browser_settings *settings, const char **why);
/* Starts it: new session, fds 0..2 on /dev/null, all others closed, default signals. URL must be http(s) with RFC 3986
 * characters only, at most 8 KiB. FAILED is called from the loop when the child ends with a status other than 0 within
 * a few seconds. */
typedef void browser_failed(void *context, const char *reason);
bool browser_open(struct loop *loop, const struct browser_settings *settings, const char *url, browser_failed *failed,
                  void *context, struct error *err) must_check;
/* Splits a command as --browser-command does, for tests. */
bool browser_split(const char *command, struct text_list *words, struct error *err) must_check;

#endif
