/* SPDX-License-Identifier: Apache-2.0 */
/* The probe's answer: the first line is the Location, the rest the page; nothing refuses but a page that
 * names why. */
#include "fuzz.h"

#include <string.h>

#include "advice/authentik.h"
#include "oidc/authorization.h"

#define URI "http://localhost:8000"

static void check_location(const char *location)
{
    static const enum provider_kind kinds[] = {PROVIDER_OTHER, PROVIDER_AUTHENTIK, PROVIDER_KEYCLOAK};
    for (size_t i = 0; i < array_length(kinds); i++) {
        enum probe_verdict verdict = probe_judge(kinds[i], 302, location, NULL, 0, URI);
        fuzz_check(verdict != PROBE_REDIRECT_URI_REFUSED && verdict != PROBE_CLIENT_REFUSED);
        if (verdict != PROBE_INCONCLUSIVE)
            fuzz_check(strncmp(location, URI, strlen(URI)) == 0);
        fuzz_check(verdict != PROBE_GRANT_REFUSED || kinds[i] == PROVIDER_AUTHENTIK);
    }
}

static void check_page(const char *page, size_t size)
{
    enum probe_verdict authentik = probe_judge(PROVIDER_AUTHENTIK, 400, NULL, page, size, URI);
    enum probe_verdict keycloak = probe_judge(PROVIDER_KEYCLOAK, 400, NULL, page, size, URI);
    cleanup_string char *version = authentik_page_version(page, size);
    fuzz_check(authentik == PROBE_INCONCLUSIVE || memmem(page, size, "card-title", 10) != NULL);
    fuzz_check(keycloak != PROBE_REDIRECT_URI_REFUSED || memmem(page, size, "redirect_uri", 12) != NULL);
    fuzz_check(probe_judge(PROVIDER_OTHER, 500, NULL, page, size, URI) == PROBE_INCONCLUSIVE);
    if (version != NULL)
        fuzz_check(strlen(version) > 0 && strlen(version) <= 32);
    (void)authentik_version_reaches(version, 2026, 5);
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
