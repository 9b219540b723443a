/* SPDX-License-Identifier: Apache-2.0 */
/* Where this program is, in words that stay true after an upgrade. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/command.h"

static const char kernel_name[] = "/proc/self/exe";

static bool is_this_program(const char *path)
{
    struct stat here = {0}, own = {0};
    return stat(path, &here) == 0 && stat(kernel_name, &own) == 0 && here.st_dev == own.st_dev &&
           here.st_ino == own.st_ino;
}

/* DIRECTORY/NAME when that is this program and absolute, else NULL. */
static char *try_directory(const char *directory, size_t length, const char *name)
{
    char *path = memory_format("%.*s/%s", (int)length, directory, name);
    if (length > 0 && directory[0] == '/' && is_this_program(path))
        return path;
    memory_cleanup_string(&path);
    return NULL;
}

static char *search(const char *directories, const char *name)
{
    while (directories != NULL && *directories != '\0') {
        size_t length = strcspn(directories, ":");
        char *path = try_directory(directories, length, name);
        if (path != NULL)
            return path;
        directories += length + (directories[length] == ':');
    }
    return NULL;
}

/* A relative path, by way of the directory alone: the file may be a link that is meant to stay. */
static char *resolve(const char *relative)
{
    const char *slash = strrchr(relative, '/');
    cleanup_string char *given = memory_copy_bytes(relative, (size_t)(slash - relative) + 1);
    char *directory = realpath(given, NULL);
    char *path = directory != NULL ? try_directory(directory, strlen(directory), slash + 1) : NULL;
    free(directory);
    return path;
}

static char *ask_kernel(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink(kernel_name, path, sizeof(path) - 1);
    if (length <= 0)
        return NULL;
    path[length] = '\0';
    return path[0] == '/' && is_this_program(path) ? memory_copy_text(path) : NULL;
}

char *command_own_path(const struct command_input *input)
{
    const char *given = input->path != NULL ? input->path : "";
    char *path = NULL;
    if (given[0] == '/')
        path = is_this_program(given) ? memory_copy_text(given) : NULL;
    else if (strchr(given, '/') != NULL)
        path = resolve(given);
    else if (given[0] != '\0')
        path = search(command_variable(input, "PATH"), given);
    if (path == NULL)
        path = ask_kernel();
    return path != NULL ? path : memory_copy_text("latchkey");
}
