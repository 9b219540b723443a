/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes from outside: what is shown is short, valid UTF-8, and nothing that a terminal obeys. */
#include "fuzz.h"

#include <string.h>

#include "base/text.h"

/* Reads a character that must be valid UTF-8; written apart from the code under test. */
static uint32_t next_character(const uint8_t **text)
{
    const uint8_t *at = *text;
    int more = at[0] < 0x80 ? 0 : at[0] >= 0xF0 ? 3 : at[0] >= 0xE0 ? 2 : 1;
    fuzz_check(at[0] < 0x80 || (at[0] >= 0xC2 && at[0] <= 0xF4));
    uint32_t character = more == 0 ? at[0] : at[0] & (0x3FU >> more);
    for (int i = 1; i <= more; i++) {
        fuzz_check(at[i] >= 0x80 && at[i] <= 0xBF);
        character = character * 64 + (at[i] - 0x80U);
    }
    fuzz_check(more < 2 || character >= (more == 2 ? 0x800U : 0x10000U));
    *text = at + more + 1;
    return character;
}

static void check_character(uint32_t character)
{
    fuzz_check(character >= 0x20 && (character < 0x7F || character > 0x9F));
    fuzz_check(character < 0x200B || character > 0x200F);
    fuzz_check(character < 0x2028 || character > 0x202E);
    fuzz_check(character < 0x2060 || character > 0x206F);
    fuzz_check(character != 0x61C && character != 0xAD && character != 0xFEFF);
    fuzz_check(character < 0xD800 || character > 0xF8FF);
    fuzz_check(character < 0xE0000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text_safe shown = text_make_safe_bytes((const char *)data, size);
    fuzz_check(memchr(shown.text, '\0', sizeof(shown.text)) != NULL);
    const uint8_t *at = (const uint8_t *)shown.text;
    size_t characters = 0;
    while (*at != '\0') {
        check_character(next_character(&at));
        characters++;
    }
    fuzz_check(size == 0 || characters > 0);
    cleanup_string char *text = memory_copy_bytes((const char *)data, size);
    struct text_safe until_nul = text_make_safe_bytes((const char *)data, strlen(text));
    fuzz_check(strcmp(safe(text), until_nul.text) == 0);
    return 0;
}
