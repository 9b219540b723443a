/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions on disk: what is found, what is not, what stays whole whoever reads, writes or dies. */
#include "session/session_cache.h"

#include <stdlib.h>
#include <string.h>

#include "session/session_file.h"
#include "session_fixture.h"

static void save(struct fixture *fixture, const struct session_key *key)
{
    cleanup_session struct session session = make_session(NOW);
    struct error err = {0};
    assert_true(session_cache_save(&fixture->cache, key, &session, NULL, &err));
}

static bool load(struct fixture *fixture, const struct session_key *key, struct error *warning)
{
    cleanup_session struct session session = {0};
    bool found = true;
    session_cache_load(&fixture->cache, key, &session, &found, warning);
    assert_int_equal(found, session.token != NULL);
    return found;
}

static void test_save_load_drop(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-33");
    struct error err = {0};
    assert_false(load(fixture, &fixture->key, &err));
    save(fixture, &fixture->key);
    assert_true(load(fixture, &fixture->key, &err));
    assert_int_equal(err.code, ERROR_NONE);

    struct stat status;
    assert_int_equal(fstatat(fixture->cache.directory, name_of(&fixture->key, ".json").text, &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(fstat(fixture->cache.directory, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(count_entries(fixture->path), 1);

    assert_true(session_cache_drop(&fixture->cache, &fixture->key, &err));
    assert_false(load(fixture, &fixture->key, NULL));
    assert_true(session_cache_drop(&fixture->cache, &fixture->key, &err));
}

static void test_swapped_files(void **state)
{
    struct fixture *fixture = *state;
    test_ids("REF-09");
    cleanup_session_key struct session_key other = make_key("https://auth.example.com/application/o/other/");
    save(fixture, &fixture->key);
    save(fixture, &other);
    int directory = fixture->cache.directory;
    struct name first = name_of(&fixture->key, ".json");
    struct name second = name_of(&other, ".json");
    assert_int_equal(renameat(directory, first.text, directory, "kept"), 0);
    assert_int_equal(renameat(directory, second.text, directory, first.text), 0);
    assert_int_equal(renameat(directory, "kept", directory, second.text), 0);
    struct error warning = {0};
    assert_false(load(fixture, &fixture->key, &warning));
    assert_non_null(strstr(warning.message, "another login"));
    assert_false(load(fixture, &other, NULL));
}

static void test_truncated_anywhere(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-34 K7-39");
    save(fixture, &fixture->key);
    struct name name = name_of(&fixture->key, ".json");
    cleanup_string char *whole = get_file(fixture->cache.directory, name.text);
    size_t length = strlen(whole) - 1; /* the newline may be missing */
    for (size_t i = 0; i < length; i++) {
        put_file(fixture->cache.directory, name.text, whole, i);
        assert_false(load(fixture, &fixture->key, NULL));
    }
    put_file(fixture->cache.directory, name.text, whole, length);
    assert_true(load(fixture, &fixture->key, NULL));
}

static uint32_t next_number(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* One to four changes: a bit, a byte, a piece left out, a piece twice. */
static void mutate(struct buffer *text, uint32_t *seed)
{
    for (uint32_t left = next_number(seed) % 4 + 1; left > 0; left--) {
        size_t at = next_number(seed) % text->length;
        size_t size = next_number(seed) % 16;
        if (size > text->length - at)
            size = text->length - at;
        switch (next_number(seed) % 4) {
        case 0:
            text->data[at] = (char)(text->data[at] ^ (1 << next_number(seed) % 8));
            break;
        case 1:
            text->data[at] = (char)next_number(seed);
            break;
        case 2:
            text->length -= size < text->length ? size : 0;
            memmove(text->data + at, text->data + at + size, text->length > at ? text->length - at : 0);
            break;
        default:
            memmove(text->data + at, text->data, size);
        }
    }
}

/* The exp claim, looked up in another way than the code under test does. */
static int64_t own_expiry(const char *token)
{
    cleanup_buffer struct buffer claims = BUFFER(65536);
    const char *payload = strchr(token, '.') + 1;
    assert_true(encoding_base64url_decode(payload, strcspn(payload, "."), &claims));
    const char *exp = strstr(buffer_text(&claims), "\"exp\":");
    assert_non_null(exp);
    return strtoll(exp + strlen("\"exp\":"), NULL, 10);
}

/* Whatever a damaged file holds: it is missed, or what is found is a session of this key that could be. */
static void test_ten_thousand_mutations(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-34 REF-11");
    save(fixture, &fixture->key);
    struct name name = name_of(&fixture->key, ".json");
    cleanup_string char *whole = get_file(fixture->cache.directory, name.text);
    uint32_t seed = 34;
    unsigned missed = 0;
    for (int i = 0; i < 10000; i++) {
        cleanup_buffer struct buffer text = BUFFER(65536);
        assert_true(buffer_append_text(&text, whole));
        mutate(&text, &seed);
        put_file(fixture->cache.directory, name.text, text.data, text.length);
        cleanup_session struct session session = {0};
        bool found = false;
        session_cache_load(&fixture->cache, &fixture->key, &session, &found, NULL);
        missed += !found;
        if (!found)
            continue;
        assert_int_equal(
            strspn(session.token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."),
            strlen(session.token));
        assert_true(session.lifetime >= 0 && session.obtained_at >= 0 && session.expires_at >= 0);
        assert_true(session.expires_at <= own_expiry(session.token));
    }
    assert_in_range(missed, 5000, 9999); /* changes within a signature or a name are not damage */
}

static void test_odd_contents(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-34");
    cleanup_string char *brackets = memory_allocate(SESSION_FILE_LIMIT + 2);
    memset(brackets, '[', SESSION_FILE_LIMIT + 1);
    struct name name = name_of(&fixture->key, ".json");
    const size_t sizes[] = {
        0, 1, 100, 100000, SESSION_FILE_LIMIT - 1, SESSION_FILE_LIMIT, SESSION_FILE_LIMIT + 1};
    for (size_t i = 0; i < array_length(sizes); i++) {
        struct error warning = {0};
        put_file(fixture->cache.directory, name.text, brackets, sizes[i]);
        assert_false(load(fixture, &fixture->key, &warning));
        assert_int_equal(warning.code, sizes[i] > SESSION_FILE_LIMIT ? ERROR_CACHE_PERM : ERROR_CACHE_IO);
        assert_false(load(fixture, &fixture->key, NULL));
    }
}

static void test_moved_aside_once(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-34");
    int directory = fixture->cache.directory;
    struct name name = name_of(&fixture->key, ".json");
    struct name bad = name_of(&fixture->key, ".bad");
    put_file(directory, name.text, "first", 5);
    save(fixture, &fixture->key);
    assert_true(load(fixture, &fixture->key, NULL));
    cleanup_string char *kept = get_file(directory, bad.text);
    assert_string_equal(kept, "first");
    struct stat status;
    assert_int_equal(fstatat(directory, bad.text, &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);

    put_file(directory, name.text, "second", 6);
    save(fixture, &fixture->key);
    cleanup_string char *still = get_file(directory, bad.text);
    assert_string_equal(still, "first");
    assert_int_equal(count_entries(fixture->path), 2);
}

static void test_good_files_are_not_moved(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-34");
    int directory = fixture->cache.directory;
    struct name name = name_of(&fixture->key, ".json");
    struct error warning = {0};
    save(fixture, &fixture->key);
    save(fixture, &fixture->key);
    put_file(directory, name.text, "{\"version\":2}", 13);
    assert_false(load(fixture, &fixture->key, &warning));
    assert_non_null(strstr(warning.message, "newer version"));
    cleanup_string char *untouched = get_file(directory, name.text);
    assert_string_equal(untouched, "{\"version\":2}");
    save(fixture, &fixture->key); /* a login has succeeded */
    assert_true(load(fixture, &fixture->key, NULL));
    assert_false(exists(directory, name_of(&fixture->key, ".bad").text));
}

static void test_unfit_files(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-26");
    int directory = fixture->cache.directory;
    struct name name = name_of(&fixture->key, ".json");
    struct error warning = {0};
    save(fixture, &fixture->key);
    assert_int_equal(fchmodat(directory, name.text, 0644, 0), 0);
    assert_false(load(fixture, &fixture->key, &warning));
    assert_int_equal(warning.code, ERROR_CACHE_PERM);
    assert_non_null(strstr(warning.message, "0600"));
    save(fixture, &fixture->key); /* rewritten, private */
    assert_true(load(fixture, &fixture->key, NULL));
    struct stat status;
    assert_int_equal(fstatat(directory, name_of(&fixture->key, ".bad").text, &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);

    assert_int_equal(linkat(directory, name.text, directory, "second", 0), 0);
    assert_false(load(fixture, &fixture->key, NULL));
    assert_int_equal(unlinkat(directory, "second", 0), 0);
    assert_true(load(fixture, &fixture->key, NULL));

    assert_int_equal(renameat(directory, name.text, directory, "elsewhere"), 0);
    assert_int_equal(symlinkat("elsewhere", directory, name.text), 0);
    assert_false(load(fixture, &fixture->key, NULL));
    save(fixture, &fixture->key); /* replaces the link, not what it points to */
    assert_true(load(fixture, &fixture->key, NULL));
}

static void test_not_a_file(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-26 T-34");
    int directory = fixture->cache.directory;
    struct name name = name_of(&fixture->key, ".json");
    assert_int_equal(mkfifoat(directory, name.text, 0600), 0);
    assert_false(load(fixture, &fixture->key, NULL)); /* and does not wait for a writer */
    assert_int_equal(unlinkat(directory, name.text, 0), 0);
    assert_int_equal(mkdirat(directory, name.text, 0700), 0);
    assert_false(load(fixture, &fixture->key, NULL));
    save(fixture, &fixture->key);
    assert_true(load(fixture, &fixture->key, NULL));
    struct stat status;
    assert_int_equal(fstatat(directory, name_of(&fixture->key, ".bad").text, &status, 0), 0);
    assert_int_equal(status.st_mode, S_IFDIR | 0700);
}

static void test_directory_that_fails(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-39");
    put_file(fixture->cache.directory, "file", "x", 1);
    cleanup_session_cache struct session_cache broken = {
        .directory = openat(fixture->cache.directory, "file", O_RDONLY | O_CLOEXEC)};
    struct session session = {0};
    struct error warning = {0};
    bool found = true;
    session_cache_load(&broken, &fixture->key, &session, &found, &warning);
    assert_false(found);
    assert_int_equal(warning.code, ERROR_CACHE_IO);
    session_cache_load(&broken, &fixture->key, &session, &found, NULL);
    assert_false(found);
    assert_false(session_cache_drop(&broken, &fixture->key, &warning));

    int descriptor = broken.directory;
    session_cache_close(&broken);
    assert_int_equal(fcntl(descriptor, F_GETFD), -1);
    assert_int_equal(broken.directory, -1);
}

static void test_nowhere(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-37");
    struct session_cache nowhere = {.directory = -1};
    cleanup_session struct session session = make_session(NOW);
    struct session found_session = {0};
    struct file_draft draft = {0};
    struct error err = {0};
    bool found = true;
    session_cache_load(&nowhere, &fixture->key, &found_session, &found, &err);
    assert_false(found);
    assert_true(session_cache_save(&nowhere, &fixture->key, &session, NULL, &err));
    assert_true(session_cache_drop(&nowhere, &fixture->key, &err));
    assert_int_equal(err.code, ERROR_NONE);
    assert_false(session_cache_prepare(&nowhere, &fixture->key, &draft, &err));
    assert_string_equal(err.message, "there is no cache directory");

    int fd = 0;
    bool locked = false;
    assert_true(session_cache_try_lock(&nowhere, &fixture->key, &fd, &locked, &err));
    assert_true(locked);
    assert_int_equal(fd, -1);
    assert_int_equal(count_entries(fixture->path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_save_load_drop),
        fixture_test(test_swapped_files),
        fixture_test(test_truncated_anywhere),
        fixture_test(test_ten_thousand_mutations),
        fixture_test(test_odd_contents),
        fixture_test(test_moved_aside_once),
        fixture_test(test_good_files_are_not_moved),
        fixture_test(test_unfit_files),
        fixture_test(test_not_a_file),
        fixture_test(test_directory_that_fails),
        fixture_test(test_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
