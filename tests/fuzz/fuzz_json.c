/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing never crashes, never quotes its input; what it accepts is written and read again unchanged. */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"

static void check_members(const json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        double number = 0;
        cleanup_text_list struct text_list list = {0};
        const char *text = json_text(object, name);
        fuzz_check(text == NULL || json_is_string(value));
        fuzz_check(json_has(object, name) == !json_is_null(value));
        if (json_number(object, name, &number))
            fuzz_check(number >= -9007199254740992.0 && number <= 9007199254740992.0);
        if (!json_text_list(object, name, &list))
            fuzz_check(list.count == 0);
        fuzz_check(json_boolean_is_true(object, name) == json_is_true(value));
    }
}

/* What is found without a parse is what a parse finds. */
static void check_peek(const char *text, size_t size, const json_t *object)
{
    int64_t peeked = 0;
    if (!json_peek_number(text, size, "exp", &peeked))
        return;
    double number = 0;
    const json_t *value = json_object_get(object, "exp");
    fuzz_check(peeked >= 0 && peeked < 10000000000000000);
    if (json_is_integer(value) && json_number(object, "exp", &number))
        fuzz_check((int64_t)number == peeked);
}

/* To spare huge numbers changes nothing for a text without them, and takes nothing that is no JSON. */
static void check_lenient(const char *text, size_t size)
{
    const struct json_source strict = {"the input", ERROR_TOKEN_JSON, 0, false};
    const struct json_source lenient = {"the input", ERROR_TOKEN_JSON, 0, true};
    struct error err = {0};
    json_auto_t *first = NULL, *second = NULL;
    bool spared = json_parse_object(lenient, text, size, &second, &err);
    if (json_parse_object(strict, text, size, &first, &err))
        fuzz_check(spared && json_equal(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct json_source source = {"the input", ERROR_TOKEN_JSON, 0, false};
    struct error err = {0};
    json_auto_t *value = NULL;
    check_peek((const char *)data, size, NULL);
    check_lenient((const char *)data, size);
    if (!json_parse_object(source, (const char *)data, size, &value, &err)) {
        fuzz_check(value == NULL && err.code == ERROR_TOKEN_JSON);
        fuzz_check(strncmp(err.message, "the input ", strlen("the input ")) == 0 && strlen(err.message) < 80);
        return 0;
    }
    fuzz_check(json_is_object(value));
    check_members(value);
    check_peek((const char *)data, size, value);
    cleanup_string char *text = json_to_text(value);
    json_auto_t *again = NULL;
    /* escapes make a string longer: only the limit on strings may refuse what was accepted */
    if (json_parse_object(source, text, strlen(text), &again, &err))
        fuzz_check(json_equal(value, again));
    else
        fuzz_check(size > 64 * 1024);
    return 0;
}
