/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a provider, for how long, and for whom. */
#include "session/provider_cache.h"

#include <string.h>

#include "session_fixture.h"

enum { DAY = 86400 };

static struct provider_record make_record(void)
{
    struct provider_record record = {
        .metadata = memory_copy_text("{\"issuer\":\"" ISSUER "\"}"),
        .metadata_at = NOW,
        .jwks = memory_copy_text("{\"keys\":[]}"),
        .jwks_at = NOW - 100,
        .jwks_retried_at = NOW - 50,
    };
    text_list_add(&record.accepted_redirects, "kubernetes\nhttp://localhost:8000");
    return record;
}

static void save(struct fixture *fixture, bool tls_unverified)
{
    cleanup_provider_record struct provider_record record = make_record();
    struct error err = {0};
    assert_true(provider_cache_save(&fixture->cache, ISSUER, tls_unverified, &record, &err));
}

static char *file_of(struct fixture *fixture)
{
    DIR *stream = opendir(fixture->path);
    char *name = NULL;
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        if (text_ends_with(entry->d_name, PROVIDER_EXTENSION))
            memory_replace_text(&name, entry->d_name);
    }
    closedir(stream);
    return name;
}

static void test_round_trip(void **state)
{
    struct fixture *fixture = *state;
    save(fixture, false);
    cleanup_provider_record struct provider_record record = {0};
    provider_cache_load(&fixture->cache, ISSUER, false, NOW, &record);
    assert_string_equal(record.metadata, "{\"issuer\":\"" ISSUER "\"}");
    assert_string_equal(record.jwks, "{\"keys\":[]}");
    assert_int_equal(record.metadata_at, NOW);
    assert_int_equal(record.jwks_at, NOW - 100);
    assert_int_equal(record.jwks_retried_at, NOW - 50);
    assert_int_equal(record.accepted_redirects.count, 1);
    assert_string_equal(record.accepted_redirects.items[0], "kubernetes\nhttp://localhost:8000");

    cleanup_string char *name = file_of(fixture);
    struct stat status;
    assert_int_equal(fstatat(fixture->cache.directory, name, &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(text_starts_with(name, "auth.example.com-"));
}

static void test_age(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-31");
    static const struct {
        int64_t now;
        bool metadata, jwks, retried;
    } cases[] = {
        {NOW, true, true, true},
        {NOW + DAY - 100, true, true, true},
        {NOW + DAY - 99, true, false, true},
        {NOW + DAY, true, false, true},
        {NOW + DAY + 1, false, false, true},
        {NOW - 1, false, true, true}, /* our clock was set back */
        {NOW - 51, false, true, false},
        {NOW - 101, false, false, false},
        {0, false, false, false},
        {253402300799, false, false, true},
    };
    save(fixture, false);
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_provider_record struct provider_record record = {0};
        provider_cache_load(&fixture->cache, ISSUER, false, cases[i].now, &record);
        assert_int_equal(record.metadata != NULL, cases[i].metadata);
        assert_int_equal(record.metadata_at != 0, cases[i].metadata);
        assert_int_equal(record.jwks != NULL, cases[i].jwks);
        assert_int_equal(record.jwks_at != 0, cases[i].jwks);
        assert_int_equal(record.jwks_retried_at != 0, cases[i].retried);
        assert_int_equal(record.accepted_redirects.count, 1);
    }
}

static void test_unverified_is_kept_apart(void **state)
{
    struct fixture *fixture = *state;
    test_ids("REF-09");
    save(fixture, true);
    cleanup_provider_record struct provider_record verified = {0};
    provider_cache_load(&fixture->cache, ISSUER, false, NOW, &verified);
    assert_null(verified.metadata);
    assert_int_equal(verified.accepted_redirects.count, 0);
    cleanup_provider_record struct provider_record unverified = {0};
    provider_cache_load(&fixture->cache, ISSUER, true, NOW, &unverified);
    assert_non_null(unverified.metadata);
    assert_null(file_of(fixture));
}

static void test_another_issuer(void **state)
{
    struct fixture *fixture = *state;
    test_ids("REF-09");
    save(fixture, false);
    cleanup_string char *name = file_of(fixture);
    cleanup_string char *text = get_file(fixture->cache.directory, name);
    struct provider_record record = {0};
    assert_false(provider_file_parse(text, strlen(text), "https://auth.example.com/", NOW, &record));
    assert_null(record.metadata);
    assert_true(provider_file_parse(text, strlen(text), ISSUER, NOW, &record));
    provider_record_release(&record);
    provider_record_release(&record);

    cleanup_provider_record struct provider_record other = {0};
    provider_cache_load(&fixture->cache, "https://auth.example.com/", false, NOW, &other);
    assert_null(other.metadata);
}

static void test_damaged(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-34");
    save(fixture, false);
    cleanup_string char *name = file_of(fixture);
    cleanup_string char *whole = get_file(fixture->cache.directory, name);
    for (size_t i = 0; i < strlen(whole); i++) {
        cleanup_provider_record struct provider_record record = {0};
        put_file(fixture->cache.directory, name, whole, i);
        provider_cache_load(&fixture->cache, ISSUER, false, NOW, &record);
        assert_null(record.metadata);
        assert_null(record.jwks);
    }
    save(fixture, false);
    cleanup_provider_record struct provider_record record = {0};
    provider_cache_load(&fixture->cache, ISSUER, false, NOW, &record);
    assert_non_null(record.metadata);
}

static void test_odd_members(void **state)
{
    (void)state;
    test_ids("T-34");
    static const struct {
        const char *text;
        bool good, metadata;
        size_t redirects;
    } cases[] = {
        {"{\"version\":1,\"issuer\":\"i\"}", true, false, 0},
        {"{\"version\":1,\"issuer\":\"i\",\"metadata\":\"m\"}", true, false, 0},
        {"{\"version\":1,\"issuer\":\"i\",\"metadata\":\"m\",\"metadata_at\":5}", true, true, 0},
        {"{\"version\":1,\"issuer\":\"i\",\"metadata\":{},\"metadata_at\":5}", true, false, 0},
        {"{\"version\":1,\"issuer\":\"i\",\"metadata\":\"m\",\"metadata_at\":-5}", true, false, 0},
        {"{\"version\":1,\"issuer\":\"i\",\"metadata\":\"m\",\"metadata_at\":\"5\"}", true, false, 0},
        {"{\"version\":1,\"issuer\":\"i\",\"accepted_redirects\":[\"a\",\"b\"]}", true, false, 2},
        {"{\"version\":1,\"issuer\":\"i\",\"accepted_redirects\":[\"a\",1]}", true, false, 0},
        {"{\"version\":1,\"issuer\":\"i\",\"accepted_redirects\":\"a\"}", true, false, 0},
        {"{\"version\":2,\"issuer\":\"i\"}", false, false, 0},
        {"{\"version\":1,\"issuer\":1}", false, false, 0},
        {"{\"version\":1}", false, false, 0},
        {"{\"issuer\":\"i\"}", false, false, 0},
        {"[]", false, false, 0},
        {"", false, false, 0},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_provider_record struct provider_record record = {0};
        bool good = provider_file_parse(cases[i].text, strlen(cases[i].text), "i", 10, &record);
        assert_int_equal(good, cases[i].good);
        assert_int_equal(record.metadata != NULL, cases[i].metadata);
        assert_int_equal(record.metadata_at != 0, cases[i].metadata);
        assert_int_equal(record.accepted_redirects.count, cases[i].redirects);
    }
}

static void test_limits(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    cleanup_provider_record struct provider_record record = make_record();
    free(record.jwks);
    record.jwks = memory_allocate(300 * 1024);
    memset(record.jwks, 'k', 300 * 1024 - 1);
    for (int i = 0; i < 200; i++) {
        cleanup_string char *redirect = memory_format("client\nhttp://localhost:%d", i);
        text_list_add(&record.accepted_redirects, redirect);
    }
    assert_true(provider_cache_save(&fixture->cache, ISSUER, false, &record, &err));
    cleanup_provider_record struct provider_record read = {0};
    provider_cache_load(&fixture->cache, ISSUER, false, NOW, &read);
    assert_non_null(read.metadata);
    assert_null(read.jwks); /* too large to keep is asked for again */
    assert_int_equal(read.accepted_redirects.count, PROVIDER_REDIRECTS_LIMIT);
    assert_string_equal(read.accepted_redirects.items[PROVIDER_REDIRECTS_LIMIT - 1],
                        "client\nhttp://localhost:199");
}

static void test_cannot_be_saved(void **state)
{
    struct fixture *fixture = *state;
    struct session_cache nowhere = {.directory = -1};
    cleanup_provider_record struct provider_record record = {0};
    struct error err = {0};
    provider_cache_load(&nowhere, ISSUER, false, NOW, &record);
    assert_null(record.metadata);
    assert_false(provider_cache_save(&nowhere, ISSUER, false, &record, &err));
    struct provider_record bad = {.metadata = (char[]){"\xff"}};
    assert_false(provider_cache_save(&fixture->cache, ISSUER, false, &bad, &err));
    assert_int_equal(err.code, ERROR_INTERNAL);
    assert_int_equal(count_entries(fixture->path), 0);
}

static void test_belongs(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-42");
    save(fixture, false);
    cleanup_string char *name = file_of(fixture);
    cleanup_string char *text = get_file(fixture->cache.directory, name);
    cleanup_string char *stem = memory_copy_bytes(name, strlen(name) - strlen(PROVIDER_EXTENSION));
    assert_true(provider_file_belongs(text, strlen(text), stem));
    assert_false(provider_file_belongs(text, strlen(text), "auth.example.com-0000000000000000"));
    assert_true(provider_file_belongs("{\"version\":2,\"issuer\":\"i\"}", 26, "x-0000000000000000"));
    assert_false(provider_file_belongs("{\"version\":0,\"issuer\":\"i\"}", 26, "x-0000000000000000"));
    assert_false(provider_file_belongs("{\"version\":1}", 13, stem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_round_trip),
        fixture_test(test_age),
        fixture_test(test_unverified_is_kept_apart),
        fixture_test(test_another_issuer),
        fixture_test(test_damaged),
        fixture_test(test_odd_members),
        fixture_test(test_limits),
        fixture_test(test_cannot_be_saved),
        fixture_test(test_belongs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
