/* SPDX-License-Identifier: Apache-2.0 */
/* The probe's answer: first line Location, the rest the page; only a page that names why refuses. */
#include "fuzz.h"

#include <string.h>

#include "base/memory.h"
#include "oidc/authorization.h"

#define URI "http://localhost:8000"

static void check_location(const char *location)
{
    static const enum provider_kind kinds[] = {PROVIDER_OTHER, PROVIDER_AUTHENTIK, PROVIDER_KEYCLOAK};
    for (size_t i = 0; i < array_length(kinds); i++) {
        struct probe_answer answer = {.status = 302, .location = location};
        enum probe_verdict verdict = probe_read(kinds[i], &answer, URI);
        fuzz_check(verdict != PROBE_REDIRECT_URI_REFUSED && verdict != PROBE_CLIENT_REFUSED);
        if (verdict != PROBE_INCONCLUSIVE)
            fuzz_check(strncmp(location, URI, strlen(URI)) == 0);
        fuzz_check(verdict != PROBE_GRANT_REFUSED || kinds[i] == PROVIDER_AUTHENTIK);
    }
}

static void check_page(const char *page, size_t size)
{
    struct probe_answer answer = {.status = 400, .body = page, .length = size};
    struct probe_answer broken = {.status = 500, .body = page, .length = size};
    enum probe_verdict authentik = probe_read(PROVIDER_AUTHENTIK, &answer, URI);
    enum probe_verdict keycloak = probe_read(PROVIDER_KEYCLOAK, &answer, URI);
    fuzz_check(authentik == PROBE_INCONCLUSIVE || memmem(page, size, "card-title", 10) != NULL);
    fuzz_check(keycloak != PROBE_REDIRECT_URI_REFUSED || memmem(page, size, "redirect_uri", 12) != NULL);
    fuzz_check(probe_read(PROVIDER_OTHER, &broken, URI) == PROBE_INCONCLUSIVE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
    size_t length = line != NULL ? (size_t)(line - text) : size;
    cleanup_string char *location = memory_copy_bytes(text, length);
    check_location(location);
    if (line != NULL)
        check_page(line + 1, size - length - 1);
    return 0;
}
