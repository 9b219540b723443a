/* SPDX-License-Identifier: Apache-2.0 */
/* Private files: read a bounded one, replace one atomically, hold a lock with a deadline. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* Opens PATH, the directory that holds our files: never through a link (its ancestors may be symbolic links,
 * of ours or of root), owned by the effective user; anything else is refused (cache_perm). *FOUND is false
 * when it does not exist. With CREATE it is made first, missing ancestors too, mode 0700 under any umask, but
 * by root never inside somebody else's directory. One that others may read is tightened to 0700, unless it
 * holds directories and so is more than ours (a home, /etc); one that others may write is tightened or, where
 * that is not harmless, refused. The caller owns *FD. (security T-26) */
bool file_open_directory(const char *path, bool create, int *fd, bool *found, struct error *err) must_check;

/* What a private file turned out to be. */
struct file_state {
    bool found;
    const char *why; /* static: "is a symbolic link", ...; NULL when found or simply missing */
};
/* Appends DIRECTORY/NAME to OUT (its limit bounds the size). Not FOUND when the file is missing or is not
 * what we write: not regular, other owner, more than one link, permissions beyond 0600, larger than the
 * limit. Opened O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC. An error is an I/O error only. (security T-26) */
bool file_read_private(int directory, const char *name, struct buffer *out, struct file_state *state,
                       struct error *err) must_check;

/* Appends everything that FD gives until its end. False with errno, EFBIG at OUT's limit; what came before
 * stays there. */
bool file_read_all(int fd, struct buffer *out) must_check;
/* Appends any file that the user named (CA file, secret file): follows links, regular or FIFO, at most OUT's
 * limit. */
bool file_read(const char *path, struct buffer *out, struct error *err) must_check;

/* Proves that DIRECTORY can save: an O_EXCL temporary file of SIZE preallocated bytes, synced. It stays open
 * for file_draft_commit; file_draft_release removes it when it was not used. DIRECTORY is borrowed. (security
 * T-32) */
struct file_draft {
    int directory, fd;
    bool owns_directory; /* then it is closed with the draft */
    char name[64];       /* "" when there is no draft */
};
bool file_draft_open(int directory, size_t size, struct file_draft *draft, struct error *err) must_check;
void file_draft_release(struct file_draft *draft);
#define cleanup_file_draft __attribute__((cleanup(file_draft_release)))
/* Writes BYTES to DRAFT, syncs, renames it over NAME, syncs the directory. The draft is used up either way:
 * after an error, which comes before or at the rename, it is removed. A directory that cannot be synced is no
 * error: the file is in its place by then. (security T-33) */
bool file_draft_commit(struct file_draft *draft, const char *name, const void *bytes, size_t length,
                       struct error *err) must_check;
/* Both in one. */
bool file_replace(int directory, const char *name, const void *bytes, size_t length, struct error *err)
    must_check;
/* The same for what is small and can be asked for again: no room is reserved before, which spares a sync. */
bool file_replace_at_once(int directory, const char *name, const void *bytes, size_t length,
                          struct error *err) must_check;
/* Removes drafts of dead processes, or older than an hour. A draft is locked while its process lives: one
 * that is, whatever its process and its age look like from another host, process namespace or clock, stays.
 * Failures are ignored. */
void file_sweep_drafts(int directory, int64_t now);
/* Whether a draft is called NAME. */
bool file_is_draft_name(const char *name);

/* Takes the exclusive flock of DIRECTORY/NAME (created 0600, never removed). *LOCKED is false when it is held
 * by somebody else. ENOLCK and the like are an error (cache_io). The caller owns *FD; closing it unlocks. */
bool file_try_lock(int directory, const char *name, int *fd, bool *locked, struct error *err) must_check;

/* Expands "~" and "~/..." by HOME (absolute only), else by the password database; other texts are copied. */
char *file_expand_home(const char *path, const char *home) must_check;

#endif
