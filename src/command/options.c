/* SPDX-License-Identifier: Apache-2.0 */
/* The life of options, and how --help shows them. */
#include <string.h>

#include "base/buffer.h"
#include "command/option.h"

static void release_member(struct options *options, const struct option *option)
{
    void *member = (char *)options + option->offset;
    switch (option->type) {
    case OPTION_TEXT:
        if (option->flags & OPTION_SECRET)
            memory_free_secret(*(char **)member);
        else
            memory_cleanup_string(member);
        *(char **)member = NULL;
        break;
    case OPTION_LIST:
    case OPTION_ARRAY:
        text_list_release(member);
        break;
    case OPTION_MAP:
        text_map_release(member);
        break;
    case OPTION_SWITCH:
    case OPTION_NUMBER:
        break;
    }
}

void options_release(struct options *options)
{
    for (size_t i = 0; i < option_count; i++)
        release_member(options, &option_table[i]);
    text_list_release(&options->notices);
    *options = (struct options){0};
}

/* Adds TEXT, broken at spaces, each line indented. */
static void add_wrapped(struct buffer *out, const char *text, size_t indent, size_t width)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column == 0 || column + 1 + word > width) {
            buffer_add_format(out, "%s%*s", column == 0 ? "" : "\n", (int)indent, "");
            column = indent;
        } else {
            buffer_add(out, " ");
            column++;
        }
        buffer_add_format(out, "%.*s", (int)word, text);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    buffer_add(out, "\n");
}

char *options_help(unsigned command)
{
    cleanup_buffer struct buffer out = BUFFER(1 << 16);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        if (!(option->commands & command) || (option->flags & OPTION_HIDDEN))
            continue;
        if (option->shorthand != '\0')
            buffer_add_format(&out, "  -%c, --%s", option->shorthand, option->name);
        else
            buffer_add_format(&out, "      --%s", option->name);
        if (option->value != NULL)
            buffer_add_format(&out, "=%s", option->value);
        buffer_add(&out, "\n");
        cleanup_string char *text = option->initial != NULL && strcmp(option->initial, "0") != 0
                                        ? memory_format("%s (default %s)", option->text, option->initial)
                                        : memory_copy_text(option->text);
        add_wrapped(&out, text, 10, 90);
    }
    return buffer_steal(&out);
}
