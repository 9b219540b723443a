/* SPDX-License-Identifier: Apache-2.0 */
/* All descriptors at once by close_range, and one by one where the kernel has none. */
#include "descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"

enum { FIRST_OTHER = 3, NO_PROC_LIMIT = 4096 };
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

static bool change_range(unsigned first, unsigned last, unsigned flags)
{
#ifdef SYS_close_range
    return first > last || syscall(SYS_close_range, first, last, flags) == 0;
#else
    (void)first, (void)last, (void)flags;
    return false;
#endif
}

static void protect(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void shut(int fd)
{
    close(fd);
}

static void each(int kept, void (*change)(int fd))
{
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) {
        for (int fd = FIRST_OTHER; fd < NO_PROC_LIMIT; fd++)
            if (fd != kept)
                change(fd);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        int64_t fd;
        if (text_to_number(entry->d_name, FIRST_OTHER, INT32_MAX, &fd) && fd != kept &&
            fd != dirfd(directory))
            change((int)fd);
    }
    closedir(directory);
}

void descriptors_protect(void)
{
    if (!change_range(FIRST_OTHER, UINT_MAX, CLOSE_RANGE_CLOEXEC))
        each(-1, protect);
}

void descriptors_close(int kept)
{
    unsigned hole = kept < FIRST_OTHER ? FIRST_OTHER : (unsigned)kept;
    unsigned behind = kept < FIRST_OTHER ? FIRST_OTHER : hole + 1;
    if (!change_range(FIRST_OTHER, hole - 1, 0) || !change_range(behind, UINT_MAX, 0))
        each(kept, shut);
}
