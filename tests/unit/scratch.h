/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of its own for a test of files, a child for a test of the end of the program. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct scratch {
    char path[256];
    int fd;
};

static inline struct scratch scratch_make(void)
{
    struct scratch scratch = {.fd = -1};
    const char *base = getenv("TMPDIR");
    snprintf(scratch.path, sizeof(scratch.path), "%s/latchkey-test.XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(scratch.path) == NULL) {
        perror(scratch.path);
        abort();
    }
    scratch.fd = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return scratch;
}

static inline int scratch_remove_entry(const char *path, const struct stat *status, int kind,
                                       struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline void scratch_release(struct scratch *scratch)
{
    if (scratch->fd >= 0)
        close(scratch->fd);
    scratch->fd = -1;
    nftw(scratch->path, scratch_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
#define cleanup_scratch __attribute__((cleanup(scratch_release)))

/* The path of NAME in SCRATCH; good until the eighth call after this one. */
static inline const char *scratch_path(const struct scratch *scratch, const char *name)
{
    static char paths[8][512];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", scratch->path, name);
    return path;
}

static inline void scratch_write(const struct scratch *scratch, const char *name, const char *text,
                                 mode_t mode)
{
    int fd = openat(scratch->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) != 0) {
        perror(name);
        abort();
    }
    close(fd);
}

/* The text of a small file, "<missing>" when there is none; good until the next call. */
static inline const char *scratch_read(const struct scratch *scratch, const char *name)
{
    static char text[4096];
    int fd = openat(scratch->fd, name, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (length < 0)
        return "<missing>";
    text[length] = '\0';
    return text;
}

/* Runs ACTION in a child. OUTPUT gets what it wrote to stderr; the result is its exit status, -1 after a
 * signal. */
static inline int scratch_run_child(void (*action)(void), char *output, size_t size)
{
    int ends[2];
    output[0] = '\0';
    if (pipe(ends) != 0)
        return -2;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        action();
        _exit(0);
    }
    close(ends[1]);
    size_t used = 0;
    ssize_t got = 0;
    while (used + 1 < size && (got = read(ends[0], output + used, size - used - 1)) > 0)
        used += (size_t)got;
    output[used] = '\0';
    close(ends[0]);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

#endif
