/* SPDX-License-Identifier: Apache-2.0 */
/* Opens, and on request makes, the directory that holds our files; nobody else may be able to put another in its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* What a user namespace shows for owners that it does not map, above all for the real root. */
enum { UNMAPPED_USER = 65534 };

/* A path taken apart. */
struct place {
    int parent;      /* where LAST is looked up; owned */
    const char *path; /* for messages; borrowed */
    char *last;      /* owned */
};

static void place_release(struct place *place)
{
    memory_cleanup_fd(&place->parent);
    memory_cleanup_string(&place->last);
}

/* Makes a directory that even a umask of 000 or 777 leaves at 0700; an existing one is fine. */
static bool make_directory(int parent, const char *name)
{
    mode_t before = umask(0077);
    int result = mkdirat(parent, name, 0700);
    int reason = errno;
    umask(before);
    errno = reason;
    return result == 0 || reason == EEXIST;
}

static bool refuse(const struct place *place, struct error *err)
{
    bool permission = errno == EACCES || errno == EPERM || errno == EROFS;
    return error_set(err, permission ? ERROR_CACHE_PERM : ERROR_CACHE_IO, "cannot open directory '%s': %s",
                     safe(place->path), strerror(errno));
}

/* Goes from PLACE's parent down into NAME, which is made when it is missing. */
static bool enter_ancestor(struct place *place, const char *name, struct error *err)
{
    struct stat status;
    int result = fstatat(place->parent, name, &status, AT_SYMLINK_NOFOLLOW);
    if (result != 0 && errno == ENOENT && make_directory(place->parent, name))
        result = fstatat(place->parent, name, &status, AT_SYMLINK_NOFOLLOW);
    if (result != 0)
        return refuse(place, err);
    if (S_ISLNK(status.st_mode) && status.st_uid != geteuid() && status.st_uid != 0 &&
        status.st_uid != UNMAPPED_USER)
        return error_set(err, ERROR_CACHE_PERM, "cannot use directory '%s': '%s' on the way is a symbolic link of another user",
                         safe(place->path), safe(name));
    int next = openat(place->parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (next < 0)
        return refuse(place, err);
    memory_cleanup_fd(&place->parent);
    place->parent = next;
    return true;
}

/* Splits off the last component ("" when there is none) and walks to where it is looked up. */
static bool walk_to_parent(struct place *place, struct error *err)
{
    cleanup_string char *path = memory_copy_text(place->path);
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    place->parent = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place->parent < 0)
        return refuse(place, err);
    char *rest = path;
    char *name = strsep(&rest, "/");
    while (rest != NULL) {
        if (name[0] != '\0' && !enter_ancestor(place, name, err))
            return false;
        name = strsep(&rest, "/");
    }
    place->last = memory_copy_text(name[0] != '\0' ? name : ".");
    return true;
}

/* An open directory must be ours; what others may read is closed to them, where others may write it is not ours alone. */
static bool check_directory(int fd, const char *path, struct error *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set(err, ERROR_CACHE_IO, "cannot examine directory '%s': %s", safe(path), strerror(errno));
    if (status.st_uid != geteuid())
        return error_set(err, ERROR_CACHE_PERM, "cannot use directory '%s': it belongs to another user", safe(path));
    if ((status.st_mode & (S_IWOTH | S_ISVTX | S_ISGID)) != 0) {
        error_set(err, ERROR_CACHE_PERM, "cannot use directory '%s': it is shared with other users", safe(path));
        return error_hint(err, "name a directory of your own, or run: chmod 700 '%s'", safe(path));
    }
    if ((status.st_mode & 0777) == 0700 || fchmod(fd, 0700) == 0 || (status.st_mode & S_IWGRP) == 0)
        return true;
    return error_set(err, ERROR_CACHE_PERM, "cannot make directory '%s' private: %s", safe(path), strerror(errno));
}

static bool fail_open(const char *path, int reason, struct error *err)
{
    if (reason == ENOTDIR || reason == ELOOP)
        return error_set(err, ERROR_CACHE_PERM, "cannot use directory '%s': it is a symbolic link or not a directory",
                         safe(path));
    struct place place = {.path = path};
    errno = reason;
    return refuse(&place, err);
}

/* Opens the directory itself, never through a link: a slash at the end would follow one. */
static int open_existing(const char *path)
{
    cleanup_string char *plain = memory_copy_text(path);
    size_t length = strlen(plain);
    while (length > 1 && plain[length - 1] == '/')
        plain[--length] = '\0';
    return open(plain, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int open_created(const char *path, struct error *err)
{
    __attribute__((cleanup(place_release))) struct place place = {.parent = -1, .path = path};
    if (!walk_to_parent(&place, err))
        return -1;
    if (!make_directory(place.parent, place.last)) {
        refuse(&place, err);
        return -1;
    }
    int fd = openat(place.parent, place.last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        fail_open(path, errno, err);
    return fd;
}

bool file_open_directory(const char *path, bool create, int *fd, bool *found, struct error *err)
{
    cleanup_fd int opened = -1;
    if (create) {
        opened = open_created(path, err);
        if (opened < 0)
            return false;
    } else {
        opened = open_existing(path);
        if (opened < 0 && errno != ENOENT)
            return fail_open(path, errno, err);
    }
    if (opened >= 0 && !check_directory(opened, path, err))
        return false;
    *found = opened >= 0;
    *fd = steal_fd(&opened);
    return true;
}
