/* SPDX-License-Identifier: Apache-2.0 */
/* `whoami`: who the cached session belongs to; with --userinfo what the issuer says about that person now. */
#include "base/clock.h"
#include "base/json.h"
#include "command/command.h"
#include "command/login_options.h"
#include "command/session_output.h"
#include "command/token_output.h"
#include "crypto/jws.h"
#include "login/context.h"
#include "login/userinfo.h"

/* What is shown. */
struct identity {
    struct login_rested rested;
    json_t *claims;   /* of the token; NULL when it is opaque */
    json_t *userinfo; /* NULL when nobody asked */
};

static void identity_release(struct identity *identity)
{
    login_rested_release(&identity->rested);
    json_decref(identity->claims);
    json_decref(identity->userinfo);
}
#define cleanup_identity __attribute__((cleanup(identity_release)))

static bool refuse_missing(const struct command_input *input, const struct error *warning, struct error *err)
{
    error_set(err, ERROR_NO_SESSION, "nobody is logged in at '%s' with these flags",
              safe(input->options->issuer_url));
    if (warning->code != ERROR_NONE)
        error_hint(err, "%s", warning->message);
    error_hint(err, "log in with '%s login' and the same flags", input->program);
    return error_hint(err, "'%s list' shows the sessions that there are", input->program);
}

static bool read_identity(const struct command_input *input, const struct login_options *login,
                          struct identity *out, struct error *err)
{
    struct error warning = {0}, ignored = {0};
    if (!login_read_session(&login->config, &out->rested, &warning, err))
        return false;
    if (!out->rested.found)
        return refuse_missing(input, &warning, err);
    if (input->options->userinfo) {
        struct session fresh = {0};
        if (!userinfo_ask(&login->config, &fresh, &out->userinfo, err))
            return false;
        session_release(&out->rested.session);
        out->rested.session = fresh;
    }
    if (!jws_read_claims(out->rested.session.token, &out->claims, &ignored))
        out->claims = NULL;
    return true;
}

static char *join_groups(const struct identity *identity)
{
    cleanup_text_list struct text_list names = {0};
    size_t i;
    json_t *group;
    if (identity->claims == NULL)
        return memory_copy_text("not known, the token is opaque");
    json_auto_t *groups = token_output_groups(identity->claims);
    json_array_foreach(groups, i, group) text_list_add(&names, safe(json_string_value(group)));
    return names.count > 0 ? text_list_join(&names, ", ") : memory_copy_text("none in the token");
}

static bool write_userinfo(json_t *userinfo, struct buffer *out, struct error *err)
{
    const char *name;
    json_t *value;
    buffer_add(out, "userinfo:\n");
    json_object_foreach(userinfo, name, value)
    {
        cleanup_string char *text =
            json_is_string(value) ? memory_copy_text(json_string_value(value)) : json_to_text(value);
        if (!buffer_append_format(out, "  %s: %s\n", safe(name), safe(text)))
            return session_output_refuse(out, err);
    }
    return true;
}

static bool write_text(const struct identity *identity, struct buffer *out, struct error *err)
{
    const struct session *session = &identity->rested.session;
    const struct session_key *key = &identity->rested.key;
    const char *account = session_key_text(key, "user");
    int64_t now = clock_wall();
    char expiry[CLOCK_RFC3339_SIZE];
    const char *place = session_output_place(session);
    cleanup_string char *left = session_output_left(session, now);
    cleanup_string char *groups = join_groups(identity);
    clock_format_rfc3339(session->expires_at, expiry);
    buffer_add_format(out, "%s\n", safe(session->username));
    buffer_add_format(out, "  issuer:  %s\n", safe(session_key_text(key, "issuer")));
    buffer_add_format(out, "  client:  %s\n", safe(session_key_text(key, "client_id")));
    if (account != NULL)
        buffer_add_format(out, "  account: %s\n", safe(account));
    if (session->subject != NULL)
        buffer_add_format(out, "  subject: %s\n", safe(session->subject));
    buffer_add_format(out, "  groups:  %s\n", groups);
    buffer_add_format(out, "  token:   %s%s (%s)\n", session_remaining(session, now) > 0 ? "good for " : "",
                      left, expiry);
    buffer_add_format(out, "  session: %s%s\n",
                      place != NULL ? "is refreshed without a login"
                                    : "needs a login when the token has expired",
                      session->in_keyring ? ", by the keyring" : "");
    return identity->userinfo == NULL || write_userinfo(identity->userinfo, out, err);
}

static bool write_json(const struct identity *identity, struct buffer *out, struct error *err)
{
    json_auto_t *answer = session_output_json(&identity->rested.key, &identity->rested.session, clock_wall());
    json_t *groups = identity->claims != NULL ? token_output_groups(identity->claims) : json_null();
    bool whole = json_object_set_new(answer, "groups", groups) == 0;
    if (identity->userinfo != NULL)
        whole = json_object_set(answer, "userinfo", identity->userinfo) == 0 && whole;
    return session_output_write(whole ? steal(answer) : NULL, out, err);
}

bool command_whoami(const struct command_input *input, struct buffer *out, struct error *err)
{
    cleanup_login_options struct login_options login = {0};
    cleanup_identity struct identity identity = {0};
    bool json = false;
    if (!session_output_choose(input, &json, err) || !login_options_fill(input, &login, err))
        return false;
    if (input->options->userinfo)
        login_options_warn(input);
    if (!read_identity(input, &login, &identity, err))
        return false;
    return json ? write_json(&identity, out, err) : write_text(&identity, out, err);
}
