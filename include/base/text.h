/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of text, comparison, and outside text made safe for a terminal. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

/* An ordered list that owns its items. {0} is the empty list. */
struct text_list {
    char **items;
    size_t count;
};
void text_list_add(struct text_list *list, const char *text);
void text_list_add_bytes(struct text_list *list, const char *bytes, size_t length);
bool text_list_contains(const struct text_list *list, const char *text);
/* Adds unless it is there already. */
void text_list_add_once(struct text_list *list, const char *text);
/* Sorts by bytes. */
void text_list_sort(struct text_list *list);
/* The items joined by SEPARATOR; "" for none. The caller owns it. */
char *text_list_join(const struct text_list *list, const char *separator) must_check;
void text_list_release(struct text_list *list);
#define cleanup_text_list __attribute__((cleanup(text_list_release)))

/* An ordered map of text with unique names, in order of insertion. {0} is empty. */
struct text_pair {
    char *name, *value;
};
struct text_map {
    struct text_pair *items;
    size_t count;
};
/* Overwrites the value of a name that is there. */
void text_map_set(struct text_map *map, const char *name, const char *value);
/* Sets every pair of FROM, which may be NULL, in TO. */
void text_map_copy(const struct text_map *from, struct text_map *to);
/* Borrowed, NULL when absent. */
const char *text_map_get(const struct text_map *map, const char *name);
void text_map_sort(struct text_map *map);
void text_map_release(struct text_map *map); /* wipes the values: headers may be secret */
#define cleanup_text_map __attribute__((cleanup(text_map_release)))

bool text_equal(const char *a, const char *b); /* NULL equals only NULL */
bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);
bool text_is_empty(const char *text);       /* NULL or "" */
const char *text_or_null(const char *text); /* TEXT, NULL when it is empty */
/* The value of NAME in ENVIRONMENT ("NAME=value" each, a NULL behind them; may be NULL itself). Borrowed;
 * NULL when it is absent or empty. */
const char *text_variable(char *const *environment, const char *name);
/* True when TEXT (NULL has none) holds C0 or DEL: what could end a header, a request line or a record. */
bool text_has_control(const char *text);
/* Not empty, and nothing that JSON or an HTTP header would have to escape (b64token, RFC 6750 2.1). */
bool text_is_b64token(const char *text);
/* Decimal digits only, within MINIMUM..MAXIMUM; no sign but '-', no spaces. */
bool text_to_number(const char *text, int64_t minimum, int64_t maximum, int64_t *number) must_check;
/* The number of single edits between two texts, at most 255; for "did you mean". */
unsigned text_distance(const char *a, const char *b);
/* From this distance on a name is not what the writer of TEXT meant: 4 edits, or more than half of it. */
unsigned text_distance_limit(const char *text);

/* How text from outside is shown: at most TEXT_SAFE_LENGTH bytes of it, valid UTF-8 letters kept; C0, DEL,
 * C1, bidi controls, invisible characters and invalid bytes become \u{..}; "..." where it was cut. (security
 * T-16) */
enum { TEXT_SAFE_LENGTH = 300, TEXT_SAFE_SIZE = 6 * TEXT_SAFE_LENGTH + 16 };
struct text_safe {
    char text[TEXT_SAFE_SIZE];
};
struct text_safe text_make_safe_bytes(const char *bytes, size_t length);
struct text_safe text_make_safe(const char *text);
/* The same for one printf argument: the text lives until TEXT_SHOWN_MAX others were shown, so that no frame
 * grows by it. NULL is "". */
enum { TEXT_SHOWN_MAX = 16 };
const char *text_show(const char *text);
#define safe(value) text_show(value)
/* The length of the UTF-8 character (RFC 3629) that the LENGTH bytes, at least one, begin with; 0 when it is
 * none. */
size_t text_read_character(const uint8_t *bytes, size_t length, uint32_t *character) must_check;
/* True for valid UTF-8 without any character that would be shown as \u{..}; of any length. */
bool text_is_plain(const char *text);

#endif
