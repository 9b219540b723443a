/* SPDX-License-Identifier: Apache-2.0 */
/* `logout`: the provider revokes the refresh token, then the session is deleted. */
#include "base/json.h"
#include "command/command.h"
#include "command/login_options.h"
#include "command/session_output.h"
#include "login/context.h"
#include "login/notice.h"
#include "login/revocation.h"
#include "session/session_list.h"

static const struct {
    const char *name, *text;
} results[] = {
    [REVOCATION_DONE] = {"revoked", "the refresh token is revoked, the session is deleted"},
    [REVOCATION_NO_ENDPOINT] = {"no_endpoint",
                                "the session is deleted, but not revoked at the provider, which has no "
                                "revocation endpoint: its refresh token is good until it expires there"},
    [REVOCATION_NOT_TAKEN] = {"unsupported",
                              "the session is deleted, but not revoked at the provider, which revokes no "
                              "refresh tokens: it is good until it expires there"},
    [REVOCATION_NOTHING_HELD] = {"no_refresh_token",
                                 "the session is deleted; it had no refresh token to revoke"},
    [REVOCATION_NO_SESSION] = {"no_session", "there was no session"},
};

/* What was done, in words and as JSON. */
struct report {
    struct text_list lines;
    json_t *items;
    unsigned kept, total;
    struct error first;    /* of those that were kept */
    struct error unusable; /* the first directory that cannot be read */
};

static void report_release(struct report *report)
{
    text_list_release(&report->lines);
    json_decref(report->items);
}
#define cleanup_report __attribute__((cleanup(report_release)))

/* USERNAME may be NULL. */
static void add_result(struct report *report, const struct session_key *key, const char *username,
                       enum revocation_result result)
{
    const char *issuer = session_key_text(key, "issuer");
    cleanup_string char *line = memory_format("%s%sat %s: %s", safe(username), username != NULL ? " " : "",
                                              safe(issuer), results[result].text);
    text_list_add(&report->lines, line);
    json_t *item =
        json_pack("{s:s?, s:s?, s:s?, s:s?, s:s, s:b}", "issuer", issuer, "client_id",
                  session_key_text(key, "client_id"), "account", session_key_text(key, "user"), "user",
                  username, "result", results[result].name, "deleted", result != REVOCATION_NO_SESSION);
    if (item != NULL)
        (void)json_array_append_new(report->items, item);
}

static void add_kept(struct report *report, const struct session_entry *entry, const struct error *err)
{
    cleanup_string char *line = memory_format("%s at %s: %s", safe(entry->session.username),
                                              safe(session_key_text(&entry->key, "issuer")), err->message);
    command_show_notice(NOTICE_WARNING, line);
    if (report->kept++ == 0)
        report->first = *err;
}

/* What is in them, nobody knows. */
static void add_skipped(struct report *report, unsigned skipped, const char *directory)
{
    report->total += skipped;
    if (skipped > 0 && report->kept == 0) {
        report->first.code = ERROR_CACHE_PERM;
        error_hint(&report->first,
                   "remove what is skipped in '%s' to be rid of it: a refresh token in it stays good at the "
                   "provider until it expires there",
                   safe(directory));
    }
    report->kept += skipped;
}

/* What was sent along then must be at hand again, and goes nowhere else. */
static bool headers_fit(const struct command_input *input, const struct session_key *key, struct error *err)
{
    cleanup_session_key struct session_key own = {0};
    const json_t *wanted = json_object_get(key->tuple, "headers");
    struct session_key_parts parts = {.issuer = "", .headers = &input->options->request_headers};
    session_key_make(&parts, &own);
    if (json_is_null(wanted) || json_equal(wanted, json_object_get(own.tuple, "headers")) != 0)
        return true;
    error_set(err, ERROR_CONFIG, "the session is kept, because it was made with other --oidc-request-header");
    return error_hint(err, "give the --oidc-request-header of its kubeconfig entry");
}

/* What proves the client and what weakens TLS is for the session that it was made for, never for another
 * issuer. */
static void drop_foreign(const struct session_key *key, struct options *options)
{
    if (!text_equal(options->issuer_url, session_key_text(key, "issuer")) ||
        !text_equal(options->client_id, session_key_text(key, "client_id"))) {
        options->client_secret = options->assertion_key = NULL;
        options->ask_client_secret = false;
    }
    if (json_is_null(json_object_get(key->tuple, "headers")))
        options->request_headers = (struct text_map){0};
    if (json_is_true(json_object_get(key->tuple, "tls_verified")))
        options->insecure_skip_tls_verify = false;
    options->assertion_source = options->username = options->password = options->account = NULL;
}

static bool end_entry(const struct command_input *input, const struct session_entry *entry, char *directory,
                      enum revocation_result *result, struct error *err)
{
    cleanup_login_options struct login_options login = {0};
    cleanup_string char *issuer = memory_copy_text(session_key_text(&entry->key, "issuer"));
    cleanup_string char *client = memory_copy_text(session_key_text(&entry->key, "client_id"));
    cleanup_string char *grant = memory_copy_text("authcode");
    struct options options = *input->options; /* borrows all of it */
    struct command_input own = *input;
    drop_foreign(&entry->key, &options);
    options.issuer_url = issuer;
    options.client_id = client;
    options.grant_type = grant;
    options.cache_dir = directory;
    own.options = &options;
    if (!headers_fit(input, &entry->key, err) || !login_options_fill(&own, &login, err))
        return false;
    return revocation_run(&login.config, &entry->key, result, err);
}

static bool end_directory(const struct command_input *input, char *directory, struct report *report,
                          struct error *err)
{
    cleanup_session_list struct session_list list = {0};
    if (!session_list_add(directory, &list, err))
        return false;
    for (size_t i = 0; i < list.notes.count; i++)
        command_show_notice(NOTICE_WARNING, list.notes.items[i]);
    for (size_t i = 0; i < list.count; i++) {
        const struct session_entry *entry = &list.items[i];
        enum revocation_result result = REVOCATION_NO_SESSION;
        struct error kept = {0};
        if (!session_output_matches(input, &entry->key))
            continue;
        report->total++;
        if (end_entry(input, entry, directory, &result, &kept))
            add_result(report, &entry->key, entry->session.username, result);
        else
            add_kept(report, entry, &kept);
        if (kept.code == ERROR_INTERRUPTED)
            break;
    }
    if (text_is_empty(input->options->account)) /* else nobody knows whether it is that account's */
        add_skipped(report, list.skipped, directory);
    return true;
}

/* No answer, because it is not whole: what was done is told beside the error. */
static bool fail_kept(const struct report *report, struct error *err)
{
    for (size_t i = 0; i < report->lines.count; i++)
        command_show_notice(NOTICE_INFO, report->lines.items[i]);
    if (report->kept == 0) {
        *err = report->unusable;
        return false;
    }
    if (report->unusable.code != ERROR_NONE)
        session_output_warn(&report->unusable);
    error_set(err, report->first.code, "%u of %u sessions %s kept", report->kept, report->total,
              report->kept == 1 ? "is" : "are");
    return error_hint(err, "%s", report->first.hint);
}

static bool end_all(const struct command_input *input, struct report *report, struct error *err)
{
    cleanup_text_list struct text_list directories = {0};
    if (!session_output_directories(input, &directories, err))
        return false;
    for (size_t i = 0; i < directories.count; i++) {
        struct error problem = {0};
        if (!end_directory(input, directories.items[i], report, &problem))
            session_output_postpone(&problem, &report->unusable);
    }
    if (report->kept > 0 || report->unusable.code != ERROR_NONE)
        return fail_kept(report, err);
    if (report->total == 0)
        session_output_say_none(input);
    return true;
}

static bool end_one(const struct command_input *input, struct report *report, struct error *err)
{
    cleanup_login_options struct login_options login = {0};
    cleanup_login_rested struct login_rested rested = {0};
    enum revocation_result result = REVOCATION_NO_SESSION;
    if (!login_options_fill(input, &login, err))
        return false;
    login_options_warn(input);
    if (!login_read_session(&login.config, &rested, NULL, err) ||
        !revocation_run(&login.config, NULL, &result, err))
        return false;
    add_result(report, &rested.key, rested.session.username, result);
    return true;
}

bool command_logout(const struct command_input *input, struct buffer *out, struct error *err)
{
    cleanup_report struct report report = {0};
    bool json = false;
    if (!session_output_choose(input, &json, err))
        return false;
    json_seed();
    report.items = json_array();
    if (!(input->options->all ? end_all(input, &report, err) : end_one(input, &report, err)))
        return false;
    if (json)
        return session_output_write(json_pack("{s:O}", "sessions", report.items), out, err);
    for (size_t i = 0; i < report.lines.count; i++)
        if (!buffer_append_format(out, "%s\n", report.lines.items[i]))
            return session_output_refuse(out, err);
    return true;
}
