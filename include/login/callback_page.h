/* SPDX-License-Identifier: Apache-2.0 */
/* The page that the person sees in the browser, for every outcome: no script, nothing foreign (CB-12). */
#ifndef LOGIN_CALLBACK_PAGE_H
#define LOGIN_CALLBACK_PAGE_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* All borrowed, shown escaped and cut at 300 bytes; what is NULL is left out. */
struct callback_page_success {
    const char *user; /* who is logged in, as verified */
    const char *issuer;
    int64_t valid_for;    /* seconds that the token lasts; 0 leaves it out */
    const char *open_url; /* --open-url-after-authentication: the page moves on to it; only http(s) */
};
/* Each gives a whole HTML document. The caller owns it. */
char *callback_page_success(const struct callback_page_success *success) must_check;
/* What failed and how to mend it: message, hint lines and code of ERR. */
char *callback_page_failure(const struct error *err) must_check;
/* Anything else: a stray request, a login that is over. Both texts are for people. */
char *callback_page_message(const char *title, const char *text) must_check;

/* Appends TEXT so that it is only text, in element content and in a quoted attribute: & < > " ' as
 * references; control bytes (tab and newline apart) and bytes that are not UTF-8 become U+FFFD. Appends
 * nothing when OUT's limit does not allow it. */
void callback_page_escape(const char *text, struct buffer *out);

#endif
