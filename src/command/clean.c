/* SPDX-License-Identifier: Apache-2.0 */
/* `clean`: removes our files from the token cache and our items from the keyring, and nothing else. */
#include "command/command.h"
#include "command/login_options.h"
#include "command/session_output.h"
#include "login/notice.h"
#include "session/keyring.h"
#include "session/session_cache.h"

static void say_foreign(unsigned foreign)
{
    if (foreign == 0)
        return;
    cleanup_string char *text = memory_format("%u file%s in it %s not ours and left alone", foreign,
                                              foreign == 1 ? "" : "s", foreign == 1 ? "is" : "are");
    command_show_notice(NOTICE_WARNING, text);
}

/* *IN_KEYRING grows by the sessions whose refresh tokens are in the keyring. */
static bool clean_directory(const char *path, bool always_say, unsigned *in_keyring, struct error *err)
{
    struct session_cache_cleaned cleaned = {0};
    if (!session_cache_clean(path, &cleaned, err))
        return false;
    *in_keyring += cleaned.in_keyring;
    if (!always_say && cleaned.sessions + cleaned.others + cleaned.foreign == 0)
        return true;
    cleanup_string char *text = memory_format("Deleted the token cache from %s (%u session%s)", safe(path),
                                              cleaned.sessions, cleaned.sessions == 1 ? "" : "s");
    command_show_notice(NOTICE_INFO, text);
    say_foreign(cleaned.foreign);
    return true;
}

static void show_prompt(void *context, bool begins)
{
    (void)context;
    command_show_notice(NOTICE_STATUS, begins ? "a window asks for the password of your keyring" : "");
}

/* EXPECTED are the items that the directories told of: without any, nobody misses a keyring. */
static void say_keyring(unsigned removed, unsigned expected, const struct error *trouble)
{
    cleanup_string char *text = NULL;
    bool failed = trouble->code != ERROR_NONE;
    if (failed && expected == 0 && trouble->code != ERROR_KEYRING)
        return;
    if (failed && expected > removed)
        text = memory_format("%u refresh token%s in the keyring could not be deleted: %s", expected - removed,
                             expected - removed == 1 ? "" : "s", trouble->message);
    else if (failed)
        text = memory_format("Deleted nothing from the keyring: %s", trouble->message);
    else
        text = memory_format("Deleted the token cache from the keyring (%u refresh token%s)", removed,
                             removed == 1 ? "" : "s");
    command_show_notice(failed && expected > removed ? NOTICE_WARNING : NOTICE_INFO, text);
    if (!failed || expected <= removed)
        return;
    if (trouble->hint[0] != '\0')
        command_show_notice(NOTICE_HINT, trouble->hint);
    command_show_notice(NOTICE_HINT, "run the command again when the keyring can be used");
}

/* Never an error (K7-42): the files are gone, and another run finds the items. */
static void clean_keyring(const struct command_input *input, const struct text_list *directories,
                          unsigned expected)
{
    struct keyring_access access = login_options_keyring(input);
    struct error trouble = {0};
    unsigned total = 0;
    access.prompts = show_prompt;
    for (size_t i = 0; i < directories->count && trouble.code == ERROR_NONE; i++) {
        struct keyring_item item = {.directory = directories->items[i]};
        unsigned removed = 0;
        (void)!keyring_remove(&access, &item, &removed, &trouble);
        total += removed;
    }
    say_keyring(total, expected, &trouble);
}

bool command_clean(const struct command_input *input, struct buffer *out, struct error *err)
{
    cleanup_text_list struct text_list directories = {0};
    struct error unusable = {0};
    unsigned in_keyring = 0;
    (void)out;
    if (!session_output_directories(input, &directories, err))
        return false;
    for (size_t i = 0; i < directories.count; i++) {
        struct error problem = {0};
        if (!clean_directory(directories.items[i], i == 0, &in_keyring, &problem))
            session_output_postpone(&problem, &unusable);
    }
    clean_keyring(input, &directories, in_keyring);
    if (unusable.code == ERROR_NONE)
        return true;
    *err = unusable;
    return false;
}
