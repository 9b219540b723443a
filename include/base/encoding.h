/* SPDX-License-Identifier: Apache-2.0 */
/* Strict base64url and base64, percent-encoding, hexadecimal. */
#ifndef BASE_ENCODING_H
#define BASE_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Base64url without padding (RFC 7515 section 2). OUT has room for BASE64URL_SIZE(length) bytes, with the
 * NUL. */
#define BASE64URL_SIZE(length) (((length) * 4 + 2) / 3 + 1)
void encoding_base64url(const uint8_t *bytes, size_t length, char *out);
/* Strict: alphabet only, no padding, no white space, unused bits zero. False without touching OUT's length on
 * anything else, or when the result would exceed OUT's limit. Appends to OUT. */
bool encoding_base64url_decode(const char *text, size_t length, struct buffer *out) must_check;
/* Standard base64 with padding (RFC 4648 section 4); CR and LF are skipped, nothing else. */
bool encoding_base64_decode(const char *text, size_t length, struct buffer *out) must_check;

/* Percent-encodes everything but unreserved characters (RFC 3986 section 2.3); a space becomes %20. */
void encoding_percent(const char *text, struct buffer *out);
/* application/x-www-form-urlencoded: as above but a space becomes '+'. */
void encoding_form(const char *text, struct buffer *out);
/* Appends "name=value" in form encoding, with '&' before it unless OUT is empty. */
void encoding_form_pair(const char *name, const char *value, struct buffer *out);
/* Decodes a form or query value: %XX and '+'. False on a bad escape or a decoded NUL. Appends to OUT. */
bool encoding_form_decode(const char *text, size_t length, struct buffer *out) must_check;

/* Lower-case hexadecimal; OUT has room for 2 * length + 1 bytes. */
void encoding_hex(const uint8_t *bytes, size_t length, char *out);

#endif
