/* SPDX-License-Identifier: Apache-2.0 */
/* A provider's metadata, JWK set and probe answers at rest, so that a refresh is one request. */
#ifndef SESSION_PROVIDER_CACHE_H
#define SESSION_PROVIDER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "session/session_cache.h"

/* {0} is "nothing known". Texts are the documents as they were received and judged. */
struct provider_record {
    char *metadata, *jwks;               /* NULL when unknown */
    int64_t metadata_at, jwks_at;        /* our clock, when fetched */
    int64_t jwks_retried_at;             /* last refetch for an unknown kid: once per 60 s (T-12) */
    struct text_list accepted_redirects; /* "client_id\nredirect_uri" that the provider took in the probe */
};
void provider_record_release(struct provider_record *record);
#define cleanup_provider_record __attribute__((cleanup(provider_record_release)))

/* Metadata and JWK set older than 24 h, or from the future, are not given. What was learned without verifying
 * TLS is stored under another name (TLS_UNVERIFIED) and never read by a run that verifies. Failures are
 * misses. */
void provider_cache_load(const struct session_cache *cache, const char *issuer, bool tls_unverified,
                         int64_t now, struct provider_record *out);
/* Best effort: false is worth a log line at most. */
bool provider_cache_save(const struct session_cache *cache, const char *issuer, bool tls_unverified,
                         const struct provider_record *record, struct error *err) must_check;

#define PROVIDER_EXTENSION ".provider"
#define PROVIDER_UNVERIFIED_EXTENSION ".unverified-provider"
enum { PROVIDER_FILE_VERSION = 1, PROVIDER_FILE_LIMIT = 4 * 1024 * 1024, PROVIDER_REDIRECTS_LIMIT = 100 };
/* Reads LENGTH bytes of a provider file into OUT as provider_cache_load does; false, with OUT untouched, when
 * they are not the record of ISSUER. */
bool provider_file_parse(const char *text, size_t length, const char *issuer, int64_t now,
                         struct provider_record *out) must_check;
/* True when the text is the record of any issuer and version, stored under its own NAME (without extension):
 * what `clean` may delete. */
bool provider_file_belongs(const char *text, size_t length, const char *name) must_check;

#endif
