/* SPDX-License-Identifier: Apache-2.0 */
/* One session as JSON and in words, and where sessions are looked for. */
#include "command/session_output.h"

#include "base/clock.h"
#include "base/json.h"
#include "command/login_options.h"
#include "login/notice.h"

bool session_output_choose(const struct command_input *input, bool *json, struct error *err)
{
    const char *name = input->options->report;
    *json = text_equal(name, "json");
    if (*json || text_equal(name, "text"))
        return true;
    return login_options_refuse(input->command, "output", "text|json", name, err);
}

const char *session_output_place(const struct session *session)
{
    if (session->in_keyring)
        return "keyring";
    return session->can_refresh || session->refresh_token != NULL ? "disk" : NULL;
}

json_t *session_output_json(const struct session_key *key, const struct session *session, int64_t now)
{
    char expiry[CLOCK_RFC3339_SIZE];
    int64_t left = session_remaining(session, now);
    clock_format_rfc3339(session->expires_at, expiry);
    json_seed();
    return json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s, s:I, s:b, s:s?}", "issuer",
                     session_key_text(key, "issuer"), "client_id", session_key_text(key, "client_id"),
                     "account", session_key_text(key, "user"), "user", session->username, "subject",
                     session->subject, "token_kind", session_key_text(key, "token_kind"), "expiry", expiry,
                     "remaining_seconds", (json_int_t)(left > 0 ? left : 0), "refreshable",
                     session_output_place(session) != NULL, "refresh_token_in",
                     session_output_place(session));
}

char *session_output_left(const struct session *session, int64_t now)
{
    char left[CLOCK_DURATION_SIZE];
    int64_t remaining = session_remaining(session, now);
    if (remaining <= 0)
        return memory_copy_text("expired");
    clock_format_duration(remaining, left);
    return memory_copy_text(left);
}

bool session_output_refuse(const struct buffer *out, struct error *err)
{
    return error_set(err, ERROR_TOO_LARGE, "the answer is longer than %zu bytes", out->limit);
}

bool session_output_write(json_t *answer, struct buffer *out, struct error *err)
{
    json_auto_t *owned = answer;
    if (owned == NULL)
        return error_set(err, ERROR_MEMORY, "cannot write the answer as JSON");
    cleanup_string char *text = json_to_text(owned);
    return buffer_append_format(out, "%s\n", text) || session_output_refuse(out, err);
}

bool session_output_matches(const struct command_input *input, const struct session_key *key)
{
    return text_is_empty(input->options->account) ||
           text_equal(session_key_text(key, "user"), input->options->account);
}

void session_output_say_none(const struct command_input *input)
{
    if (text_is_empty(input->options->account)) {
        command_show_notice(NOTICE_INFO, "there are no sessions");
        return;
    }
    cleanup_string char *text =
        memory_format("there are no sessions of the account '%s'", safe(input->options->account));
    command_show_notice(NOTICE_INFO, text);
}

bool session_output_directories(const struct command_input *input, struct text_list *out, struct error *err)
{
    if (!text_is_empty(input->options->cache_dir)) {
        cleanup_string char *named = login_options_absolute(input->options->cache_dir);
        text_list_add(out, named);
        return true;
    }
    cleanup_string char *path = login_options_default_cache(input);
    cleanup_string char *fallback = login_options_spare_cache(input);
    if (path != NULL)
        text_list_add(out, path);
    if (fallback != NULL)
        text_list_add_once(out, fallback);
    if (out->count > 0)
        return true;
    error_set(err, ERROR_CONFIG, "there is no home directory to look for a token cache in");
    return error_hint(err, "name the directory with --token-cache-dir");
}

void session_output_warn(const struct error *problem)
{
    command_show_notice(NOTICE_WARNING, problem->message);
    if (problem->hint[0] != '\0')
        command_show_notice(NOTICE_HINT, problem->hint);
}

void session_output_postpone(const struct error *problem, struct error *first)
{
    if (first->code == ERROR_NONE)
        *first = *problem;
    else
        session_output_warn(problem);
}
