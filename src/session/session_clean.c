/* SPDX-License-Identifier: Apache-2.0 */
/* `latchkey clean`: takes away what this program has put into a cache directory, and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "record.h"
#include "record_directory.h"
#include "session/provider_cache.h"
#include "session/session_cache.h"
#include "session/session_file.h"

/* Whatever its mode: a copy that others can read holds tokens as well. */
static bool read_regular(int directory, const char *name, struct buffer *out)
{
    struct stat status;
    cleanup_fd int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink <= 1 &&
           file_read_all(fd, out);
}

static bool content_is_ours(int directory, const char *name, enum record_kind kind, const char *stem,
                            bool *in_keyring)
{
    cleanup_buffer struct buffer text = BUFFER_SECRET(PROVIDER_FILE_LIMIT);
    if (!read_regular(directory, name, &text))
        return false;
    if (kind == RECORD_SESSION) {
        *in_keyring = session_file_is_in_keyring(buffer_text(&text), text.length);
        return session_file_belongs(buffer_text(&text), text.length, stem);
    }
    return provider_file_belongs(buffer_text(&text), text.length, stem);
}

static bool is_our_file(int directory, const char *name)
{
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
           status.st_uid == geteuid();
}

static bool remove_file(int directory, const char *name, unsigned *count, struct error *err)
{
    if (unlinkat(directory, name, 0) == 0)
        (*count)++;
    else if (errno != ENOENT)
        return error_set(err, ERROR_CACHE_IO, "cannot remove '%s': %s", safe(name), strerror(errno));
    return true;
}

/* A lock is removed only while we hold it, so nobody waits on a file that is gone. */
static bool remove_lock(int directory, const char *name, unsigned *count, struct error *err)
{
    cleanup_fd int fd = -1;
    bool locked = false;
    struct error ignored = {0};
    if (!file_try_lock(directory, name, &fd, &locked, &ignored) || !locked)
        return true;
    return remove_file(directory, name, count, err);
}

static bool clean_entry(int directory, const char *name, struct session_cache_cleaned *out, struct error *err)
{
    cleanup_string char *stem = NULL;
    enum record_kind kind = record_kind_of(name, &stem);
    bool in_keyring = false;
    bool ours = kind != RECORD_FOREIGN && is_our_file(directory, name);
    if (ours && (kind == RECORD_SESSION || kind == RECORD_PROVIDER))
        ours = content_is_ours(directory, name, kind, stem, &in_keyring);
    if (!ours) { /* the draft of a process that is at work goes with that process */
        out->foreign += !(file_is_draft_name(name) && is_our_file(directory, name));
        return true;
    }
    out->in_keyring += in_keyring;
    if (kind == RECORD_LOCK)
        return remove_lock(directory, name, &out->others, err);
    return remove_file(directory, name, kind == RECORD_SESSION ? &out->sessions : &out->others, err);
}

bool session_cache_clean(const char *path, struct session_cache_cleaned *out, struct error *err)
{
    cleanup_fd int directory = -1;
    cleanup_text_list struct text_list names = {0};
    struct session_cache_cleaned cleaned = {0};
    bool found = false;
    if (!file_open_directory(path, false, &directory, &found, err))
        return false;
    if (found) {
        file_sweep_drafts(directory, clock_wall());
        if (!record_list_directory(directory, &names, err))
            return false;
    }
    for (size_t i = 0; i < names.count; i++) {
        if (!clean_entry(directory, names.items[i], &cleaned, err))
            return false;
    }
    (void)rmdir(path); /* it stays when anything is left in it */
    *out = cleaned;
    return true;
}
