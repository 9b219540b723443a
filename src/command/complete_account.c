/* SPDX-License-Identifier: Apache-2.0 */
/* The accounts that have a session, as values of --account. */
#include "command/complete_account.h"

#include <string.h>

#include "base/file.h"
#include "command/login_options.h"
#include "session/session_list.h"

static const char flag[] = "--token-cache-dir";

/* The value of the last --token-cache-dir in WORDS, NULL for none. */
static const char *given_directory(char *const *words)
{
    const char *found = NULL;
    for (; *words != NULL; words++) {
        if (!text_starts_with(*words, flag))
            continue;
        if ((*words)[strlen(flag)] == '=')
            found = *words + sizeof(flag);
        else if ((*words)[strlen(flag)] == '\0' && words[1] != NULL)
            found = words[1];
    }
    return found;
}

static void add_session_accounts(const char *path, struct text_list *accounts)
{
    cleanup_session_list struct session_list list = {0};
    struct error ignored = {0};
    if (!session_list_add(path, &list, &ignored))
        return;
    for (size_t i = 0; i < list.count; i++) {
        const char *account = session_key_text(&list.items[i].key, "user");
        if (account != NULL && text_is_plain(account))
            text_list_add_once(accounts, account);
    }
}

void complete_account(const struct command_input *input, char *const *words, struct text_list *accounts)
{
    const char *given = given_directory(words);
    if (given == NULL)
        given = command_variable(input, "LATCHKEY_TOKEN_CACHE_DIR");
    cleanup_string char *path = given != NULL ? file_expand_home(given, command_variable(input, "HOME"))
                                              : login_options_default_cache(input);
    if (path != NULL)
        add_session_accounts(path, accounts);
    cleanup_string char *fallback = login_options_spare_cache(input);
    if (fallback != NULL)
        add_session_accounts(fallback, accounts);
    text_list_sort(accounts);
}
