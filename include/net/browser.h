/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the user's browser: a fixed argv, never a shell, never waited for (security T-20). */
#ifndef NET_BROWSER_H
#define NET_BROWSER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "net/loop.h"

/* Called from the loop when the browser's opener ends with a status other than 0 within a few seconds.
 * REASON is for people: "xdg-open ended with status 3". */
typedef void browser_failed(void *context, const char *reason);

/* All borrowed. Values of the environment come from command/; FAILED and CONTEXT from whoever opens. */
struct browser_settings {
    const char *command; /* --browser-command: an executable as a whole, else words (browser_words); NULL */
    const char *browser; /* $BROWSER: colon-separated commands, %s is the URL; NULL */
    const char *path;    /* $PATH; fallbacks in /usr/local/bin, /usr/bin, /bin are tried as well */
    bool has_display;    /* DISPLAY or WAYLAND_DISPLAY, or WSL */
    bool is_wsl;
    const char *why_not;             /* why there is no display, where more is known than that; NULL */
    const struct text_list *secrets; /* names of variables that the child must not see; NULL for none */
    browser_failed *failed;          /* NULL when nobody wants to know */
    void *context;
};
/* False, with *WHY, when nothing can be opened here: no command, no BROWSER, no display or no opener. WHY
 * belongs to the caller and reads after "cannot open a browser: ". */
bool browser_available(const struct browser_settings *settings, char **why);

/* A browser that was started. */
struct browser;
/* Starts it: new session, fds 0..2 on /dev/null (stderr is ours with -v), all others closed, default signals.
 * URL must be http(s) with RFC 3986 characters only, at most 8 KiB. Errors: endpoint_url for the URL, config
 * for the command, unsupported when there is nothing to start. The caller closes *OUT. */
bool browser_open(struct loop *loop, const struct browser_settings *settings, const char *url,
                  struct browser **out, struct error *err) must_check;
/* Stops watching; the browser itself stays. FAILED is not called any more. NULL is harmless. */
void browser_close(struct browser *browser);
void browser_cleanup(struct browser **browser);
#define cleanup_browser __attribute__((cleanup(browser_cleanup)))

/* The words of a command: PATH as in the settings. One word when COMMAND as a whole names an executable, else
 * split at spaces outside quotes ('...' or "..."; a backslash means itself). Errors: config; they say what is
 * wrong and do not show COMMAND, which may hold a secret. */
bool browser_words(const char *command, const char *path, struct text_list *words, struct error *err)
    must_check;
/* Puts URL in place of every %s of WORDS (the program's name apart), or at the end. */
void browser_add_url(struct text_list *words, const char *url);
/* True when URL may be given to a program: see browser_open. */
bool browser_url_is_safe(const char *url);

#endif
