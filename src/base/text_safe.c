/* SPDX-License-Identifier: Apache-2.0 */
/* Makes text from outside safe to show: what a terminal would obey, hide or reorder is written as \u{..}. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct range {
    uint32_t first, last;
};

/* Characters that are invisible, change the direction of writing, break lines, or have no agreed meaning. */
static const struct range hidden[] = {
    {0x0000, 0x001F},   {0x007F, 0x009F},    {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C},
    {0x115F, 0x1160},   {0x17B4, 0x17B5},    {0x180B, 0x180F}, {0x200B, 0x200F}, {0x2028, 0x202E},
    {0x2060, 0x206F},   {0x3164, 0x3164},    {0xE000, 0xF8FF}, {0xFDD0, 0xFDEF}, {0xFE00, 0xFE0F},
    {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},    {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0000, 0x10FFFF},
};

static bool is_hidden(uint32_t character)
{
    for (size_t i = 0; i < array_length(hidden); i++) {
        if (character >= hidden[i].first && character <= hidden[i].last)
            return true;
    }
    return (character & 0xFFFE) == 0xFFFE;
}

/* The length of the UTF-8 sequence that LEAD begins, 0 when none does; *BITS is its part of the character. */
static size_t sequence_length(uint8_t lead, uint32_t *bits)
{
    if (lead < 0x80) {
        *bits = lead;
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        *bits = lead & 0x1FU;
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        *bits = lead & 0x0FU;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *bits = lead & 0x07U;
        return 4;
    }
    return 0;
}

size_t text_read_character(const uint8_t *bytes, size_t length, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t value = 0;
    size_t size = sequence_length(bytes[0], &value);
    if (size == 0 || size > length)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3FU);
    }
    if (value < smallest[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *character = value;
    return size;
}

struct text_safe text_make_safe_bytes(const char *bytes, size_t length)
{
    struct text_safe safe_text = {.text = ""};
    const uint8_t *source = (const uint8_t *)bytes;
    size_t used = 0;
    size_t at = 0;
    while (at < length) {
        uint32_t character = source[at];
        size_t size = text_read_character(source + at, length - at, &character);
        bool shown = size > 0 && !is_hidden(character);
        if (size == 0)
            size = 1;
        if (at + size > TEXT_SAFE_LENGTH)
            break;
        if (shown) {
            memcpy(safe_text.text + used, source + at, size);
            used += size;
        } else {
            used += (size_t)snprintf(safe_text.text + used, sizeof("\\u{10FFFF}"), "\\u{%X}",
                                     (unsigned)(character & 0x1FFFFF));
        }
        at += size;
    }
    if (at < length)
        memcpy(safe_text.text + used, "...", sizeof("..."));
    return safe_text;
}

bool text_is_plain(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    for (size_t left = strlen(text); left > 0;) {
        uint32_t character = 0;
        size_t size = text_read_character(at, left, &character);
        if (size == 0 || is_hidden(character))
            return false;
        at += size;
        left -= size;
    }
    return true;
}

struct text_safe text_make_safe(const char *text)
{
    /* an endless text need not be walked to its end */
    return text_make_safe_bytes(text, text != NULL ? strnlen(text, 2 * (size_t)TEXT_SAFE_LENGTH) : 0);
}

const char *text_show(const char *text)
{
    static struct text_safe shown[TEXT_SHOWN_MAX];
    static unsigned next;
    struct text_safe *place = &shown[next++ % TEXT_SHOWN_MAX];
    *place = text_make_safe(text);
    return place->text;
}
