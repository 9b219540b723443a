/* SPDX-License-Identifier: Apache-2.0 */
/* A token response: the first byte chooses the status; neither message nor token has control bytes. */
#include "fuzz.h"

#include <string.h>

#include "oidc/token_response.h"

static void check_printable(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        fuzz_check(*text >= 0x20 && *text <= 0x7e);
}

static void check_shown(const char *text)
{
    for (; *text != '\0'; text++)
        fuzz_check(*text == '\n' || ((unsigned char)*text >= 0x20 && *text != 0x7f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 400, 401, 405, 429, 500};
    struct token_http http = {
        .status = 200, .body = (const char *)data, .length = size, .allow = "GET, HEAD, OPTIONS"};
    cleanup_token_response struct token_response response = {0};
    struct token_error failed;
    struct error err = {0};
    if (size > 0 && data[0] < array_length(statuses)) {
        http.status = statuses[data[0]];
        http.body++;
        http.length--;
    }
    if (token_response_parse(&http, &response, &failed, &err)) {
        fuzz_check(http.status == 200 && failed.failure == TOKEN_FAILURE_NONE &&
                   response.access_token != NULL);
        fuzz_check(response.expires_in >= -1);
        check_printable(response.access_token);
        check_printable(response.id_token);
        check_printable(response.refresh_token);
        return 0;
    }
    fuzz_check(err.code != ERROR_NONE && failed.failure != TOKEN_FAILURE_NONE &&
               response.access_token == NULL);
    fuzz_check(memchr(failed.oauth_error, '\0', sizeof(failed.oauth_error)) != NULL);
    check_printable(failed.oauth_error);
    check_shown(err.message);
    check_shown(err.hint);
    return 0;
}
