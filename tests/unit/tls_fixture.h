/* SPDX-License-Identifier: Apache-2.0 */
/* Throw-away certificates and TLS servers by the openssl command, on loopback. */
#ifndef TESTS_TLS_FIXTURE_H
#define TESTS_TLS_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <sys/stat.h>

#include "net_fixture.h"

extern char **environ;

enum { TLS_SERVERS = 8 };
struct tls {
    char folder[64];
    pid_t pids[TLS_SERVERS];
    size_t count;
};

static inline pid_t tls_spawn(const char *const *words, int out)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (out >= 0)
        posix_spawn_file_actions_adddup2(&actions, out, 1);
    else
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words, environ) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* True when the command ends well. */
static inline bool tls_run(const char *const *words)
{
    int status = -1;
    pid_t pid = tls_spawn(words, -1);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static inline char *tls_path(const struct tls *tls, const char *name)
{
    return memory_format("%s/%s", tls->folder, name);
}

/* NAME.crt and NAME.key that sign themselves. */
static inline bool tls_make_authority(const struct tls *tls, const char *name)
{
    cleanup_string char *key = memory_format("%s/%s.key", tls->folder, name);
    cleanup_string char *certificate = memory_format("%s/%s.crt", tls->folder, name);
    cleanup_string char *subject = memory_format("/O=latchkey tests/CN=%s", name);
    const char *const words[] = {
        "openssl", "req",     "-x509", "-newkey", "ec",        "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes",  "-keyout", key,     "-out",    certificate, "-subj",    subject,
        "-days",   "2",       NULL};
    return tls_run(words);
}

/* What a server's certificate says, which NAME.crt becomes. */
struct tls_names {
    const char *name, *authority; /* who signs it */
    const char *hosts;            /* "DNS:localhost" */
    bool expired;
};

/* LIFETIME is the option with its value, or two of them. */
static inline bool tls_sign(const struct tls *tls, const struct tls_names *names, const char *const *lifetime)
{
    cleanup_string char *request = memory_format("%s/%s.csr", tls->folder, names->name);
    cleanup_string char *certificate = memory_format("%s/%s.crt", tls->folder, names->name);
    cleanup_string char *signer = memory_format("%s/%s.crt", tls->folder, names->authority);
    cleanup_string char *signer_key = memory_format("%s/%s.key", tls->folder, names->authority);
    const char *const words[] = {"openssl",
                                 "x509",
                                 "-req",
                                 "-in",
                                 request,
                                 "-CA",
                                 signer,
                                 "-CAkey",
                                 signer_key,
                                 "-CAcreateserial",
                                 "-copy_extensions",
                                 "copy",
                                 "-out",
                                 certificate,
                                 lifetime[0],
                                 lifetime[1],
                                 lifetime[2],
                                 lifetime[3],
                                 NULL};
    return tls_run(words);
}

static inline bool tls_make_server(const struct tls *tls, const struct tls_names *names)
{
    cleanup_string char *key = memory_format("%s/%s.key", tls->folder, names->name);
    cleanup_string char *request = memory_format("%s/%s.csr", tls->folder, names->name);
    cleanup_string char *extension = memory_format("subjectAltName=%s", names->hosts);
    const char *const ask[] = {
        "openssl",    "req",     "-newkey", "ec",   "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes",     "-keyout", key,       "-out", request,    "-subj",
        "/CN=server", "-addext", extension, NULL};
    static const char *const good[] = {"-days", "2", NULL, NULL};
    static const char *const past[] = {"-not_before", "20200101000000Z", "-not_after", "20200102000000Z"};
    static const char *const minus[] = {"-days", "-1", NULL, NULL}; /* before OpenSSL 3.4 */
    if (!tls_run(ask))
        return false;
    if (!names->expired)
        return tls_sign(tls, names, good);
    return tls_sign(tls, names, past) || tls_sign(tls, names, minus);
}

/* Starts a TLS server with NAME's certificate; the port, read from what it prints. MORE is one more option or
 * NULL. */
static inline int tls_serve(struct tls *tls, const char *name, const char *more, const char *value)
{
    cleanup_string char *key = memory_format("%s/%s.key", tls->folder, name);
    cleanup_string char *certificate = memory_format("%s/%s.crt", tls->folder, name);
    const char *const words[] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate,
                                 "-key",    key,        "-www",    more,          value,   NULL};
    char text[1024] = "";
    int ends[2];
    const char *found = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return 0;
    pid_t pid = tls_spawn(words, ends[1]);
    close(ends[1]);
    for (size_t length = 0; found == NULL || strchr(found, '\n') == NULL;
         found = strstr(text, "ACCEPT 127.0.0.1:")) {
        ssize_t got = read(ends[0], text + length, sizeof(text) - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    if (pid > 0)
        tls->pids[tls->count++] = pid;
    /* The read end stays open: without a reader the server would end at its next word. */
    return found != NULL ? (int)strtol(found + strlen("ACCEPT 127.0.0.1:"), NULL, 10) : 0;
}

static inline int tls_remove(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

static inline void tls_stop(struct tls *tls)
{
    for (size_t i = 0; i < tls->count; i++)
        end_child(tls->pids[i]);
    nftw(tls->folder, tls_remove, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
