/* SPDX-License-Identifier: Apache-2.0 */
/* Opens, and on request makes, the directory that holds our files: ours alone, and never through a link. */
#include <dirent.h>
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
    int parent;       /* where LAST is looked up; owned */
    const char *path; /* for messages; borrowed */
    char *last;       /* owned */
};

static void place_release(struct place *place)
{
    memory_cleanup_fd(&place->parent);
    memory_cleanup_string(&place->last);
}

static bool refuse(const struct place *place, struct error *err)
{
    bool permission = errno == EACCES || errno == EPERM || errno == EROFS;
    return error_set(err, permission ? ERROR_CACHE_PERM : ERROR_CACHE_IO, "cannot open directory '%s': %s",
                     safe(place->path), strerror(errno));
}

/* Makes NAME with mode 0700 under any umask; one that somebody else made meanwhile is fine. */
static bool make_directory(const struct place *place, const char *name, struct error *err)
{
    struct stat status;
    /* under sudo, HOME may be somebody's: a directory of root in it would lock its owner out of his cache */
    if (geteuid() == 0 && fstat(place->parent, &status) == 0 && status.st_uid != 0 &&
        status.st_uid != UNMAPPED_USER)
        return error_set(err, ERROR_CACHE_PERM, "cannot make directory '%s': '%s' would be in another user's",
                         safe(place->path), safe(name));
    mode_t before = umask(0077);
    int result = mkdirat(place->parent, name, 0700);
    int reason = errno;
    umask(before);
    errno = reason;
    return result == 0 || reason == EEXIST || refuse(place, err);
}

/* Goes from PLACE's parent down into NAME, which is made when it is missing. */
static bool enter_ancestor(struct place *place, const char *name, struct error *err)
{
    struct stat status;
    int result = fstatat(place->parent, name, &status, AT_SYMLINK_NOFOLLOW);
    if (result != 0 && errno == ENOENT) {
        if (!make_directory(place, name, err))
            return false;
        result = fstatat(place->parent, name, &status, AT_SYMLINK_NOFOLLOW);
    }
    if (result != 0)
        return refuse(place, err);
    if (S_ISLNK(status.st_mode) && status.st_uid != geteuid() && status.st_uid != 0 &&
        status.st_uid != UNMAPPED_USER)
        return error_set(err, ERROR_CACHE_PERM,
                         "cannot use directory '%s': '%s' on the way is a symbolic link of another user",
                         safe(place->path), safe(name));
    int next = openat(place->parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (next < 0)
        return refuse(place, err);
    memory_cleanup_fd(&place->parent);
    place->parent = next;
    return true;
}

/* A slash at the end would make a symbolic link be followed. */
static char *copy_without_slash(const char *path)
{
    char *plain = memory_copy_text(path);
    size_t length = strlen(plain);
    while (length > 1 && plain[length - 1] == '/')
        plain[--length] = '\0';
    return plain;
}

/* Splits off the last component and walks to where it is looked up. */
static bool walk_to_parent(struct place *place, struct error *err)
{
    cleanup_string char *path = copy_without_slash(place->path);
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
    place->last = memory_copy_text(path[0] == '/' && name[0] == '\0' ? "." : name);
    return true;
}

/* Our own directories hold files only; one with directories in it is a home, or a part of the system. */
static bool holds_directories(int fd)
{
    int listed = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = listed >= 0 ? fdopendir(listed) : NULL;
    if (list == NULL) {
        memory_cleanup_fd(&listed);
        return true;
    }
    bool found = false;
    for (const struct dirent *entry = readdir(list); entry != NULL && !found; entry = readdir(list)) {
        struct stat status;
        found = !text_equal(entry->d_name, ".") && !text_equal(entry->d_name, "..") &&
                fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
    }
    closedir(list);
    return found;
}

/* An open directory must be ours. One that others may read is closed to them, unless that would shut them out
 * of more than our files; one that others may write and that cannot be closed is refused. */
static bool check_directory(int fd, const char *path, struct error *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set(err, ERROR_CACHE_IO, "cannot examine directory '%s': %s", safe(path),
                         strerror(errno));
    if (status.st_uid != geteuid())
        return error_set(err, ERROR_CACHE_PERM, "cannot use directory '%s': it belongs to another user",
                         safe(path));
    if ((status.st_mode & 07077) == 0)
        return true;
    bool shared = (status.st_mode & (S_IWOTH | S_ISVTX | S_ISGID)) != 0;
    bool closed = !shared && !holds_directories(fd) && fchmod(fd, 0700) == 0;
    if (closed || (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return true;
    error_set(err, ERROR_CACHE_PERM, "cannot use directory '%s': other users may write in it", safe(path));
    return error_hint(err, "name a directory of your own, or run: chmod 700 '%s'", safe(path));
}

static bool fail_open(const char *path, int reason, struct error *err)
{
    if (reason == ENOTDIR || reason == ELOOP)
        return error_set(err, ERROR_CACHE_PERM,
                         "cannot use directory '%s': it is a symbolic link or not a directory", safe(path));
    struct place place = {.path = path};
    errno = reason;
    return refuse(&place, err);
}

static int open_last(int parent, const char *name)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int open_created(const char *path, struct error *err)
{
    __attribute__((cleanup(place_release))) struct place place = {.parent = -1, .path = path};
    if (!walk_to_parent(&place, err))
        return -1;
    int fd = open_last(place.parent, place.last);
    if (fd < 0 && errno == ENOENT && place.last[0] != '\0') {
        if (!make_directory(&place, place.last, err))
            return -1;
        fd = open_last(place.parent, place.last);
    }
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
        cleanup_string char *plain = copy_without_slash(path);
        opened = open_last(AT_FDCWD, plain);
        if (opened < 0 && errno != ENOENT)
            return fail_open(path, errno, err);
    }
    if (opened >= 0 && !check_directory(opened, path, err))
        return false;
    *found = opened >= 0;
    *fd = steal_fd(&opened);
    return true;
}
