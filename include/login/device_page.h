/* SPDX-License-Identifier: Apache-2.0 */
/* Whether somebody could enter a device code at all. */
#ifndef LOGIN_DEVICE_PAGE_H
#define LOGIN_DEVICE_PAGE_H

#include "login/context.h"

/* Asks an Authentik, which gives device codes also where it has no page to enter them: whoever opens the
 * address finds nothing there. Any other provider is not asked, and one that does not tell is believed to
 * have a page. Errors: unsupported, with the setting to change; those of a request that never left,
 * interrupted. (authentik.md 3.8) */
bool device_page_check(struct login_context *context, struct error *err) must_check;

#endif
