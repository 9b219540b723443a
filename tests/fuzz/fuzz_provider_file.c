/* SPDX-License-Identifier: Apache-2.0 */
/* A provider file that is believed gives nothing that is stale, from the future or beyond its limits. */
#include "fuzz.h"

#include "session/provider_cache.h"

enum { NOW = 1795284000, DAY = 86400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_provider_record struct provider_record record = {0};
    const char *text = (const char *)data;
    (void)!provider_file_belongs(text, size, "auth.example.com-0000000000000000");
    if (!provider_file_parse(text, size, "https://auth.example.com/", NOW, &record)) {
        fuzz_check(record.metadata == NULL && record.jwks == NULL && record.accepted_redirects.count == 0);
        return 0;
    }
    fuzz_check((record.metadata == NULL) == (record.metadata_at == 0));
    fuzz_check((record.jwks == NULL) == (record.jwks_at == 0));
    fuzz_check(record.metadata == NULL || (record.metadata_at <= NOW && record.metadata_at >= NOW - DAY));
    fuzz_check(record.jwks == NULL || (record.jwks_at <= NOW && record.jwks_at >= NOW - DAY));
    fuzz_check(record.jwks_retried_at <= NOW);
    fuzz_check(record.accepted_redirects.count <= PROVIDER_REDIRECTS_LIMIT);
    return 0;
}
