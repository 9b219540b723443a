/* SPDX-License-Identifier: Apache-2.0 */
/* A request target: a code or an error comes out only with our state in it, and is clean. */
#include "fuzz.h"

#include <string.h>

#include "oidc/authorization.h"

#define STATE "s"

static void check_code(const char *code)
{
    fuzz_check(code[0] != '\0' && strlen(code) <= CALLBACK_CODE_LIMIT);
    for (; *code != '\0'; code++)
        fuzz_check(*code >= 0x20 && *code <= 0x7e);
}

static void judge(const char *target, size_t size, bool iss_required)
{
    struct callback_expectation expected = {
        .path = "/", .state = STATE, .issuer = "https://x/", .iss_required = iss_required};
    cleanup_callback struct callback callback = {0};
    struct error err = {0};
    enum callback_verdict verdict = callback_parse(target, size, &expected, &callback, &err);
    bool answered = verdict == CALLBACK_CODE || verdict == CALLBACK_ERROR;
    fuzz_check((callback.code != NULL) == (verdict == CALLBACK_CODE));
    fuzz_check((callback.error != NULL) == (verdict == CALLBACK_ERROR));
    fuzz_check((err.code != ERROR_NONE) == (verdict == CALLBACK_ERROR || verdict == CALLBACK_REFUSED));
    if (verdict == CALLBACK_CODE)
        check_code(callback.code);
    if (answered || verdict == CALLBACK_REFUSED)
        fuzz_check(size >= 4 && target[0] == '/' && target[1] == '?');
    if (answered && iss_required)
        fuzz_check(memmem(target, size, "=", 1) != NULL && size > strlen("/?state=s&iss=https://x/"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    judge((const char *)data, size, false);
    judge((const char *)data, size, true);
    return 0;
}
