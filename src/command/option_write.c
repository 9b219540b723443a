/* SPDX-License-Identifier: Apache-2.0 */
/* Options as the flags that give them: the way back from struct options to a command line. */
#include <string.h>

#include "base/buffer.h"
#include "command/listen_options.h"
#include "command/option.h"
#include "kubernetes/manifest.h"

static void add_flag(struct text_list *flags, const struct option *option, const char *value)
{
    cleanup_secret char *flag = memory_format("--%s=%s", option->name, value);
    text_list_add(flags, flag);
}

/* An element of a comma-separated list. */
static void add_field(struct text_list *flags, const struct option *option, const char *text)
{
    cleanup_buffer struct buffer field = BUFFER_SECRET(2 * strlen(text) + 3);
    manifest_add_field(text, &field);
    add_flag(flags, option, buffer_text(&field));
}

/* The parser takes a text with one '=' as it is, but for quotes around all of it, and one with more for a
 * list. */
static void add_pair(struct text_list *flags, const struct option *option, const struct text_pair *pair)
{
    cleanup_secret char *text = memory_format("%s=%s", pair->name, pair->value);
    if (strchr(pair->value, '=') != NULL) {
        add_field(flags, option, text);
        return;
    }
    bool quoted = text[0] == '"' && text_ends_with(text, "\"");
    cleanup_secret char *whole = quoted ? memory_format("\"%s\"", text) : memory_copy_text(text);
    add_flag(flags, option, whole);
}

static void add_list(struct text_list *flags, const struct option *option, const struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (option->type == OPTION_LIST)
            add_field(flags, option, list->items[i]);
        else
            add_flag(flags, option, list->items[i]);
    }
}

static void add_number(struct text_list *flags, const struct option *option, int64_t number)
{
    cleanup_string char *text = memory_format("%lld", (long long)number);
    add_flag(flags, option, text);
}

static void write_as_is(const struct options *options, const struct option *option, struct text_list *flags)
{
    const void *member = (const char *)options + option->offset;
    switch (option->type) {
    case OPTION_TEXT:
        add_flag(flags, option, *(char *const *)member);
        break;
    case OPTION_SWITCH:
        add_flag(flags, option, *(const bool *)member ? "true" : "false");
        break;
    case OPTION_NUMBER:
        add_number(flags, option, *(const int64_t *)member);
        break;
    case OPTION_LIST:
    case OPTION_ARRAY:
        add_list(flags, option, member);
        break;
    case OPTION_MAP:
        for (size_t i = 0; i < ((const struct text_map *)member)->count; i++)
            add_pair(flags, option, &((const struct text_map *)member)->items[i]);
        break;
    }
}

static void write_ports(const struct options *options, struct text_list *flags)
{
    if (listen_options_source(options) != LISTEN_BY_PORT)
        return;
    for (size_t i = 0; i < options->listen_ports.count; i++) {
        cleanup_string char *flag =
            memory_format("--listen-address=127.0.0.1:%s", options->listen_ports.items[i]);
        text_list_add(flags, flag);
    }
}

static void write_keyboard_url(const struct options *options, struct text_list *flags)
{
    if (!text_equal(options->grant_type, "authcode-keyboard") || !text_is_empty(options->redirect_url))
        return;
    cleanup_string char *flag = memory_format("--oidc-redirect-url=%s", options->keyboard_redirect_url);
    text_list_add(flags, flag);
}

/* What was meant by a flag that has a successor, and by a successor that it overrules. True when that is all
 * there is to write. */
static bool write_successor(const struct options *options, const struct option *option,
                            struct text_list *flags)
{
    const void *member = (const char *)options + option->offset;
    if (member == &options->listen_addresses)
        return listen_options_source(options) == LISTEN_BY_PORT;
    if (member == &options->pkce_method)
        return options->use_pkce;
    if (member == &options->listen_ports)
        write_ports(options, flags);
    else if (member == &options->use_pkce && options->use_pkce)
        text_list_add(flags, "--oidc-pkce-method=S256");
    else if (member == &options->keyboard_redirect_url)
        write_keyboard_url(options, flags);
    return member == &options->listen_ports || member == &options->use_pkce ||
           member == &options->keyboard_redirect_url;
}

void option_write(const struct options *options, const struct option *option, struct text_list *flags)
{
    if (option_given(options, option->name) && !write_successor(options, option, flags))
        write_as_is(options, option, flags);
}
