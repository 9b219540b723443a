/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the cache directory share: a name that shows the issuer's host, one JSON object each. */
#ifndef SESSION_RECORD_H
#define SESSION_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { RECORD_HOST_LENGTH = 64, RECORD_HASH_BYTES = 8, RECORD_HASH_LENGTH = 2 * RECORD_HASH_BYTES };

/* "<issuer host>-<first 64 bits of SHA-256 of BYTES, hex>". The caller owns it. */
char *record_name(const char *issuer, const void *bytes, size_t length) must_check;

/* The private file NAME + EXTENSION as a JSON object of this VERSION; NULL when there is no such file, or it
 * is anything else. The caller owns it. */
struct record_place {
    int directory;
    const char *name, *extension;
};
json_t *record_load(struct record_place place, size_t limit, int version) must_check;
/* Replaces the file atomically. OBJECT may be NULL (it could not be made), which is an error. */
bool record_save(struct record_place place, const json_t *object, struct error *err) must_check;
/* Removes the file; a missing one is fine, other failures are ignored. */
void record_remove(struct record_place place);

/* Adds a member; a text that is NULL is left out. False when OBJECT is NULL, memory is out or TEXT is not
 * UTF-8. */
bool record_set_text(json_t *object, const char *name, const char *text) must_check;
bool record_set_number(json_t *object, const char *name, int64_t number) must_check;
#define RECORD_NUMBER_MAX ((int64_t)1 << 53)
/* A whole number from 0 to 2^53; false when absent or anything else. */
bool record_number(const json_t *object, const char *name, int64_t *out) must_check;
/* True when TEXT holds no control character but those in ALLOWED. */
bool record_is_printable(const char *text, const char *allowed) must_check;

#endif
