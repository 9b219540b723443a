/* SPDX-License-Identifier: Apache-2.0 */
/* A discovery document that is accepted names our issuer and holds nothing but URLs that may be used. */
#include "fuzz.h"

#include <string.h>

#include "base/memory.h"
#include "oidc/provider.h"

static void check_url(const char *issuer, const char *url)
{
    struct error err = {0};
    if (url == NULL)
        return;
    fuzz_check(strlen(url) <= 2048 && strpbrk(url, " \"<>\\^`{|}#\r\n\t") == NULL);
    fuzz_check(strncmp(url, "https://", 8) == 0 || strncmp(issuer, "http://", 7) == 0);
    fuzz_check(provider_check_endpoint(issuer, "endpoint", url, &err));
}

static void check_provider(const char *issuer, const struct provider *provider)
{
    struct error err = {0};
    bool s256 = text_list_contains(&provider->pkce_methods, "S256");
    fuzz_check(strcmp(provider->issuer, issuer) == 0);
    fuzz_check(provider->authorization_endpoint != NULL && provider->token_endpoint != NULL &&
               provider->jwks_uri != NULL);
    check_url(issuer, provider->authorization_endpoint);
    check_url(issuer, provider->token_endpoint);
    check_url(issuer, provider->jwks_uri);
    check_url(issuer, provider->device_authorization_endpoint);
    check_url(issuer, provider->userinfo_endpoint);
    check_url(issuer, provider->revocation_endpoint);
    fuzz_check(provider->token_auth_methods.count > 0 || provider->names_token_auth_methods);
    fuzz_check(provider_check_pkce(provider, &err) == (s256 || !provider->names_pkce_methods));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const issuers[] = {"https://ak.example/application/o/kube/", "http://localhost:9000/"};
    for (size_t i = 0; i < array_length(issuers); i++) {
        cleanup_provider struct provider provider = {0};
        struct error err = {0};
        if (provider_parse(issuers[i], (const char *)data, size, &provider, &err))
            check_provider(issuers[i], &provider);
        else
            fuzz_check(err.code != ERROR_NONE && provider.issuer == NULL);
    }
    return 0;
}
