/* SPDX-License-Identifier: Apache-2.0 */
/* A session at rest and a small issuer with one canned answer, for the tests of the login layer. */
#ifndef TESTS_LOGIN_FIXTURE_H
#define TESTS_LOGIN_FIXTURE_H

#include "login/context.h"
#include "login/grant.h"
#include "net_server.h"
#include "session_fixture.h"

enum { ANSWER_SIZE = 1024 };

/* What the issuer answers, and what it was asked last; in memory that both processes share. */
struct issuer_view {
    atomic_uint requests;
    int status;
    char body[ANSWER_SIZE];
    char path[256], head[HEAD_SIZE];
    bool without_endpoints;
};
struct login_fixture {
    struct fixture *session;
    pid_t pid;
    struct issuer_view *view;
    char url[64];
    struct login_config config;
    const char *candidates[2];
};

static inline void issuer_send(int fd, int status, const char *body)
{
    send_format(
        fd,
        "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
        status, strlen(body));
    send_text(fd, body);
}

static inline void issuer_send_metadata(int fd, const char *url, bool without_endpoints)
{
    cleanup_string char *more =
        without_endpoints
            ? memory_copy_text("")
            : memory_format(",\"revocation_endpoint\":\"%srevoke\",\"userinfo_endpoint\":\"%sme\"", url, url);
    cleanup_string char *text =
        memory_format("{\"issuer\":\"%s\",\"authorization_endpoint\":\"%sa\",\"token_endpoint\":\"%st\","
                      "\"jwks_uri\":\"%sk\","
                      "\"response_types_supported\":[\"code\"],\"subject_types_supported\":[\"public\"],"
                      "\"id_token_signing_alg_values_supported\":[\"RS256\"]%s}",
                      url, url, url, url, more);
    issuer_send(fd, 200, text);
}

/* Reads one request whole: its head, and what Content-Length says. */
static inline void issuer_read(int fd, char *head)
{
    size_t used = 0, wanted = HEAD_SIZE - 1;
    while (used < wanted) {
        ssize_t got = recv(fd, head + used, HEAD_SIZE - 1 - used, 0);
        if (got <= 0)
            break;
        head[used += (size_t)got] = '\0';
        const char *end = strstr(head, "\r\n\r\n"), *length = strstr(head, "Content-Length: ");
        if (end != NULL)
            wanted = (size_t)(end + 4 - head) + (length != NULL ? strtoul(length + 16, NULL, 10) : 0);
    }
    head[used] = '\0';
}

static inline void issuer_serve(int listener, const char *url, struct issuer_view *view)
{
    static char head[HEAD_SIZE];
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            _exit(0);
        issuer_read(fd, head);
        if (strstr(head, "/.well-known/") != NULL) {
            issuer_send_metadata(fd, url, view->without_endpoints);
        } else {
            memcpy(view->head, head, HEAD_SIZE);
            const char *path = head + strcspn(head, " ") + 1;
            size_t length = strcspn(path, " ");
            length = length < sizeof(view->path) ? length : sizeof(view->path) - 1;
            memcpy(view->path, path, length);
            view->path[length] = '\0';
            view->requests++;
            issuer_send(fd, view->status, view->body);
        }
        close(fd);
    }
}

static inline void issuer_start(struct login_fixture *fixture)
{
    int port = 0, listener = server_listen(&port);
    fixture->view =
        mmap(NULL, sizeof(*fixture->view), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(fixture->view != MAP_FAILED);
    snprintf(fixture->url, sizeof(fixture->url), "http://127.0.0.1:%d/", port);
    fflush(NULL);
    fixture->pid = fork();
    assert_true(fixture->pid >= 0);
    if (fixture->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(SERVER_LIFE);
        issuer_serve(listener, fixture->url, fixture->view);
    }
    close(listener);
}

static inline int set_up_login(void **state)
{
    struct login_fixture *fixture = memory_allocate(sizeof(*fixture));
    if (set_up((void **)&fixture->session) != 0)
        return -1;
    issuer_start(fixture);
    fixture->candidates[0] = fixture->session->path;
    fixture->config =
        (struct login_config){.grant = grant_find("authcode", false, false),
                              .issuer = fixture->url,
                              .client_id = "kubernetes",
                              .cache_candidates = fixture->candidates,
                              .program = "latchkey",
                              .timeout_seconds = 5,
                              .http = {.timeout_seconds = 5, .user_agent = "test", .allow_plain_http = true}};
    *state = fixture;
    return 0;
}

static inline int tear_down_login(void **state)
{
    struct login_fixture *fixture = *state;
    kill(fixture->pid, SIGKILL);
    waitpid(fixture->pid, NULL, 0);
    munmap(fixture->view, sizeof(*fixture->view));
    tear_down((void **)&fixture->session);
    free(fixture);
    return 0;
}

#define login_test(function) cmocka_unit_test_setup_teardown(function, set_up_login, tear_down_login)

/* Stores SESSION as that of the fixture's config, and releases it. */
static inline void rest(struct login_fixture *fixture, struct session session)
{
    cleanup_session_key struct session_key key = {0};
    struct error err = {0};
    login_key_make(&fixture->config, &key);
    if (!session_cache_save(&fixture->session->cache, &key, &session, NULL, &err))
        fail_msg("%s", err.message);
    session_release(&session);
}

static inline bool rests(struct login_fixture *fixture)
{
    cleanup_session_key struct session_key key = {0};
    login_key_make(&fixture->config, &key);
    return exists(fixture->session->cache.directory, name_of(&key, ".json").text);
}

static inline void answer_with(struct login_fixture *fixture, int status, const char *body)
{
    fixture->view->status = status;
    snprintf(fixture->view->body, ANSWER_SIZE, "%s", body);
}

#endif
