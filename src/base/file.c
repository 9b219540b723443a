/* SPDX-License-Identifier: Apache-2.0 */
/* Reads files that must be private, files that the user named, and holds the lock of a session. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { CHUNK = 4096 };

bool file_read_all(int fd, struct buffer *out)
{
    char chunk[CHUNK];
    bool good = true;
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        good = got >= 0;
        if (got <= 0)
            break;
        if (!buffer_append(out, chunk, (size_t)got)) {
            errno = EFBIG;
            good = false;
            break;
        }
    }
    int reason = errno;
    memory_wipe(chunk, sizeof(chunk));
    errno = reason;
    return good;
}

/* Why a file is not one that we wrote, or NULL. */
static const char *find_unfit(const struct stat *status, size_t room)
{
    if (!S_ISREG(status->st_mode))
        return "is not a regular file";
    if (status->st_uid != geteuid())
        return "belongs to another user";
    /* none: another process replaced it after we had opened it, and what we read is whole */
    if (status->st_nlink > 1)
        return "has more than one link";
    if ((status->st_mode & 07177) != 0)
        return "has permissions beyond 0600";
    if ((uintmax_t)status->st_size > room)
        return "is too large";
    return NULL;
}

/* The opened file; -1 with STATE's reason when it is missing or unfit, -1 with *FAILED for an I/O error. */
static int open_private(int directory, const char *name, struct file_state *state, bool *failed)
{
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 || errno == ENOENT)
        return fd;
    if (errno == ELOOP)
        state->why = "is a symbolic link";
    else if (errno == EACCES || errno == EPERM)
        state->why = "cannot be opened";
    else if (errno == ENXIO || errno == ENODEV)
        state->why = "is not a regular file";
    else
        *failed = true;
    return -1;
}

bool file_read_private(int directory, const char *name, struct buffer *out, struct file_state *state,
                       struct error *err)
{
    struct file_state seen = {0};
    bool failed = false;
    cleanup_fd int fd = open_private(directory, name, &seen, &failed);
    if (failed)
        return error_set(err, ERROR_CACHE_IO, "cannot open '%s': %s", safe(name), strerror(errno));
    size_t before = out->length;
    struct stat status;
    if (fd >= 0 && fstat(fd, &status) != 0)
        return error_set(err, ERROR_CACHE_IO, "cannot examine '%s': %s", safe(name), strerror(errno));
    if (fd >= 0)
        seen.why = find_unfit(&status, out->limit - before);
    if (fd < 0 || seen.why != NULL) {
        *state = seen;
        return true;
    }
    if (!file_read_all(fd, out)) {
        int reason = errno;
        buffer_truncate(out, before);
        if (reason != EFBIG)
            return error_set(err, ERROR_CACHE_IO, "cannot read '%s': %s", safe(name), strerror(reason));
        seen.why = "is too large";
    }
    seen.found = seen.why == NULL;
    *state = seen;
    return true;
}

bool file_read(const char *path, struct buffer *out, struct error *err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        error_set(err, ERROR_CONFIG, "cannot open '%s': %s", safe(path), strerror(errno));
        if (path[0] == '~')
            error_hint(err, "'~' is not expanded here, only by a shell: write the whole path");
        return false;
    }
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set(err, ERROR_CONFIG, "cannot examine '%s': %s", safe(path), strerror(errno));
    if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode))
        return error_set(err, ERROR_CONFIG, "cannot read '%s': it is not a regular file", safe(path));
    size_t before = out->length;
    if (file_read_all(fd, out))
        return true;
    int reason = errno;
    buffer_truncate(out, before);
    if (reason == EFBIG)
        return error_set(err, ERROR_TOO_LARGE, "cannot read '%s': it is larger than %zu bytes", safe(path),
                         out->limit);
    return error_set(err, ERROR_CONFIG, "cannot read '%s': %s", safe(path), strerror(reason));
}

bool file_try_lock(int directory, const char *name, int *fd, bool *locked, struct error *err)
{
    cleanup_fd int lock =
        openat(directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (lock < 0 && errno == ELOOP)
        return error_set(err, ERROR_CACHE_PERM, "cannot lock '%s': it is a symbolic link", safe(name));
    if (lock < 0)
        return error_set(err, ERROR_CACHE_IO, "cannot open lock '%s': %s", safe(name), strerror(errno));
    struct stat status;
    if (fstat(lock, &status) != 0)
        return error_set(err, ERROR_CACHE_IO, "cannot examine lock '%s': %s", safe(name), strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_nlink > 1)
        return error_set(err, ERROR_CACHE_PERM, "cannot lock '%s': it is not a regular file of our own",
                         safe(name));
    /* the umask may have taken our own bits, an old one may have been readable by others */
    if ((status.st_mode & 07777) != 0600 && fchmod(lock, 0600) != 0)
        return error_set(err, ERROR_CACHE_PERM, "cannot make lock '%s' private: %s", safe(name),
                         strerror(errno));
    int result;
    do {
        result = flock(lock, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EWOULDBLOCK)
        return error_set(err, ERROR_CACHE_IO, "cannot lock '%s': %s", safe(name), strerror(errno));
    *locked = result == 0;
    *fd = result == 0 ? steal_fd(&lock) : -1;
    return true;
}

/* The home directory of the password database, or NULL. */
static char *find_home(void)
{
    enum { LARGEST = 1 << 20 };
    for (size_t size = 1024; size <= LARGEST; size *= 4) {
        cleanup_string char *space = memory_allocate(size);
        struct passwd entry;
        struct passwd *found = NULL;
        int reason = getpwuid_r(geteuid(), &entry, space, size, &found);
        if (reason == ERANGE)
            continue;
        if (reason != 0 || found == NULL || found->pw_dir == NULL || found->pw_dir[0] != '/')
            return NULL;
        return memory_copy_text(found->pw_dir);
    }
    return NULL;
}

char *file_expand_home(const char *path, const char *home)
{
    if (path[0] != '~' || (path[1] != '\0' && path[1] != '/'))
        return memory_copy_text(path);
    cleanup_string char *directory = home != NULL && home[0] == '/' ? memory_copy_text(home) : find_home();
    if (directory == NULL)
        return memory_copy_text(path);
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        directory[--length] = '\0';
    /* "/" and "/x" are "/x", not the "//x" that POSIX leaves undefined */
    return memory_format("%s%s", length == 1 && path[1] == '/' ? "" : directory, path + 1);
}
