/* SPDX-License-Identifier: Apache-2.0 */
/* `clean`: removes our files from the token cache, and nothing else. */
#include "command/command.h"
#include "command/login_options.h"
#include "session/session_cache.h"

bool command_clean(const struct command_input *input, struct buffer *out, struct error *err)
{
    struct session_cache_cleaned cleaned = {0};
    cleanup_string char *path = !text_is_empty(input->options->cache_dir) ? memory_copy_text(input->options->cache_dir)
                                                                          : login_options_default_cache(input);
    (void)out;
    if (path == NULL) {
        error_set(err, ERROR_CONFIG, "there is no home directory to look for a token cache in");
        return error_hint(err, "name the directory with --token-cache-dir");
    }
    if (!session_cache_clean(path, &cleaned, err))
        return false;
    cleanup_string char *text = memory_format("Deleted the token cache from %s (%u sessions)", safe(path), cleaned.sessions);
    command_show_notice(NOTICE_INFO, text);
    if (cleaned.foreign == 0)
        return true;
    cleanup_string char *foreign = memory_format("%u files in it are not ours and were left alone", cleaned.foreign);
    command_show_notice(NOTICE_WARNING, foreign);
    return true;
}
