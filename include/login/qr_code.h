/* SPDX-License-Identifier: Apache-2.0 */
/* A QR code drawn on a terminal, for the telephone that somebody holds before it. */
#ifndef LOGIN_QR_CODE_H
#define LOGIN_QR_CODE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

/* Appends TEXT as lines of half blocks (UTF8) or of coloured spaces, dark on light whatever the terminal's
 * colours are, for a terminal of COLUMNS. *FITS is false, and nothing is appended, where that is too narrow.
 * Errors: library (libqrencode is not there), unsupported (built without it, or TEXT is too long for a code).
 */
struct qr_code_screen {
    unsigned columns;
    bool utf8;
};
bool qr_code_draw(const char *text, const struct qr_code_screen *screen, struct buffer *out, bool *fits,
                  struct error *err) must_check;
/* The version of libqrencode. Borrowed. */
bool qr_code_library_version(const char **version, struct error *err) must_check;

#endif
