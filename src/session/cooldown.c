/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the next hundred calls of kubectl from repeating a failed login; shows who is busy with one. */
#include "session/cooldown.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "record.h"

enum {
    FILE_VERSION = 1,
    FILE_LIMIT = 32 * 1024,
    SHARED_SECONDS = 5,
    LADDER_END = 900,
    FAILURES_MAXIMUM = 1000000
};
static const int64_t ladder[] = {10, 60, 300, LADDER_END};

#define LOGIN_EXTENSION ".cooldown"
#define BACKGROUND_EXTENSION ".background"

static struct record_place place(const struct session_cache *cache, const struct session_key *key,
                                 const char *extension)
{
    return (struct record_place){cache->directory, key->name, extension};
}

static enum error_code find_code(const char *name)
{
    static const enum error_code codes[] = {
#define CODE(identifier, code_name) ERROR_##identifier,
        ERROR_CODES(CODE)
#undef CODE
    };
    for (size_t i = 0; name != NULL && i < array_length(codes); i++) {
        if (strcmp(error_code_name(codes[i]), name) == 0)
            return codes[i];
    }
    return ERROR_INTERNAL;
}

/* The words end on a terminal: nothing but what error_set has made gets there. */
static bool read_cause(const json_t *object, struct error *cause)
{
    const char *message = json_text(object, "message");
    const char *hint = json_text(object, "hint");
    if (message == NULL || hint == NULL || !record_is_printable(message, "") ||
        !record_is_printable(hint, "\n"))
        return false;
    error_set(cause, find_code(json_text(object, "code")), "%s", message);
    if (*hint != '\0')
        error_hint(cause, "%s", hint);
    return true;
}

/* SHARED tells a failure of the network; FAILURES then still counts the logins before it. */
static bool read_record(struct record_place place, struct cooldown *out, bool *shared)
{
    json_auto_t *object = record_load(place, FILE_LIMIT, FILE_VERSION);
    struct cooldown read = {0};
    int64_t failures = 0;
    if (object == NULL || !record_number(object, "failures", &failures) || failures > FAILURES_MAXIMUM ||
        !record_number(object, "failed_at", &read.failed_at) ||
        !record_number(object, "until", &read.until) || !read_cause(object, &read.cause))
        return false;
    if (read.until < read.failed_at || read.until - read.failed_at > LADDER_END)
        return false;
    read.failures = (unsigned)failures;
    read.told = json_boolean_is_true(object, "told");
    *shared = json_boolean_is_true(object, "shared");
    *out = read;
    return true;
}

void cooldown_load(const struct session_cache *cache, const struct session_key *key, struct cooldown *out,
                   bool *found)
{
    bool shared = false;
    *found = read_record(place(cache, key, LOGIN_EXTENSION), out, &shared);
    if (*found && shared)
        out->failures = 0;
}

/* A message may have been cut within a letter. */
static json_t *make_text(const char *text)
{
    json_t *value = json_string(text);
    return value != NULL ? value : json_string(safe(text));
}

static void write_record(struct record_place place, const struct cooldown *cooldown, bool shared)
{
    json_auto_t *object = json_object();
    bool whole = record_set_number(object, "version", FILE_VERSION) &&
                 record_set_number(object, "failures", cooldown->failures) &&
                 json_object_set_new(object, "shared", json_boolean(shared)) == 0 &&
                 json_object_set_new(object, "told", json_boolean(cooldown->told)) == 0 &&
                 record_set_number(object, "failed_at", cooldown->failed_at) &&
                 record_set_number(object, "until", cooldown->until) &&
                 record_set_text(object, "code", error_code_name(cooldown->cause.code)) &&
                 json_object_set_new(object, "message", make_text(cooldown->cause.message)) == 0 &&
                 json_object_set_new(object, "hint", make_text(cooldown->cause.hint)) == 0;
    struct error ignored = {0};
    (void)!record_save(place, whole ? object : NULL, &ignored);
}

/* One step further on the ladder. */
static void note_failure(struct record_place place, int64_t now, const struct error *cause)
{
    struct cooldown cooldown = {0};
    bool shared = false;
    if (!read_record(place, &cooldown, &shared))
        cooldown.failures = 0;
    size_t step = cooldown.failures < array_length(ladder) ? cooldown.failures : array_length(ladder) - 1;
    cooldown.failures++;
    cooldown.failed_at = now;
    cooldown.until = now + ladder[step];
    cooldown.cause = *cause;
    cooldown.told = false;
    write_record(place, &cooldown, false);
}

void cooldown_login_failed(const struct session_cache *cache, const struct session_key *key, int64_t now,
                           const struct error *cause)
{
    note_failure(place(cache, key, LOGIN_EXTENSION), now, cause);
}

void cooldown_share_failure(const struct session_cache *cache, const struct session_key *key, int64_t now,
                            const struct error *cause)
{
    struct cooldown cooldown = {0};
    bool shared = false;
    bool found = read_record(place(cache, key, LOGIN_EXTENSION), &cooldown, &shared);
    if (found && !shared &&
        cooldown_is_active(&cooldown, now)) /* five seconds must not end fifteen minutes */
        return;
    cooldown.failed_at = now;
    cooldown.until = now + SHARED_SECONDS;
    cooldown.cause = *cause;
    write_record(place(cache, key, LOGIN_EXTENSION), &cooldown, true);
}

void cooldown_reset(const struct session_cache *cache, const struct session_key *key)
{
    record_remove(place(cache, key, LOGIN_EXTENSION));
    record_remove(place(cache, key, BACKGROUND_EXTENSION));
}

void cooldown_background_failed(const struct session_cache *cache, const struct session_key *key, int64_t now,
                                const struct error *cause)
{
    note_failure(place(cache, key, BACKGROUND_EXTENSION), now, cause);
}

void cooldown_background_load(const struct session_cache *cache, const struct session_key *key,
                              struct cooldown *out, bool *found)
{
    bool shared = false;
    *found = read_record(place(cache, key, BACKGROUND_EXTENSION), out, &shared);
}

void cooldown_background_told(const struct session_cache *cache, const struct session_key *key,
                              const struct cooldown *failure)
{
    struct cooldown told = *failure;
    told.told = true;
    write_record(place(cache, key, BACKGROUND_EXTENSION), &told, false);
}

bool cooldown_is_active(const struct cooldown *cooldown, int64_t now)
{
    return now >= cooldown->failed_at && now < cooldown->until;
}

void lock_holder_write(const struct session_cache *cache, const struct session_key *key,
                       const struct lock_holder *holder)
{
    json_auto_t *object = json_object();
    bool whole =
        record_set_number(object, "version", FILE_VERSION) && record_set_number(object, "pid", holder->pid) &&
        record_set_number(object, "since", holder->since) &&
        record_set_text(object, "phase", holder->phase) && record_set_text(object, "url", holder->url);
    struct error ignored = {0};
    (void)!record_save(place(cache, key, ".holder"), whole ? object : NULL, &ignored);
}

static bool copy_text(const json_t *object, const char *name, char *out, size_t size)
{
    const char *text = json_text(object, name);
    if (text == NULL || strlen(text) >= size || !record_is_printable(text, ""))
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

bool lock_holder_read(const struct session_cache *cache, const struct session_key *key,
                      struct lock_holder *out)
{
    json_auto_t *object = record_load(place(cache, key, ".holder"), FILE_LIMIT, FILE_VERSION);
    struct lock_holder holder = {0};
    int64_t pid = 0;
    if (object == NULL || !record_number(object, "pid", &pid) || pid < 1 || pid > INT_MAX ||
        !record_number(object, "since", &holder.since) ||
        !copy_text(object, "phase", holder.phase, sizeof(holder.phase)) ||
        !copy_text(object, "url", holder.url, sizeof(holder.url)))
        return false;
    holder.pid = (int)pid;
    if (kill(holder.pid, 0) != 0 && errno == ESRCH) /* left behind by a holder that died */
        return false;
    *out = holder;
    return true;
}

void lock_holder_clear(const struct session_cache *cache, const struct session_key *key)
{
    record_remove(place(cache, key, ".holder"));
}
