/* SPDX-License-Identifier: Apache-2.0 */
/* `clean`: removes our files from the token cache, and nothing else. */
#include "command/command.h"
#include "command/login_options.h"
#include "login/notice.h"
#include "session/session_cache.h"

static bool clean_directory(const char *path, bool always_say, struct error *err)
{
    struct session_cache_cleaned cleaned = {0};
    if (!session_cache_clean(path, &cleaned, err))
        return false;
    if (!always_say && cleaned.sessions + cleaned.others + cleaned.foreign == 0)
        return true;
    cleanup_string char *text = memory_format("Deleted the token cache from %s (%u session%s)", safe(path),
                                              cleaned.sessions, cleaned.sessions == 1 ? "" : "s");
    command_show_notice(NOTICE_INFO, text);
    if (cleaned.foreign == 0)
        return true;
    bool one = cleaned.foreign == 1;
    cleanup_string char *foreign =
        memory_format("%u file%s in it %s not ours and left alone", cleaned.foreign, one ? "" : "s",
                      one ? "is" : "are");
    command_show_notice(NOTICE_WARNING, foreign);
    return true;
}

bool command_clean(const struct command_input *input, struct buffer *out, struct error *err)
{
    const char *runtime = command_variable(input, "XDG_RUNTIME_DIR");
    (void)out;
    if (!text_is_empty(input->options->cache_dir)) {
        cleanup_string char *named = login_options_absolute(input->options->cache_dir);
        return clean_directory(named, true, err);
    }
    cleanup_string char *path = login_options_default_cache(input);
    cleanup_string char *fallback =
        runtime != NULL && runtime[0] == '/' ? memory_format("%s/latchkey", runtime) : NULL;
    if (path == NULL && fallback == NULL) {
        error_set(err, ERROR_CONFIG, "there is no home directory to look for a token cache in");
        return error_hint(err, "name the directory with --token-cache-dir");
    }
    return (path == NULL || clean_directory(path, true, err)) &&
           (fallback == NULL || clean_directory(fallback, path == NULL, err));
}
