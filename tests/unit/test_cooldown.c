/* SPDX-License-Identifier: Apache-2.0 */
/* A failed login is not repeated at once, a shared failure is short, a success forgets everything. */
#include "session/cooldown.h"

#include <string.h>

#include "session_fixture.h"

static const struct error cause = {
    .code = ERROR_CALLBACK_TIMEOUT, .message = "nobody answered", .hint = "first\nsecond"};

static struct cooldown load(struct fixture *fixture, bool expected)
{
    struct cooldown cooldown = {0};
    bool found = !expected;
    cooldown_load(&fixture->cache, &fixture->key, &cooldown, &found);
    assert_int_equal(found, expected);
    return cooldown;
}

static void test_ladder(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-10");
    static const int64_t steps[] = {10, 60, 300, 900, 900, 900};
    int64_t now = NOW;
    (void)load(fixture, false);
    for (size_t i = 0; i < array_length(steps); i++) {
        cooldown_login_failed(&fixture->cache, &fixture->key, now, &cause);
        struct cooldown cooldown = load(fixture, true);
        assert_int_equal(cooldown.failures, i + 1);
        assert_int_equal(cooldown.failed_at, now);
        assert_int_equal(cooldown.until, now + steps[i]);
        assert_true(cooldown_is_active(&cooldown, now));
        assert_true(cooldown_is_active(&cooldown, now + steps[i] - 1));
        assert_false(cooldown_is_active(&cooldown, now + steps[i]));
        assert_false(cooldown_is_active(&cooldown, now - 1)); /* the clock was set back */
        now += steps[i];
    }
    cooldown_reset(&fixture->cache, &fixture->key);
    (void)load(fixture, false);
    cooldown_reset(&fixture->cache, &fixture->key);
    cooldown_login_failed(&fixture->cache, &fixture->key, now, &cause);
    assert_int_equal(load(fixture, true).until, now + 10);
}

static void test_cause_is_kept(void **state)
{
    struct fixture *fixture = *state;
    cooldown_login_failed(&fixture->cache, &fixture->key, NOW, &cause);
    struct cooldown cooldown = load(fixture, true);
    assert_int_equal(cooldown.cause.code, ERROR_CALLBACK_TIMEOUT);
    assert_string_equal(cooldown.cause.message, "nobody answered");
    assert_string_equal(cooldown.cause.hint, "first\nsecond");

    struct stat status;
    assert_int_equal(fstatat(fixture->cache.directory, name_of(&fixture->key, ".cooldown").text, &status, 0),
                     0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void test_each_code_survives(void **state)
{
    struct fixture *fixture = *state;
#define CODE(identifier, name) ERROR_##identifier,
    static const enum error_code codes[] = {ERROR_CODES(CODE)};
#undef CODE
    for (size_t i = 0; i < array_length(codes); i++) {
        const struct error err = {.code = codes[i], .message = "it"};
        cooldown_login_failed(&fixture->cache, &fixture->key, NOW, &err);
        struct cooldown cooldown = load(fixture, true);
        assert_int_equal(cooldown.cause.code, codes[i]);
        assert_string_equal(cooldown.cause.hint, "");
    }
}

static void test_long_and_cut_messages(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {.code = ERROR_NETWORK};
    memset(err.message, 'm', sizeof(err.message) - 1);
    memset(err.hint, 'h', sizeof(err.hint) - 1);
    cooldown_login_failed(&fixture->cache, &fixture->key, NOW, &err);
    assert_string_equal(load(fixture, true).cause.message, err.message);

    err.message[sizeof(err.message) - 2] = '\xc3'; /* the first byte of a letter whose second was cut off */
    cooldown_login_failed(&fixture->cache, &fixture->key, NOW, &err);
    assert_int_equal(load(fixture, true).failures, 2);
}

static void test_shared_failure(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-10");
    const struct error network = {.code = ERROR_NETWORK, .message = "no route"};
    cooldown_share_failure(&fixture->cache, &fixture->key, NOW, &network);
    struct cooldown cooldown = load(fixture, true);
    assert_int_equal(cooldown.failures, 0);
    assert_true(cooldown_is_active(&cooldown, NOW + 4));
    assert_false(cooldown_is_active(&cooldown, NOW + 5));

    cooldown_login_failed(&fixture->cache, &fixture->key, NOW + 10,
                          &cause); /* the ladder begins at its foot */
    assert_int_equal(load(fixture, true).until, NOW + 20);
    cooldown_share_failure(&fixture->cache, &fixture->key, NOW + 12, &network); /* and is not cut short */
    assert_int_equal(load(fixture, true).until, NOW + 20);
    cooldown_share_failure(&fixture->cache, &fixture->key, NOW + 30, &network);
    assert_int_equal(load(fixture, true).until, NOW + 35);
    assert_int_equal(load(fixture, true).failures, 0);
    cooldown_login_failed(&fixture->cache, &fixture->key, NOW + 40, &cause); /* nor forgotten */
    assert_int_equal(load(fixture, true).failures, 2);
    assert_int_equal(load(fixture, true).until, NOW + 100);
}

static void test_damaged_is_missing(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-34");
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"version\":1}",
        "{\"version\":2,\"failures\":1,\"failed_at\":1,\"until\":2,\"message\":\"m\",\"hint\":\"\"}",
        "{\"version\":1,\"failures\":-1,\"failed_at\":1,\"until\":2,\"message\":\"m\",\"hint\":\"\"}",
        "{\"version\":1,\"failures\":1,\"failed_at\":1,\"until\":2,\"message\":\"m\"}",
        "{\"version\":1,\"failures\":1,\"failed_at\":1,\"until\":2,\"message\":7,\"hint\":\"\"}",
        "{\"version\":1,\"failures\":1,\"failed_at\":1,\"until\":2,\"message\":\"\\u001b[2J\",\"hint\":\"\"}",
        "{\"version\":1,\"failures\":1,\"failed_at\":1,\"until\":2,\"message\":\"a\\nb\",\"hint\":\"\"}",
        "{\"version\":1,\"failures\":1,\"failed_at\":1,\"until\":2,\"message\":\"m\",\"hint\":\"\\u007f\"}",
        "{\"version\":1,\"failures\":1,\"failed_at\":9,\"until\":2,\"message\":\"m\",\"hint\":\"\"}",
        "{\"version\":1,\"failures\":1,\"failed_at\":1,\"until\":902,\"message\":\"m\",\"hint\":\"\"}",
    };
    struct name name = name_of(&fixture->key, ".cooldown");
    for (size_t i = 0; i < array_length(texts); i++) {
        put_file(fixture->cache.directory, name.text, texts[i], strlen(texts[i]));
        (void)load(fixture, false);
    }
    const char *good =
        "{\"version\":1,\"failures\":1,\"failed_at\":1,\"until\":901,\"message\":\"m\",\"hint\":\"\"}";
    put_file(fixture->cache.directory, name.text, good, strlen(good));
    assert_int_equal(load(fixture, true).cause.code, ERROR_INTERNAL); /* a code that we do not know */
}

static void test_nowhere(void **state)
{
    struct fixture *fixture = *state;
    const struct session_cache nowhere = {.directory = -1};
    struct cooldown cooldown = {0};
    struct lock_holder holder = {.pid = 1};
    bool found = true;
    cooldown_login_failed(&nowhere, &fixture->key, NOW, &cause);
    cooldown_share_failure(&nowhere, &fixture->key, NOW, &cause);
    cooldown_reset(&nowhere, &fixture->key);
    cooldown_load(&nowhere, &fixture->key, &cooldown, &found);
    assert_false(found);
    lock_holder_write(&nowhere, &fixture->key, &holder);
    assert_false(lock_holder_read(&nowhere, &fixture->key, &holder));
    lock_holder_clear(&nowhere, &fixture->key);
}

static void test_holder(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-27");
    const struct lock_holder written = {
        .pid = getpid(), .since = NOW, .phase = "waiting for the browser", .url = "http://localhost:8000/x"};
    struct lock_holder read = {0};
    assert_false(lock_holder_read(&fixture->cache, &fixture->key, &read));
    lock_holder_write(&fixture->cache, &fixture->key, &written);
    assert_true(lock_holder_read(&fixture->cache, &fixture->key, &read));
    assert_int_equal(read.pid, written.pid);
    assert_int_equal(read.since, written.since);
    assert_string_equal(read.phase, written.phase);
    assert_string_equal(read.url, written.url);
    lock_holder_clear(&fixture->cache, &fixture->key);
    assert_false(lock_holder_read(&fixture->cache, &fixture->key, &read));
    lock_holder_clear(&fixture->cache, &fixture->key);
}

static void test_dead_or_damaged_holder(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-27");
    static const char *const texts[] = {
        "",
        "{\"version\":1,\"pid\":0,\"since\":1,\"phase\":\"p\",\"url\":\"\"}",
        "{\"version\":1,\"pid\":-1,\"since\":1,\"phase\":\"p\",\"url\":\"\"}",
        "{\"version\":1,\"pid\":4294967297,\"since\":1,\"phase\":\"p\",\"url\":\"\"}",
        "{\"version\":1,\"pid\":1,\"since\":1,\"phase\":\"p\\u001b\",\"url\":\"\"}",
        "{\"version\":1,\"pid\":1,\"since\":1,\"phase\":\"12345678901234567890123456789012\",\"url\":\"\"}",
        "{\"version\":1,\"pid\":1,\"since\":1,\"phase\":\"p\"}",
    };
    struct lock_holder read = {0};
    for (size_t i = 0; i < array_length(texts); i++) {
        put_file(fixture->cache.directory, name_of(&fixture->key, ".holder").text, texts[i],
                 strlen(texts[i]));
        assert_false(lock_holder_read(&fixture->cache, &fixture->key, &read));
    }
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    const struct lock_holder dead = {.pid = pid, .since = NOW, .phase = "refreshing"};
    lock_holder_write(&fixture->cache, &fixture->key, &dead);
    assert_false(lock_holder_read(&fixture->cache, &fixture->key, &read));
    assert_int_equal(read.pid, 0);
}

static struct cooldown load_background(struct fixture *fixture, bool expected)
{
    struct cooldown cooldown = {0};
    bool found = !expected;
    cooldown_background_load(&fixture->cache, &fixture->key, &cooldown, &found);
    assert_int_equal(found, expected);
    return cooldown;
}

/* It waits by the same ladder, is told once, and has nothing to do with logins but their success. */
static void test_background(void **state)
{
    struct fixture *fixture = *state;
    (void)load_background(fixture, false);
    cooldown_background_failed(&fixture->cache, &fixture->key, NOW, &cause);
    (void)load(fixture, false);
    struct cooldown first = load_background(fixture, true);
    assert_false(first.told);
    assert_int_equal(first.until, NOW + 10);
    assert_string_equal(first.cause.message, "nobody answered");
    cooldown_background_told(&fixture->cache, &fixture->key, &first);
    struct cooldown told = load_background(fixture, true);
    assert_true(told.told);
    assert_int_equal(told.until, first.until);
    assert_int_equal(told.failures, 1);
    cooldown_background_failed(&fixture->cache, &fixture->key, NOW + 10, &cause);
    struct cooldown second = load_background(fixture, true);
    assert_false(second.told);
    assert_int_equal(second.until, NOW + 10 + 60);
    cooldown_reset(&fixture->cache, &fixture->key);
    (void)load_background(fixture, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_ladder),
        fixture_test(test_cause_is_kept),
        fixture_test(test_each_code_survives),
        fixture_test(test_long_and_cut_messages),
        fixture_test(test_shared_failure),
        fixture_test(test_damaged_is_missing),
        fixture_test(test_nowhere),
        fixture_test(test_background),
        fixture_test(test_holder),
        fixture_test(test_dead_or_damaged_holder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
