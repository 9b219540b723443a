/* SPDX-License-Identifier: Apache-2.0 */
/* One writer at a time: the lock of a session is a file beside it, which stays. */
#include <sys/stat.h>

#include "base/memory.h"
#include "session/session_cache.h"

/* `clean` may have removed the file between its opening and its locking: then others lock a new one. */
static bool try_lock(int directory, const char *name, int *fd, bool *locked, struct error *err)
{
    cleanup_fd int held = -1;
    bool got = false;
    struct stat status;
    if (!file_try_lock(directory, name, &held, &got, err))
        return false;
    *locked = got && fstat(held, &status) == 0 && status.st_nlink > 0;
    *fd = *locked ? steal_fd(&held) : -1;
    return true;
}

static bool lock_elsewhere(const char *path, const char *name, int *fd, bool *locked, struct error *err)
{
    cleanup_fd int directory = -1;
    bool found = false;
    return file_open_directory(path, true, &directory, &found, err) &&
           try_lock(directory, name, fd, locked, err);
}

bool session_cache_try_lock(const struct session_cache *cache, const struct session_key *key, int *fd,
                            bool *locked, struct error *err)
{
    cleanup_string char *name = memory_format("%s.lock", key->name);
    struct error second = {0};
    if (cache->directory >= 0 && try_lock(cache->directory, name, fd, locked, err))
        return true;
    if (cache->lock_directory != NULL && lock_elsewhere(cache->lock_directory, name, fd, locked, &second)) {
        error_clear(err);
        return true;
    }
    if (cache->directory >= 0)
        return false;
    *fd = -1;
    *locked = true;
    return true;
}
