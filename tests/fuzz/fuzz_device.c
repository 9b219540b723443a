/* SPDX-License-Identifier: Apache-2.0 */
/* A device authorization response: what is taken can be shown, opened and waited for. */
#include "fuzz.h"

#include <string.h>

#include "oidc/device.h"

static void check_printable(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        fuzz_check(*text >= 0x20 && *text <= 0x7e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 400, 429};
    struct token_http http = {.status = 200, .body = (const char *)data, .length = size};
    cleanup_device_authorization struct device_authorization device = {0};
    struct token_error failed;
    struct error err = {0};
    if (size > 0 && data[0] < array_length(statuses)) {
        http.status = statuses[data[0]];
        http.body++;
        http.length--;
    }
    if (!device_authorization_parse("https://ak.example/", &http, &device, &failed, &err)) {
        fuzz_check(err.code != ERROR_NONE && device.device_code == NULL);
        fuzz_check(failed.failure != TOKEN_FAILURE_NONE);
        check_printable(failed.oauth_error);
        return 0;
    }
    fuzz_check(http.status == 200 && device.device_code[0] != '\0' && device.user_code[0] != '\0');
    fuzz_check(device.expires_in >= 1 && device.expires_in <= 1800);
    fuzz_check(device.interval >= 1 && device.interval <= 60);
    fuzz_check(strncmp(device.verification_uri, "https://", 8) == 0);
    check_printable(device.user_code);
    check_printable(device.device_code);
    check_printable(device.verification_uri);
    check_printable(device.verification_uri_complete);
    return 0;
}
