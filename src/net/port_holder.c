/* SPDX-License-Identifier: Apache-2.0 */
/* Who listens on a port, from /proc: a listening socket's inode, then the process that has it open. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "net/callback_server.h"

enum { LINE_SIZE = 512, LINES_MAXIMUM = 100000, LINK_SIZE = 64, NAME_SIZE = 64 };

/* Gives the word with this number of a line whose words are separated by spaces; "" when there are fewer. */
static const char *line_word(const char *line, unsigned number)
{
    line += strspn(line, " ");
    while (number-- > 0) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    return line;
}

/* A line of /proc/net/tcp: "sl local:port remote:port state queues timer retransmits uid timeout inode
 * ...". */
static bool line_is_listener(const char *line, int port, uint64_t *inode)
{
    const char *local = strchr(line_word(line, 1), ':');
    if (local == NULL || strtol(local + 1, NULL, 16) != port || strncmp(line_word(line, 3), "0A ", 3) != 0)
        return false;
    *inode = strtoull(line_word(line, 9), NULL, 10);
    return *inode != 0;
}

static bool find_inode(const char *table, int port, uint64_t *inode)
{
    FILE *file = fopen(table, "re");
    if (file == NULL)
        return false;
    char line[LINE_SIZE];
    bool found = false;
    for (int i = 0; !found && i < LINES_MAXIMUM && fgets(line, sizeof line, file) != NULL; i++)
        found = line_is_listener(line, port, inode);
    fclose(file);
    return found;
}

/* Opens /proc/PID/fd of another process. */
static DIR *open_descriptors(int proc, const char *pid)
{
    cleanup_string char *path = memory_format("%s/fd", pid);
    cleanup_fd int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory != NULL)
        fd = -1;
    return directory;
}

static bool process_has_socket(int proc, const char *pid, const char *link)
{
    DIR *directory = open_descriptors(proc, pid);
    if (directory == NULL)
        return false;
    bool found = false;
    const struct dirent *entry;
    while (!found && (entry = readdir(directory)) != NULL) {
        char target[LINK_SIZE];
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target);
        found = length > 0 && (size_t)length == strlen(link) && memcmp(target, link, (size_t)length) == 0;
    }
    closedir(directory);
    return found;
}

static char *describe(int proc, const char *pid)
{
    cleanup_string char *path = memory_format("%s/comm", pid);
    cleanup_fd int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    char name[NAME_SIZE];
    ssize_t length = fd >= 0 ? read(fd, name, sizeof name) : 0;
    while (length > 0 && name[length - 1] == '\n')
        length--;
    if (length <= 0)
        return memory_format("pid %s", pid);
    return memory_format("pid %s (%s)", pid, text_make_safe_bytes(name, (size_t)length).text);
}

char *callback_server_port_holder(int port)
{
    uint64_t inode;
    if (!find_inode("/proc/net/tcp", port, &inode) && !find_inode("/proc/net/tcp6", port, &inode))
        return NULL;
    DIR *proc = opendir("/proc");
    if (proc == NULL)
        return NULL;
    cleanup_string char *link = memory_format("socket:[%llu]", (unsigned long long)inode);
    char *holder = NULL;
    const struct dirent *entry;
    while (holder == NULL && (entry = readdir(proc)) != NULL) {
        const char *pid = entry->d_name;
        if (strspn(pid, "0123456789") == strlen(pid) && process_has_socket(dirfd(proc), pid, link))
            holder = describe(dirfd(proc), pid);
    }
    closedir(proc);
    return holder;
}
