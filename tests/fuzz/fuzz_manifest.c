/* SPDX-License-Identifier: Apache-2.0 */
/* Each text is read back from YAML, from a shell word and from a list's field as exactly that text. */
#include "fuzz.h"

#include <string.h>

#include "kubernetes/manifest.h"

enum { LIMIT = 4096 };

/* Reads what stands between QUOTE at both ends, where the text ESCAPED stands for one QUOTE. */
static char *unquote(const char *text, char quote, const char *escaped)
{
    cleanup_buffer struct buffer out = BUFFER(LIMIT);
    size_t length = strlen(text);
    fuzz_check(length >= 2 && text[length - 1] == quote);
    for (const char *c = text + 1; c < text + length - 1;) {
        size_t step = *c == quote ? strlen(escaped) : 1;
        fuzz_check(*c != quote || strncmp(c, escaped, step) == 0);
        fuzz_check(buffer_append(&out, c, 1));
        c += step;
    }
    return buffer_steal(&out);
}

static void check(void (*add)(const char *, struct buffer *), const char *text, char quote,
                  const char *escaped)
{
    cleanup_buffer struct buffer out = BUFFER(8 * LIMIT);
    add(text, &out);
    const char *written = buffer_text(&out);
    fuzz_check(strchr(written, '\n') == NULL && written[0] != '\0');
    if (written[0] != quote) {
        fuzz_check(strcmp(written, text) == 0 && strchr(written, quote) == NULL);
        return;
    }
    cleanup_string char *read = unquote(written, quote, escaped);
    fuzz_check(strcmp(read, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= LIMIT)
        return 0;
    cleanup_string char *text = memory_copy_bytes((const char *)data, size);
    struct text_safe shown = text_make_safe(text);
    bool plain = text_is_plain(text);
    if (strlen(text) < TEXT_SAFE_LENGTH)
        fuzz_check(!plain || strcmp(shown.text, text) == 0);
    if (!plain)
        return 0;
    check(manifest_add_yaml, text, '\'', "''");
    check(manifest_add_shell, text, '\'', "'\\''");
    check(manifest_add_field, text, '"', "\"\"");
    return 0;
}
