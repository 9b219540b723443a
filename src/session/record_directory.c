/* SPDX-License-Identifier: Apache-2.0 */
/* Tells our files from others by their names. */
#include "record_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/memory.h"
#include "record.h"
#include "session/provider_cache.h"

static const struct {
    const char *extension;
    enum record_kind kind;
} patterns[] = {
    {".json", RECORD_SESSION},     {PROVIDER_UNVERIFIED_EXTENSION, RECORD_PROVIDER},
    {".lock", RECORD_LOCK},        {PROVIDER_EXTENSION, RECORD_PROVIDER},
    {".cooldown", RECORD_PLAIN},   {".holder", RECORD_PLAIN},
    {".bad", RECORD_PLAIN},        {".handout", RECORD_PLAIN},
    {".background", RECORD_PLAIN},
};

/* "<host>-<16 hexadecimal digits>", as record_name makes it. */
static bool is_record_name(const char *name)
{
    size_t length = strlen(name);
    if (length < RECORD_HASH_LENGTH + 2 || length > RECORD_HOST_LENGTH + 1 + RECORD_HASH_LENGTH)
        return false;
    const char *hash = name + length - RECORD_HASH_LENGTH;
    return hash[-1] == '-' && strspn(hash, "0123456789abcdef") == RECORD_HASH_LENGTH &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") == length && name[0] != '.' &&
           name[0] != '-';
}

enum record_kind record_kind_of(const char *name, char **stem)
{
    for (size_t i = 0; i < array_length(patterns); i++) {
        if (!text_ends_with(name, patterns[i].extension))
            continue;
        cleanup_string char *start = memory_copy_bytes(name, strlen(name) - strlen(patterns[i].extension));
        if (!is_record_name(start))
            continue;
        *stem = steal(start);
        return patterns[i].kind;
    }
    return RECORD_FOREIGN;
}

bool record_list_directory(int directory, struct text_list *names, struct error *err)
{
    cleanup_fd int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
    if (stream == NULL)
        return error_set(err, ERROR_CACHE_IO, "cannot list the cache directory: %s", strerror(errno));
    (void)steal_fd(&copy); /* the stream's now */
    errno = 0;
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            text_list_add(names, entry->d_name);
        errno = 0;
    }
    int problem = errno;
    closedir(stream);
    if (problem != 0)
        return error_set(err, ERROR_CACHE_IO, "cannot list the cache directory: %s", strerror(problem));
    text_list_sort(names);
    return true;
}
