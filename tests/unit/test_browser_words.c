/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of net/browser: from commands and URLs to words, and which command is taken. */
#include "ids.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "net/browser.h"

static void test_split(void **state)
{
    static const struct {
        const char *command, *words; /* joined by '|'; NULL: refused */
    } cases[] = {
        {"a", "a"},
        {"a b c", "a|b|c"},
        {"  a \t b\n", "a|b"},
        {"a 'b c' d", "a|b c|d"},
        {"a \"b c\" d", "a|b c|d"},
        {"a 'it''s' \"x\"y'z'", "a|its|xyz"},
        {"a \"it's\" 'say \"x\"'", "a|it's|say \"x\""},
        {"a '' b", "a||b"},
        {"a \"\"", "a|"},
        {"'a b' c", "a b|c"},
        {"a --x='b c'", "a|--x=b c"},
        {"C:\\browser\\x.exe \\ y", "C:\\browser\\x.exe|\\|y"},
        {"a $(b) `c` ; & > d", "a|$(b)|`c`|;|&|>|d"},
        {"a $HOME ~ *", "a|$HOME|~|*"},
        {"a %s", "a|%s"},
        {"", NULL},
        {"   ", NULL},
        {"'a", NULL},
        {"a \"b", NULL},
        {"a '", NULL},
        {"a 'b\" c", NULL},
        {"'' a", NULL},
    };
    (void)state;
    test_ids("K7-59 T-20");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_text_list struct text_list words = {0};
        struct error err = {0};
        bool is_split = browser_words(cases[i].command, "", &words, &err);
        if (is_split != (cases[i].words != NULL))
            fail_msg("'%s': %s", cases[i].command, err.message);
        cleanup_string char *joined = text_list_join(&words, "|");
        assert_string_equal(joined, cases[i].words != NULL ? cases[i].words : "");
        assert_int_equal(err.code, is_split ? ERROR_NONE : ERROR_CONFIG);
    }
}

static void test_long_command(void **state)
{
    cleanup_buffer struct buffer command = BUFFER(100000);
    cleanup_text_list struct text_list words = {0};
    struct error err = {0};
    (void)state;
    while (command.length <= 32 * 1024)
        buffer_add(&command, "word ");
    assert_false(browser_words(buffer_text(&command), "", &words, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_int_equal(words.count, 0);
}

static void test_url_in_place(void **state)
{
    static const struct {
        const char *command, *words;
    } cases[] = {
        {"a", "a|URL"},
        {"a b", "a|b|URL"},
        {"a %s b", "a|URL|b"},
        {"a --app=%s", "a|--app=URL"},
        {"a %s%s x%sy %s", "a|URLURL|xURLy|URL"},
        {"a %S %%s", "a|%S|%URL"},
        {"a %s%", "a|URL%"},
        {"a %d %n", "a|%d|%n|URL"},
        {"%s x", "%s|x|URL"}, /* never the program */
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_text_list struct text_list words = {0};
        struct error err = {0};
        assert_true(browser_words(cases[i].command, "", &words, &err));
        browser_add_url(&words, "URL");
        cleanup_string char *joined = text_list_join(&words, "|");
        assert_string_equal(joined, cases[i].words);
    }
}

static void test_urls(void **state)
{
    static const char *const good[] = {
        "http://localhost:8000/abc",          "https://a",
        "https://a/%41?b=c&d=%20#e",          "https://[::1]:8000/",
        "https://user@host/~x!$'()*,;=:@-._", "http://127.0.0.1:1/?",
    };
    static const char *const bad[] = {
        "",
        "http://",
        "https:///x",
        "https://?x",
        "https://#x",
        "http:/x",
        "file:///etc/passwd",
        "-x",
        "--x",
        "https://a b",
        "https://a\"",
        "https://a<",
        "https://a>",
        "https://a\\",
        "https://a^",
        "https://a`",
        "https://a{",
        "https://a|",
        "https://a}",
        "https://a\n",
        "https://a\t",
        "https://a\x7f",
        "https://a\x80",
        "https://a/%",
        "https://a/%4",
        "https://a/%g0",
        "https://a/%0g",
        "javascript:alert(1)",
        "HTTP://a",
        "https//a",
        "about:blank",
        "data:text/html,x",
        "chrome://settings",
    };
    (void)state;
    test_ids("T-20");
    for (size_t i = 0; i < array_length(good); i++)
        if (!browser_url_is_safe(good[i]))
            fail_msg("'%s' is refused", good[i]);
    for (size_t i = 0; i < array_length(bad); i++)
        if (browser_url_is_safe(bad[i]))
            fail_msg("'%s' is taken", bad[i]);
    char url[8194];
    memset(url, 'a', sizeof url);
    memcpy(url, "https://", 8);
    url[8193] = '\0';
    assert_false(browser_url_is_safe(url));
    url[8192] = '\0';
    assert_true(browser_url_is_safe(url));
}

/* A folder of fake programs; each ends at once with status 0. */
struct folder {
    char path[32];
};

static void add_program(const struct folder *folder, const char *name, mode_t mode)
{
    cleanup_string char *file = memory_format("%s/%s", folder->path, name);
    cleanup_fd int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
}

static int begin(void **state)
{
    struct folder *folder = memory_allocate(sizeof *folder);
    snprintf(folder->path, sizeof folder->path, "/tmp/words.XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    *state = folder;
    return 0;
}

static int end(void **state)
{
    struct folder *folder = *state;
    static const char *const names[] = {"one", "two words", "plain", "xdg-open", "wslview"};
    for (size_t i = 0; i < array_length(names); i++) {
        cleanup_string char *file = memory_format("%s/%s", folder->path, names[i]);
        unlink(file);
    }
    assert_int_equal(rmdir(folder->path), 0);
    free(folder);
    return 0;
}

static void test_whole_value_is_a_program(void **state)
{
    const struct folder *folder = *state;
    test_ids("K7-59");
    add_program(folder, "two words", 0700);
    add_program(folder, "plain", 0600);
    cleanup_string char *whole = memory_format("%s/two words", folder->path);
    cleanup_string char *plain = memory_format("%s/plain file", folder->path);
    const struct {
        const char *command, *path;
        size_t count;
    } cases[] = {
        {whole, "", 1},                 /* a path that is executable */
        {"two words", folder->path, 1}, /* found in PATH */
        {"two words", "", 2},
        {"two words", "relative", 2},
        {plain, folder->path, 2},
        {"plain", folder->path, 1},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_text_list struct text_list words = {0};
        struct error err = {0};
        assert_true(browser_words(cases[i].command, cases[i].path, &words, &err));
        assert_int_equal(words.count, cases[i].count);
    }
    /* a relative folder of PATH is not looked into */
    cleanup_text_list struct text_list words = {0};
    struct error err = {0};
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder->path), 0);
    assert_true(browser_words("two words", ".::", &words, &err));
    assert_int_equal(chdir(before), 0);
    assert_int_equal(words.count, 2);
}

static void test_available(void **state)
{
    const struct folder *folder = *state;
    test_ids("K7-58");
    add_program(folder, "one", 0700);
    add_program(folder, "xdg-open", 0700);
    const struct {
        struct browser_settings settings;
        bool is_available;
    } cases[] = {
        {{.path = folder->path}, false},                     /* no display */
        {{.path = folder->path, .has_display = true}, true}, /* xdg-open */
        {{.path = folder->path, .command = "x y"}, true},    /* its failure is told when it is opened */
        {{.path = folder->path, .browser = "one"}, true}, /* also without a display: a helper of an editor */
        {{.path = folder->path, .browser = "one %s"}, true},
        {{.path = folder->path, .browser = "no:not:one"}, true},
        {{.path = folder->path, .browser = "no-such:not-that"}, false},
        {{.path = folder->path, .browser = ":: :"}, false},
        {{.path = folder->path, .browser = "", .command = ""}, false},
        {{.path = folder->path, .browser = "no-such", .has_display = true}, true},
        {{.path = folder->path, .browser = "'one"}, false},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_string char *why = NULL;
        if (browser_available(&cases[i].settings, &why) != cases[i].is_available)
            fail_msg("case %zu", i);
        assert_int_equal(why != NULL && why[0] != '\0', !cases[i].is_available);
    }
}

/* The place is one reason, a BROWSER that was set in vain another one. */
static void test_why_not(void **state)
{
    const struct folder *folder = *state;
    test_ids("K7-58");
    const struct {
        struct browser_settings settings;
        const char *why;
    } cases[] = {
        {{.path = folder->path}, "there is no display here"},
        {{.path = folder->path, .browser = "no"},
         "there is no display here, and what BROWSER names was not found"},
        {{.path = folder->path, .why_not = "this is a container"}, "this is a container"},
        {{.path = folder->path, .browser = "no", .why_not = "this is a container"},
         "this is a container, and what BROWSER names was not found"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_string char *why = NULL;
        assert_false(browser_available(&cases[i].settings, &why));
        assert_string_equal(why, cases[i].why);
    }
}

static void test_unavailable_is_an_error(void **state)
{
    struct browser *browser = NULL;
    struct error err = {0};
    cleanup_loop struct loop *loop = NULL;
    (void)state;
    assert_true(loop_open(&loop, &err));
    const struct browser_settings settings = {.path = ""};
    assert_false(browser_open(loop, &settings, "http://localhost:8000/", &browser, &err));
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "no display"));
    browser_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_long_command),
        cmocka_unit_test(test_url_in_place),
        cmocka_unit_test(test_urls),
        cmocka_unit_test_setup_teardown(test_whole_value_is_a_program, begin, end),
        cmocka_unit_test_setup_teardown(test_available, begin, end),
        cmocka_unit_test_setup_teardown(test_why_not, begin, end),
        cmocka_unit_test(test_unavailable_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
