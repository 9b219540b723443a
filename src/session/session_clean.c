/* SPDX-License-Identifier: Apache-2.0 */
/* `latchkey clean`: takes away what this program has put into a cache directory, and nothing else. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "record.h"
#include "session/provider_cache.h"
#include "session/session_cache.h"
#include "session/session_file.h"

enum { CHUNK = 4096 };
enum kind { KIND_FOREIGN, KIND_SESSION, KIND_PROVIDER, KIND_LOCK, KIND_PLAIN };
static const struct {
    const char *extension;
    enum kind kind;
} patterns[] = {
    {".json", KIND_SESSION},   {PROVIDER_UNVERIFIED_EXTENSION, KIND_PROVIDER},
    {".lock", KIND_LOCK},      {PROVIDER_EXTENSION, KIND_PROVIDER},
    {".cooldown", KIND_PLAIN}, {".holder", KIND_PLAIN},
    {".bad", KIND_PLAIN},      {".handout", KIND_PLAIN},
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

/* STEM gets the name without its extension. */
static enum kind find_kind(const char *name, char **stem)
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
    return KIND_FOREIGN;
}

/* Whatever its mode: a copy that others can read holds tokens as well. */
static bool read_regular(int directory, const char *name, struct buffer *out)
{
    char chunk[CHUNK];
    struct stat status;
    cleanup_fd int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1)
        return false;
    ssize_t got = read(fd, chunk, sizeof(chunk));
    while (got > 0 && buffer_append(out, chunk, (size_t)got))
        got = read(fd, chunk, sizeof(chunk));
    memory_wipe(chunk, sizeof(chunk));
    return got == 0;
}

static bool content_is_ours(int directory, const char *name, enum kind kind, const char *stem)
{
    cleanup_buffer struct buffer text = BUFFER_SECRET(PROVIDER_FILE_LIMIT);
    if (!read_regular(directory, name, &text))
        return false;
    if (kind == KIND_SESSION)
        return session_file_belongs(buffer_text(&text), text.length, stem);
    return provider_file_belongs(buffer_text(&text), text.length, stem);
}

static bool is_our_file(int directory, const char *name)
{
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
           status.st_uid == geteuid();
}

static bool remove_file(int directory, const char *name, unsigned *count, struct error *err)
{
    if (unlinkat(directory, name, 0) == 0)
        (*count)++;
    else if (errno != ENOENT)
        return error_set(err, ERROR_CACHE_IO, "cannot remove '%s': %s", safe(name), strerror(errno));
    return true;
}

/* A lock is removed only while we hold it, so nobody waits on a file that is gone. */
static bool remove_lock(int directory, const char *name, unsigned *count, struct error *err)
{
    cleanup_fd int fd = -1;
    bool locked = false;
    struct error ignored = {0};
    if (!file_try_lock(directory, name, &fd, &locked, &ignored) || !locked)
        return true;
    return remove_file(directory, name, count, err);
}

static bool clean_entry(int directory, const char *name, struct session_cache_cleaned *out, struct error *err)
{
    cleanup_string char *stem = NULL;
    enum kind kind = find_kind(name, &stem);
    bool ours = kind != KIND_FOREIGN && is_our_file(directory, name);
    if (ours && (kind == KIND_SESSION || kind == KIND_PROVIDER))
        ours = content_is_ours(directory, name, kind, stem);
    if (!ours) {
        out->foreign++;
        return true;
    }
    if (kind == KIND_LOCK)
        return remove_lock(directory, name, &out->others, err);
    return remove_file(directory, name, kind == KIND_SESSION ? &out->sessions : &out->others, err);
}

/* All names first: what a directory stream shows while its entries go away is not defined. */
static bool list_directory(int directory, struct text_list *names, struct error *err)
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

bool session_cache_clean(const char *path, struct session_cache_cleaned *out, struct error *err)
{
    cleanup_fd int directory = -1;
    cleanup_text_list struct text_list names = {0};
    struct session_cache_cleaned cleaned = {0};
    bool found = false;
    if (!file_open_directory(path, false, &directory, &found, err))
        return false;
    if (found) {
        file_sweep_drafts(directory, clock_wall());
        if (!list_directory(directory, &names, err))
            return false;
    }
    for (size_t i = 0; i < names.count; i++) {
        if (!clean_entry(directory, names.items[i], &cleaned, err))
            return false;
    }
    (void)rmdir(path); /* it stays when anything is left in it */
    *out = cleaned;
    return true;
}
