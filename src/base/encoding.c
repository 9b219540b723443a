/* SPDX-License-Identifier: Apache-2.0 */
/* Base64url, base64, percent-encoding, hexadecimal; decoders accept one spelling of every value, no other. */
#include "base/encoding.h"

#include <string.h>

static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex_upper[] = "0123456789ABCDEF";
static const char hex_lower[] = "0123456789abcdef";

/* Writes the 2 to 4 digits of at most 3 bytes; gives their number. */
static size_t encode_group(const uint8_t *bytes, size_t length, char *out)
{
    uint32_t bits = (uint32_t)bytes[0] << 16;
    if (length > 1)
        bits |= (uint32_t)bytes[1] << 8;
    if (length > 2)
        bits |= bytes[2];
    for (size_t i = 0; i <= length; i++)
        out[i] = url_alphabet[bits >> (18 - 6 * i) & 63];
    return length + 1;
}

void encoding_base64url(const uint8_t *bytes, size_t length, char *out)
{
    for (size_t at = 0; at < length; at += 3)
        out += encode_group(bytes + at, length - at < 3 ? length - at : 3, out);
    *out = '\0';
}

/* Collects digits of 6 bits and gives bytes, a chunk at a time. */
struct collector {
    uint32_t bits;
    unsigned count; /* of bits not given out yet: 0, 6, 4 or 2 */
    size_t length;
    uint8_t chunk[256];
};

/* The values of letters and digits, from the space on; N is none. */
enum { N = 255 };
static const uint8_t digit_values[] = {
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, N, N, N, N, N, N,
    N, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, N, N, N, N, N,
    N, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, N, N, N, N, N,
};

/* The value of a digit, or N. LAST are the two digits that differ between the alphabets. */
static unsigned digit_value(char digit, const char *last)
{
    unsigned char place = (unsigned char)((unsigned char)digit - ' ');
    if (place < sizeof(digit_values) && digit_values[place] != N)
        return digit_values[place];
    return digit == last[0] ? 62 : digit == last[1] ? 63 : N;
}

static bool collect_flush(struct collector *collector, struct buffer *out)
{
    bool good = buffer_append(out, collector->chunk, collector->length);
    memory_wipe(collector->chunk, collector->length);
    collector->length = 0;
    return good;
}

static bool collect(struct collector *collector, const char *last, char digit, struct buffer *out)
{
    unsigned value = digit_value(digit, last);
    if (value == N)
        return false;
    collector->bits = collector->bits << 6 | value;
    collector->count += 6;
    if (collector->count < 8)
        return true;
    collector->count -= 8;
    collector->chunk[collector->length++] = (uint8_t)(collector->bits >> collector->count);
    collector->bits &= (1U << collector->count) - 1;
    return collector->length < sizeof(collector->chunk) || collect_flush(collector, out);
}

/* True when nothing is left over: no single digit, no bits that are set. */
static bool collect_end(struct collector *collector, struct buffer *out)
{
    return collect_flush(collector, out) && collector->count != 6 && collector->bits == 0;
}

bool encoding_base64url_decode(const char *text, size_t length, struct buffer *out)
{
    size_t before = out->length;
    struct collector collector = {0};
    size_t at = 0;
    while (at < length && collect(&collector, url_alphabet + 62, text[at], out))
        at++;
    if (at == length && collect_end(&collector, out))
        return true;
    buffer_truncate(out, before);
    return false;
}

bool encoding_base64_decode(const char *text, size_t length, struct buffer *out)
{
    size_t before = out->length;
    struct collector collector = {0};
    size_t digits = 0;
    size_t padding = 0;
    bool good = true;
    for (size_t at = 0; at < length && good; at++) {
        if (text[at] == '\r' || text[at] == '\n')
            continue;
        if (text[at] == '=') {
            padding++;
            continue;
        }
        digits++;
        good = padding == 0 && collect(&collector, "+/", text[at], out);
    }
    if (good && collect_end(&collector, out) && padding < 3 && (digits + padding) % 4 == 0)
        return true;
    buffer_truncate(out, before);
    return false;
}

static bool is_unreserved(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static void encode_escaped(const char *text, const char *space, struct buffer *out)
{
    for (; *text != '\0'; text++) {
        if (is_unreserved(*text)) {
            buffer_add(out, (char[]){*text, '\0'});
        } else if (*text == ' ') {
            buffer_add(out, space);
        } else {
            uint8_t byte = (uint8_t)*text;
            buffer_add(out, (char[]){'%', hex_upper[byte >> 4], hex_upper[byte & 15], '\0'});
        }
    }
}

void encoding_percent(const char *text, struct buffer *out)
{
    encode_escaped(text, "%20", out);
}

void encoding_form(const char *text, struct buffer *out)
{
    encode_escaped(text, "+", out);
}

void encoding_form_pair(const char *name, const char *value, struct buffer *out)
{
    if (out->length > 0)
        buffer_add(out, "&");
    encoding_form(name, out);
    buffer_add(out, "=");
    encoding_form(value, out);
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Decodes the character at TEXT; gives how many bytes of it were used, 0 when it is not allowed. */
static size_t decode_escape(const char *text, size_t length, char *byte)
{
    size_t used = 1;
    *byte = text[0] == '+' ? ' ' : text[0];
    if (text[0] == '%') {
        int high = length > 2 ? hex_value(text[1]) : -1;
        int low = length > 2 ? hex_value(text[2]) : -1;
        if (high < 0 || low < 0)
            return 0;
        *byte = (char)(high << 4 | low);
        used = 3;
    }
    return *byte != '\0' ? used : 0;
}

bool encoding_form_decode(const char *text, size_t length, struct buffer *out)
{
    size_t before = out->length;
    for (size_t at = 0; at < length;) {
        char byte = 0;
        size_t used = decode_escape(text + at, length - at, &byte);
        if (used == 0 || !buffer_append(out, &byte, 1)) {
            buffer_truncate(out, before);
            return false;
        }
        at += used;
    }
    return true;
}

void encoding_hex(const uint8_t *bytes, size_t length, char *out)
{
    for (size_t i = 0; i < length; i++) {
        *out++ = hex_lower[bytes[i] >> 4];
        *out++ = hex_lower[bytes[i] & 15];
    }
    *out = '\0';
}
