/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary cache directory, keys, tokens and sessions for the tests of the session layer. */
#ifndef TESTS_SESSION_FIXTURE_H
#define TESTS_SESSION_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/memory.h"
#include "ids.h"
#include "session/session_cache.h"

enum { NOW = 1795284000, LIFETIME = 3600, OTHER_USER = 54321 };
#define ISSUER "https://auth.example.com/application/o/k8s/"

/* One directory per test, gone afterwards. */
struct fixture {
    char root[64];
    char *path; /* root/cache, 0700 */
    struct session_cache cache;
    struct session_key key;
};

static inline struct session_key make_key(const char *issuer)
{
    struct session_key key = {0};
    session_key_make(&(struct session_key_parts){.issuer = issuer, .client_id = "kubernetes"}, &key);
    return key;
}

static inline int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static inline int set_up(void **state)
{
    struct fixture *fixture = memory_allocate(sizeof(*fixture));
    snprintf(fixture->root, sizeof(fixture->root), "%s", "/tmp/latchkey-test-XXXXXX");
    if (mkdtemp(fixture->root) == NULL)
        return -1;
    fixture->path = memory_format("%s/cache", fixture->root);
    const char *candidates[] = {fixture->path, NULL};
    session_cache_open(candidates, true, &fixture->cache, NULL);
    fixture->key = make_key(ISSUER);
    *state = fixture;
    return fixture->cache.directory >= 0 ? 0 : -1;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    session_cache_close(&fixture->cache);
    session_key_release(&fixture->key);
    nftw(fixture->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(fixture->path);
    free(fixture);
    return 0;
}

#define fixture_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

/* A compact JWS whose signature nobody checks. CLAIMS is the payload's JSON text. */
static inline char *make_token(const char *claims)
{
    const char *header = "{\"alg\":\"ES256\"}";
    cleanup_string char *first = memory_allocate(BASE64URL_SIZE(strlen(header)));
    cleanup_string char *second = memory_allocate(BASE64URL_SIZE(strlen(claims)));
    encoding_base64url((const uint8_t *)header, strlen(header), first);
    encoding_base64url((const uint8_t *)claims, strlen(claims), second);
    return memory_format("%s.%s.c2lnbmF0dXJl", first, second);
}

static inline char *make_token_until(int64_t exp)
{
    cleanup_string char *claims = memory_format("{\"sub\":\"jane\",\"exp\":%lld}", (long long)exp);
    return make_token(claims);
}

static inline struct session make_session(int64_t now)
{
    return (struct session){
        .token = make_token_until(now + LIFETIME),
        .refresh_token = memory_copy_text("refresh-1"),
        .subject = memory_copy_text("jane"),
        .username = memory_copy_text("jane@example.com"),
        .nonce = memory_copy_text("nonce-1"),
        .issued_at = now,
        .expires_at = now + LIFETIME,
        .obtained_at = now,
        .lifetime = LIFETIME,
    };
}

/* Writes a file as any program could, without our care. */
static inline void put_file(int directory, const char *name, const char *bytes, size_t length)
{
    cleanup_fd int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
}

static inline char *get_file(int directory, const char *name)
{
    cleanup_buffer struct buffer text = BUFFER(8 * 1024 * 1024);
    cleanup_fd int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    char chunk[4096];
    for (ssize_t got = read(fd, chunk, sizeof(chunk)); got > 0; got = read(fd, chunk, sizeof(chunk)))
        assert_true(buffer_append(&text, chunk, (size_t)got));
    return buffer_steal(&text);
}

static inline bool exists(int directory, const char *name)
{
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline unsigned count_entries(const char *path)
{
    unsigned count = 0;
    DIR *stream = opendir(path);
    assert_non_null(stream);
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(stream);
    return count;
}

/* "NAME.EXTENSION" in a buffer that lives as long as the caller's block. */
struct name {
    char text[160];
};
static inline struct name name_of(const struct session_key *key, const char *extension)
{
    struct name name;
    snprintf(name.text, sizeof(name.text), "%s%s", key->name, extension);
    return name;
}

/* A cache, and what was said when it was opened. */
struct opened {
    struct session_cache cache;
    struct error warning;
};

static inline void open_two(const char *first, const char *second, bool create, struct opened *out)
{
    const char *candidates[] = {first, second, NULL};
    session_cache_open(candidates, create, &out->cache, &out->warning);
}

static inline void release_opened(struct opened *opened)
{
    session_cache_close(&opened->cache);
}
#define cleanup_opened __attribute__((cleanup(release_opened)))

/* Runs FUNCTION in a child and gives its result; the child may give away its rights. SKIPPED means it could
 * not. */
enum { CHILD_GOOD = 0, CHILD_BAD = 1, CHILD_SKIPPED = 77 };
static inline int run_child(int (*function)(struct fixture *), struct fixture *fixture)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(function(fixture));
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#endif
