/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded, strict JSON parsing (the only place that parses text) and typed access to members. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* Parses a JSON *object*: UTF-8, no duplicate members, no NUL, nothing after it, at most DEPTH levels
 * (counted before jansson sees the text, which recurses), 20,000 members and elements in all, 512 KiB per
 * string (as written, escapes included) and LENGTH bytes, which the caller bounds. On failure ERR has CODE
 * and a message that starts with WHAT and never quotes the input. The caller owns *OUT. (security T-12, T-14,
 * T-15) */
struct json_source {
    const char *what;     /* "the token response", for messages */
    enum error_code code; /* of the error */
    unsigned depth;       /* 0 means 32 */
    bool huge_is_null;    /* a number beyond what a double or an int64_t holds is null, not an error */
};
bool json_parse_object(struct json_source source, const char *text, size_t length, json_t **out,
                       struct error *err) must_check;

/* Seeds jansson's hash tables from getrandom(2), once. json_parse_object does it; call it before making the
 * first object of one's own, or jansson opens /dev/urandom for it. */
void json_seed(void);

/* The member as text without NUL, borrowed; NULL when absent, null or of another type. */
const char *json_text(const json_t *object, const char *name);
/* True when the member exists and is not JSON null. */
bool json_has(const json_t *object, const char *name);
/* Integer or real within +-2^53, rounded down; false when absent or of another type. */
bool json_number(const json_t *object, const char *name, double *number);
bool json_boolean_is_true(const json_t *object, const char *name);
/* Adds the strings of an array member to LIST; false, with nothing added, when the member exists, is not null
 * and is not an array of strings. */
bool json_text_list(const json_t *object, const char *name, struct text_list *list) must_check;

/* Looks for digits as the member NAME of the object itself, without parsing the rest; a fraction is cut off.
 * For text that was parsed strictly before it came to rest, where a parse costs too much. False when there is
 * none. */
bool json_peek_number(const char *text, size_t length, const char *name, int64_t *number) must_check;

/* Compact ASCII text, owned by the caller. */
char *json_to_text(const json_t *value) must_check;
/* Lines indented by two spaces, for a terminal: letters as they are, or ASCII only where any character would
 * be hidden or obeyed. Owned by the caller. */
char *json_to_lines(const json_t *value) must_check;

#endif
