/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces a file in one step: draft beside it, sync, rename over the name, sync the directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#define DRAFT_PREFIX ".tok."
enum { ATTEMPTS = 16, STALE_SECONDS = 3600 };

/* Only has to differ from other drafts: O_EXCL is what protects. */
static uint64_t random_number(void)
{
    uint64_t number;
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
        number = (uint64_t)clock_monotonic() ^ (uint64_t)(uintptr_t)&number;
    return number;
}

static bool create_draft(struct file_draft *draft)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        snprintf(draft->name, sizeof(draft->name), DRAFT_PREFIX "%ld.%016" PRIx64, (long)getpid(),
                 random_number());
        draft->fd =
            openat(draft->directory, draft->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (draft->fd >= 0)
            return true;
        if (errno != EEXIST)
            break;
    }
    draft->name[0] = '\0';
    return false;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t written = pwrite(fd, bytes + done, length - done, (off_t)done);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            done += (size_t)written;
    }
    return true;
}

static bool write_zeros(int fd, size_t size)
{
    static const char zeros[4096];
    for (size_t done = 0; done < size;) {
        size_t part = size - done < sizeof(zeros) ? size - done : sizeof(zeros);
        ssize_t written = pwrite(fd, zeros, part, (off_t)done);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            done += (size_t)written;
    }
    return true;
}

/* Reserves SIZE bytes on the disk; where a file system cannot, by writing them. */
static bool reserve_space(int fd, size_t size)
{
    if (size == 0)
        return true;
    int reason;
    do {
        reason = posix_fallocate(fd, 0, (off_t)size);
    } while (reason == EINTR);
    if (reason == EOPNOTSUPP || reason == EINVAL || reason == ENOSYS)
        return write_zeros(fd, size);
    errno = reason;
    return reason == 0;
}

static bool sync_fully(int fd)
{
    int result;
    do {
        result = fsync(fd);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

static bool make_draft(int directory, size_t size, bool synced, struct file_draft *draft, struct error *err)
{
    cleanup_file_draft struct file_draft made = {.directory = directory, .fd = -1};
    if (!create_draft(&made))
        return error_set(err, ERROR_CACHE_IO, "cannot create a temporary file: %s", strerror(errno));
    /* tells a sweeper who cannot see our process (another namespace, another host) that it lives */
    (void)flock(made.fd, LOCK_EX | LOCK_NB);
    if (fchmod(made.fd, 0600) != 0 || !reserve_space(made.fd, size) || (synced && !sync_fully(made.fd)))
        return error_set(err, ERROR_CACHE_IO, "cannot prepare a temporary file: %s", strerror(errno));
    *draft = made;
    made.name[0] = '\0';
    return true;
}

bool file_draft_open(int directory, size_t size, struct file_draft *draft, struct error *err)
{
    return make_draft(directory, size, true, draft, err);
}

void file_draft_release(struct file_draft *draft)
{
    if (draft->name[0] != '\0') {
        memory_cleanup_fd(&draft->fd);
        unlinkat(draft->directory, draft->name, 0);
        draft->name[0] = '\0';
    }
    if (draft->owns_directory)
        memory_cleanup_fd(&draft->directory);
    draft->owns_directory = false;
}

/* True when NAME is the very file that is open as the draft: NFS may report an error after success. */
static bool is_in_place(const struct file_draft *draft, const char *name)
{
    struct stat ours;
    struct stat there;
    return fstat(draft->fd, &ours) == 0 &&
           fstatat(draft->directory, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

static bool rename_draft(const struct file_draft *draft, const char *name)
{
    if (renameat(draft->directory, draft->name, draft->directory, name) == 0)
        return true;
    int reason = errno;
    bool in_place = is_in_place(draft, name);
    errno = reason;
    return in_place;
}

bool file_draft_commit(struct file_draft *draft, const char *name, const void *bytes, size_t length,
                       struct error *err)
{
    cleanup_file_draft struct file_draft used = *draft;
    *draft = (struct file_draft){.directory = -1, .fd = -1};
    if (!write_all(used.fd, bytes, length) || ftruncate(used.fd, (off_t)length) != 0 || !sync_fully(used.fd))
        return error_set(err, ERROR_CACHE_IO, "cannot write '%s': %s", safe(name), strerror(errno));
    if (!rename_draft(&used, name))
        return error_set(err, ERROR_CACHE_IO, "cannot replace '%s': %s", safe(name), strerror(errno));
    used.name[0] = '\0';
    memory_cleanup_fd(&used.fd);
    /* what stands there now is better than what stood there, whatever a power cut would leave of it */
    if (!sync_fully(used.directory))
        log_line(1, "cannot sync the directory of '%s': %s", safe(name), strerror(errno));
    return true;
}

bool file_replace_at_once(int directory, const char *name, const void *bytes, size_t length,
                          struct error *err)
{
    cleanup_file_draft struct file_draft draft = {.directory = -1, .fd = -1};
    return make_draft(directory, 0, false, &draft, err) &&
           file_draft_commit(&draft, name, bytes, length, err);
}

bool file_replace(int directory, const char *name, const void *bytes, size_t length, struct error *err)
{
    cleanup_file_draft struct file_draft draft = {.directory = -1, .fd = -1};
    return file_draft_open(directory, length, &draft, err) &&
           file_draft_commit(&draft, name, bytes, length, err);
}

/* The process that made the draft NAME, 0 when it is not a draft's name. */
static pid_t read_owner(const char *name)
{
    if (!text_starts_with(name, DRAFT_PREFIX))
        return 0;
    const char *digits = name + strlen(DRAFT_PREFIX);
    const char *end = strchr(digits, '.');
    if (end == NULL || end == digits)
        return 0;
    cleanup_string char *text = memory_copy_bytes(digits, (size_t)(end - digits));
    int64_t pid = 0;
    return text_to_number(text, 1, INT32_MAX, &pid) ? (pid_t)pid : 0;
}

bool file_is_draft_name(const char *name)
{
    return read_owner(name) != 0;
}

static bool is_held(int directory, const char *name)
{
    cleanup_fd int fd = openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

static void sweep_draft(int directory, const char *name, int64_t now)
{
    pid_t owner = read_owner(name);
    struct stat status;
    if (owner == 0 || fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
        return;
    bool old = now - status.st_mtime > STALE_SECONDS;
    bool dead = kill(owner, 0) != 0 && errno == ESRCH;
    if ((old || dead) && !is_held(directory, name))
        unlinkat(directory, name, 0);
}

void file_sweep_drafts(int directory, int64_t now)
{
    int listed = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = listed >= 0 ? fdopendir(listed) : NULL;
    if (list == NULL) {
        memory_cleanup_fd(&listed);
        return;
    }
    for (const struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list))
        sweep_draft(directory, entry->d_name, now);
    closedir(list);
}
