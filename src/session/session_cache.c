/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions in a private directory: readers need no lock because a file is only ever replaced whole. */
#include "session/session_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "session/session_file.h"

enum { DRAFT_SIZE = 64 * 1024 };

static char *file_name(const struct session_key *key, const char *extension)
{
    return memory_format("%s%s", key->name, extension);
}

/* PROBE says whether it matters that the directory can be written. False without an error when it is not
 * there. */
static bool open_candidate(const char *path, bool create, bool probe, struct session_cache *out,
                           struct error *err)
{
    cleanup_fd int directory = -1;
    bool found = false;
    if (path[0] != '/')
        return error_set(err, ERROR_CACHE_PERM, "cache directory '%s' is not an absolute path", safe(path));
    if (!file_open_directory(path, create, &directory, &found, err) || !found)
        return false;

    out->read_only = probe && faccessat(directory, ".", W_OK | X_OK, 0) != 0;
    if (out->read_only)
        error_set(err, ERROR_CACHE_PERM, "cache directory '%s' cannot be written: %s", safe(path),
                  strerror(errno));
    out->directory = steal_fd(&directory);
    out->path = memory_copy_text(path);
    return true;
}

static void keep_first(struct error *warning, const struct error *problem)
{
    if (warning != NULL && warning->code == ERROR_NONE)
        *warning = *problem;
}

void session_cache_open(const char *const *candidates, bool create, struct session_cache *out,
                        struct error *warning)
{
    struct session_cache best = {.directory = -1};
    if (warning != NULL)
        error_clear(warning);
    for (size_t i = 0; candidates[i] != NULL; i++) {
        struct session_cache candidate = {.directory = -1};
        struct error problem = {0};
        bool probe = create || candidates[i + 1] != NULL;
        bool opened = open_candidate(candidates[i], create, probe, &candidate, &problem);
        if (create || !opened) /* who only reads does not miss the right to write */
            keep_first(warning, &problem);
        if (!opened || (candidate.read_only && best.directory >= 0)) {
            session_cache_close(&candidate);
            continue;
        }
        session_cache_close(&best);
        best = candidate;
        if (!best.read_only)
            break;
    }
    *out = best;
    for (size_t i = 0; out->path != NULL && candidates[i] != NULL && out->spare == NULL; i++)
        out->spare = strcmp(candidates[i], out->path) != 0 ? candidates[i] : NULL;
    if (out->path != NULL && strcmp(candidates[0], out->path) != 0)
        out->stands_for = candidates[0];
}

/* -1 when there is none. */
static int open_spare(const struct session_cache *cache, bool create)
{
    struct error ignored = {0};
    bool found = false;
    int fd = -1;
    if (cache->spare == NULL || !file_open_directory(cache->spare, create, &fd, &found, &ignored) || !found)
        return -1;
    return fd;
}

void session_cache_close(struct session_cache *cache)
{
    if (cache->directory >= 0)
        close(cache->directory);
    free(cache->path);
    *cache = (struct session_cache){.directory = -1};
}

/* A directory with sessions; with STANDS_FOR (borrowed) only those that were saved for that one count. */
struct place {
    int directory;
    const char *stands_for;
};

static bool load_from(struct place place, const struct session_key *key, struct session *out,
                      struct error *warning)
{
    cleanup_string char *name = file_name(key, ".json");
    cleanup_buffer struct buffer text = BUFFER_SECRET(SESSION_FILE_LIMIT);
    struct file_state state = {0};
    if (!file_read_private(place.directory, name, &text, &state, warning))
        return false;
    if (state.found &&
        session_file_parse(buffer_text(&text), text.length, key, out, &state.why) == SESSION_FILE_GOOD) {
        if (place.stands_for == NULL || text_equal(out->stands_for, place.stands_for))
            return true;
        session_release(out);
        return false;
    }
    if (state.why != NULL)
        error_set(warning, state.found ? ERROR_CACHE_IO : ERROR_CACHE_PERM,
                  "session file '%s' is not used: it %s", safe(name), state.why);
    return false;
}

static struct place usual_place(const struct session_cache *cache)
{
    return (struct place){cache->directory, cache->stands_for};
}

/* The spare place, open as DIRECTORY. It is the first candidate itself when DIRECTORY is the second. */
static struct place spare_place(const struct session_cache *cache, int directory)
{
    return (struct place){directory, cache->stands_for == NULL ? cache->path : NULL};
}

static bool load_from_spare(const struct session_cache *cache, const struct session_key *key,
                            struct session *out)
{
    struct error ignored = {0};
    cleanup_fd int spare = open_spare(cache, false);
    if (spare < 0 || !load_from(spare_place(cache, spare), key, out, &ignored))
        return false;
    if (faccessat(spare, ".", W_OK | X_OK, 0) != 0) {
        memory_free_secret(out->refresh_token);
        out->refresh_token = NULL;
        out->can_refresh = out->in_keyring = false;
    }
    return true;
}

/* One of two may be left of a call that was killed, or of a time when the directory took nothing. The spare
 * place may be one that only others write. */
static bool replaces(const struct session *spare, const struct session *first)
{
    return spare->obtained_at > first->obtained_at && (spare->can_refresh || !first->can_refresh);
}

void session_cache_load(const struct session_cache *cache, const struct session_key *key, struct session *out,
                        bool *found, struct error *warning)
{
    cleanup_session struct session spare = {0};
    struct error problem = {0};
    *found = false;
    if (cache->directory < 0)
        return;
    *found = load_from(usual_place(cache), key, out, &problem);
    if (load_from_spare(cache, key, &spare) && (!*found || replaces(&spare, out))) {
        session_release(out);
        *out = spare;
        spare = (struct session){0};
        *found = true;
    }
    if (!*found && warning != NULL && problem.code != ERROR_NONE)
        *warning = problem;
}

static bool peek_at(int directory, const struct session_key *key, struct session *out)
{
    cleanup_string char *name = file_name(key, ".json");
    cleanup_buffer struct buffer text = BUFFER_SECRET(SESSION_FILE_LIMIT);
    struct error ignored = {0};
    struct file_state state = {0};
    if (!file_read_private(directory, name, &text, &state, &ignored) || !state.found)
        return false;
    return session_file_peek(buffer_text(&text), text.length, key, out) ||
           session_file_parse(buffer_text(&text), text.length, key, out, &state.why) == SESSION_FILE_GOOD;
}

void session_cache_peek(const struct session_cache *cache, const struct session_key *key, struct session *out,
                        bool *found)
{
    struct error ignored = {0};
    if (cache->directory < 0)
        *found = false;
    else if (cache->stands_for != NULL)
        *found = load_from(usual_place(cache), key, out, &ignored) || load_from_spare(cache, key, out);
    else
        *found = peek_at(cache->directory, key, out) || load_from_spare(cache, key, out);
}

static bool is_missing(int directory, const char *name)
{
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

bool session_cache_is_gone(const struct session_cache *cache, const struct session_key *key)
{
    cleanup_string char *name = file_name(key, ".json");
    cleanup_fd int spare = open_spare(cache, false);
    return cache->directory >= 0 && is_missing(cache->directory, name) &&
           (spare < 0 || is_missing(spare, name));
}

/* Twice what rests there now, and no less than any session of today takes. */
static size_t draft_size(const struct session_cache *cache, const struct session_key *key)
{
    cleanup_string char *name = file_name(key, ".json");
    struct stat status;
    if (fstatat(cache->directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        status.st_size < DRAFT_SIZE / 2 || status.st_size > SESSION_FILE_LIMIT)
        return DRAFT_SIZE;
    return 2 * (size_t)status.st_size;
}

bool session_cache_prepare(const struct session_cache *cache, const struct session_key *key,
                           struct file_draft *draft, struct error *err)
{
    if (cache->directory < 0)
        return error_set(err, ERROR_CACHE_IO, "there is no cache directory");
    if (cache->read_only)
        return error_set(err, ERROR_CACHE_PERM, "cache directory '%s' cannot be written", safe(cache->path));
    size_t size = draft_size(cache, key);
    if (file_draft_open(cache->directory, size, draft, err))
        return true;
    struct error ignored = {0};
    cleanup_fd int spare = open_spare(cache, true);
    if (spare < 0 || !file_draft_open(spare, size, draft, &ignored))
        return false;
    log_line(1, "%s: '%s' is used instead", err->message, cache->spare);
    error_clear(err);
    draft->directory = steal_fd(&spare);
    draft->owns_directory = true;
    return true;
}

bool session_cache_is_full(const struct session_cache *cache)
{
    struct statvfs room;
    return cache->directory >= 0 && fstatvfs(cache->directory, &room) == 0 && room.f_blocks > 0 &&
           (uint64_t)room.f_bavail * room.f_frsize < DRAFT_SIZE;
}

/* True when something lies under NAME that this version would not take and that no newer one has written. */
static bool is_damaged(const struct session_cache *cache, const struct session_key *key, const char *name)
{
    cleanup_buffer struct buffer text = BUFFER_SECRET(SESSION_FILE_LIMIT);
    cleanup_session struct session session = {0};
    struct error ignored = {0};
    struct file_state state = {0};
    if (!file_read_private(cache->directory, name, &text, &state, &ignored))
        return false;
    if (!state.found)
        return state.why != NULL;
    return session_file_parse(buffer_text(&text), text.length, key, &session, &state.why) ==
           SESSION_FILE_DAMAGED;
}

/* Once: what was moved aside first is kept, it is the one that says what happened (T-34). */
static void move_damaged_aside(const struct session_cache *cache, const struct session_key *key,
                               const char *name)
{
    if (!is_damaged(cache, key, name))
        return;
    cleanup_string char *aside = file_name(key, ".bad");
    struct stat status;
    if (fstatat(cache->directory, aside, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
        return;
    if (renameat(cache->directory, name, cache->directory, aside) != 0)
        return;
    log_line(1, "the damaged session file '%s' is kept as '%s'", name, aside);
    cleanup_fd int fd = openat(cache->directory, aside, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        (void)fchmod(fd, S_IRUSR | S_IWUSR);
}

static bool remove_from(struct place place, const struct session_key *key)
{
    cleanup_session struct session session = {0};
    cleanup_string char *name = file_name(key, ".json");
    struct error ignored = {0};
    if (place.stands_for != NULL && !load_from(place, key, &session, &ignored))
        return true;
    return unlinkat(place.directory, name, 0) == 0 || errno == ENOENT;
}

/* What rests in the other place has been replaced, and its refresh token may be spent. */
static void remove_other(const struct session_cache *cache, bool in_spare, const struct session_key *key)
{
    cleanup_fd int spare = in_spare ? -1 : open_spare(cache, false);
    struct place other = in_spare ? usual_place(cache) : spare_place(cache, spare);
    if (other.directory >= 0 && !remove_from(other, key))
        log_line(1, "the old session file '%s' stays: %s", key->name, strerror(errno));
}

/* By DRAFT, else by a new one. */
static bool write_into(struct place place, const struct session_key *key, const struct session *session,
                       struct file_draft *draft, struct error *err)
{
    cleanup_string char *name = file_name(key, ".json");
    cleanup_string char *stands_for = memory_copy_text(place.stands_for);
    cleanup_secret char *text = NULL;
    struct session rests = *session; /* borrows all of it */
    rests.stands_for = stands_for;
    if (!session_file_format(key, &rests, &text, err))
        return false;
    return draft != NULL ? file_draft_commit(draft, name, text, strlen(text), err)
                         : file_replace(place.directory, name, text, strlen(text), err);
}

bool session_cache_save(const struct session_cache *cache, const struct session_key *key,
                        const struct session *session, struct file_draft *draft, struct error *err)
{
    if (cache->directory < 0)
        return true;
    cleanup_string char *name = file_name(key, ".json");
    bool in_spare = draft != NULL && draft->owns_directory;
    struct place usual = usual_place(cache);
    move_damaged_aside(cache, key, name);
    bool saved =
        draft != NULL && write_into(in_spare ? spare_place(cache, -1) : usual, key, session, draft, err);
    if (!saved) { /* somebody may have removed the draft */
        in_spare = false;
        error_clear(err);
        saved = write_into(usual, key, session, NULL, err);
    }
    file_sweep_drafts(cache->directory, session->obtained_at);
    if (saved)
        remove_other(cache, in_spare, key);
    return saved;
}

bool session_cache_drop(const struct session_cache *cache, const struct session_key *key, struct error *err)
{
    if (cache->directory < 0)
        return true;
    remove_other(cache, false, key);
    return remove_from(usual_place(cache), key) ||
           error_set(err, ERROR_CACHE_IO, "cannot remove session file '%s.json': %s", safe(key->name),
                     strerror(errno));
}
