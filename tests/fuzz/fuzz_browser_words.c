/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a command hold nothing but its characters; a URL, if it is one, arrives whole, in one argument. */
#include "fuzz.h"

#include <string.h>

#include "net/browser.h"

enum { LIMIT = 8192 };

/* The URL is the first line, the command the rest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LIMIT)
        return 0;
    cleanup_string char *url = memory_copy_bytes((const char *)data, size);
    char *command = strchr(url, '\n');
    if (command == NULL)
        return 0;
    *command++ = '\0';
    if (browser_url_is_safe(url)) {
        fuzz_check(strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0);
        fuzz_check(strpbrk(url, " \t\"<>\\^`{|}\n\x7f") == NULL);
    }
    cleanup_text_list struct text_list words = {0};
    struct error err = {0};
    if (!browser_words(command, "", &words, &err)) {
        fuzz_check(words.count == 0 && err.code == ERROR_CONFIG);
        return 0;
    }
    size_t total = 0, before = words.count;
    for (size_t i = 0; i < words.count; i++)
        total += strlen(words.items[i]);
    fuzz_check(before > 0 && words.items[0][0] != '\0' && total <= strlen(command));
    cleanup_string char *program = memory_copy_text(words.items[0]);
    browser_add_url(&words, url);
    fuzz_check(strcmp(words.items[0], program) == 0);
    fuzz_check(words.count == before || words.count == before + 1);
    fuzz_check(words.count == before || strcmp(words.items[before], url) == 0);
    return 0;
}
