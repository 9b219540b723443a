/* SPDX-License-Identifier: Apache-2.0 */
/* A fake browser for tests of net/browser: a script in a folder of its own. */
#ifndef TESTS_BROWSER_FIXTURE_H
#define TESTS_BROWSER_FIXTURE_H

#include "ids.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "net/browser.h"

#define URL "http://localhost:8000/0123456789abcdef?a=b&c=d"
enum { WAIT = 30000, OUTPUT_LIMIT = 4 * 1024 * 1024 };

struct fixture {
    struct loop *loop;
    char directory[32];
    char *script, *output;
    struct browser_settings settings;
    bool is_done;
    char reason[256];
};

static inline void note_failure(void *context, const char *reason)
{
    struct fixture *fixture = context;
    snprintf(fixture->reason, sizeof fixture->reason, "%s", reason);
    fixture->is_done = true;
}

static inline void write_file(const char *path, const char *text, mode_t mode)
{
    cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
}

static inline int begin(void **state)
{
    struct error err = {0};
    struct fixture *fixture = memory_allocate(sizeof *fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/browser.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    fixture->script = memory_format("%s/fake browser", fixture->directory);
    fixture->output = memory_format("%s/output", fixture->directory);
    assert_true(loop_open(&fixture->loop, &err));
    fixture->settings = (struct browser_settings){
        .command = fixture->script, .path = fixture->directory, .failed = note_failure, .context = fixture};
    assert_int_equal(setenv("OUTPUT", fixture->output, 1), 0);
    *state = fixture;
    return 0;
}

static inline int end(void **state)
{
    struct fixture *fixture = *state;
    loop_close(fixture->loop);
    cleanup_string char *command = memory_format("%s/marker", fixture->directory);
    unlink(command);
    unlink(fixture->script);
    unlink(fixture->output);
    assert_int_equal(rmdir(fixture->directory), 0);
    free(fixture->script);
    free(fixture->output);
    free(fixture);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left, dead or alive */
    assert_int_equal(errno, ECHILD);
    return 0;
}

/* The fake browser: a shell script that ends with a status, which is how the test knows that it ended. */
static inline void make_browser(const struct fixture *fixture, const char *commands)
{
    cleanup_string char *text = memory_format("#!/bin/sh\n%s\n", commands);
    write_file(fixture->script, text, 0700);
}

static inline struct browser *start(struct fixture *fixture, const char *url)
{
    struct browser *browser = NULL;
    struct error err = {0};
    if (!browser_open(fixture->loop, &fixture->settings, url, &browser, &err))
        fail_msg("%s", err.message);
    return browser;
}

/* Closes BROWSER as well. */
static inline void run_until_failed(struct fixture *fixture, struct browser *browser, const char *reason)
{
    struct error err = {0};
    assert_int_equal(loop_run(fixture->loop, &fixture->is_done, clock_monotonic() + WAIT, &err), LOOP_DONE);
    assert_string_equal(fixture->reason, reason);
    fixture->is_done = false;
    browser_close(browser);
}

static inline char *read_output(const struct fixture *fixture)
{
    struct buffer text = BUFFER(OUTPUT_LIMIT);
    struct error err = {0};
    if (!file_read(fixture->output, &text, &err))
        fail_msg("%s", err.message);
    return buffer_steal(&text);
}

#endif
