/* SPDX-License-Identifier: Apache-2.0 */
/* Moves refresh tokens between files and keyring, in an order in which none is lost on the way. */
#include "login/safekeeping.h"

#include "base/log.h"
#include "base/text.h"
#include "login/turn.h"
#include "session/keyring.h"

/* What the keyring asks back while it is awaited. */
struct wait {
    struct login_context *context;
    bool prompting, must_end; /* the end must be awaited: only a prompt is given up for a signal */
};

static bool must_stop(void *data)
{
    const struct wait *wait = data;
    return (!wait->must_end || wait->prompting) && loop_interrupted(wait->context->loop);
}

static void prompts(void *data, bool begins)
{
    struct wait *wait = data;
    wait->prompting = begins;
    turn_announce(wait->context, begins ? "waiting for the keyring" : "using the keyring", NULL);
    notice_say(&wait->context->config->notice, NOTICE_STATUS, "%s",
               begins ? "a window asks for the password of your keyring" : "");
}

/* The access of CONFIG with WAIT in it; nobody is asked twice in one call. */
static struct keyring_access make_access(struct wait *wait, bool may_prompt)
{
    const struct login_config *config = wait->context->config;
    struct keyring_access access = config->keyring;
    access.may_prompt = access.may_prompt && may_prompt && !config->refresh_only &&
                        config->non_interactive == NULL && !wait->context->keyring_refused;
    access.must_stop = must_stop;
    access.prompts = prompts;
    access.context = wait;
    return access;
}

static struct keyring_item make_item(const struct login_context *context)
{
    return (struct keyring_item){.directory = context->cache.path, .session = context->key.name};
}

enum safekeeping_fetched safekeeping_fetch(struct login_context *context, struct session *session,
                                           bool may_prompt, struct error *err)
{
    struct wait wait = {.context = context};
    struct keyring_access access = make_access(&wait, may_prompt);
    struct keyring_item item = make_item(context);
    struct keyring_value value = {0};
    if (!session->in_keyring || session->refresh_token != NULL)
        return SAFEKEEPING_FETCHED;
    if (!keyring_read(&access, &item, &value, err)) {
        context->keyring_refused = context->keyring_refused || access.may_prompt;
        return SAFEKEEPING_FAILED;
    }
    session->refresh_token = value.secret;
    if (value.found)
        return SAFEKEEPING_FETCHED;
    if (value.why == NULL)
        error_set(err, ERROR_KEYRING, "its refresh token is not in the keyring any more");
    else
        error_set(err, ERROR_KEYRING, "what the keyring holds as its refresh token %s", value.why);
    return SAFEKEEPING_LOST;
}

/* "latchkey: alice@example.com at auth.example.com". Owned by the caller. */
static char *make_label(const struct login_context *context, const struct session *session)
{
    cleanup_string char *host = provider_url_host(context->config->issuer);
    const char *who = session->username != NULL ? session->username : context->config->client_id;
    return memory_format("latchkey: %s at %s", safe(who), safe(host));
}

static bool put_into_keyring(struct login_context *context, const struct session *session, bool must_end,
                             struct error *err)
{
    cleanup_string char *label = make_label(context, session);
    struct wait wait = {.context = context, .must_end = must_end};
    struct keyring_access access = make_access(&wait, true);
    struct keyring_item item = make_item(context);
    item.label = label;
    if (keyring_save(&access, &item, session->refresh_token, err))
        return true;
    context->keyring_refused = context->keyring_refused || access.may_prompt;
    return false;
}

static bool wants_keyring(const struct login_config *config, const struct session *former)
{
    switch (config->storage) {
    case TOKEN_STORAGE_KEYRING:
        return true;
    case TOKEN_STORAGE_AUTO:
        return former == NULL || former->in_keyring;
    case TOKEN_STORAGE_DISK:
        break;
    }
    return false;
}

/* The policy (T-28): `keyring` never becomes a plain file, `auto` may, and both say so. */
static void tell_failure(struct login_context *context, const struct error *trouble)
{
    const struct notice *notice = &context->config->notice;
    if (trouble->code == ERROR_INTERRUPTED)
        return;
    if (context->config->background && context->config->storage == TOKEN_STORAGE_KEYRING) {
        context->unkept = *trouble;
        error_prefix(&context->unkept, "the new refresh token is not kept");
    }
    if (context->config->storage == TOKEN_STORAGE_AUTO) {
        notice_say(notice, NOTICE_INFO, "the refresh token is kept in a file of the token cache: %s",
                   trouble->message);
        return;
    }
    notice_say(notice, NOTICE_WARNING,
               "the refresh token is not kept, you will have to log in again when the token expires: %s",
               trouble->message);
    if (!context->keyring_explained)
        notice_say_hints(notice, trouble);
    notice_say(notice, NOTICE_HINT,
               "or keep it in a file that only you can read: --token-cache-storage=disk");
}

/* What is left of an earlier place; nothing is lost when that fails. */
static bool remove_item(struct login_context *context, struct error *err)
{
    struct wait wait = {.context = context};
    struct keyring_access access = make_access(&wait, false);
    struct keyring_item item = make_item(context);
    unsigned removed = 0;
    return keyring_remove(&access, &item, &removed, err);
}

static bool was_in_keyring(const struct login_context *context)
{
    cleanup_session struct session stored = {0};
    bool found = false;
    session_cache_peek(&context->cache, &context->key, &stored, &found);
    return found && stored.in_keyring;
}

static bool is_there(const struct session *session, const struct session *former)
{
    return former != NULL && former->in_keyring && text_equal(session->refresh_token, former->refresh_token);
}

bool safekeeping_save(struct login_context *context, struct session *session, struct safekeeping_save how,
                      struct error *err)
{
    struct error trouble = {0};
    struct session rests = *session; /* borrows all of it */
    bool can_rest = context->cache.directory >= 0 && !context->cache.read_only;
    bool wanted = can_rest && session->refresh_token != NULL && wants_keyring(context->config, how.former);
    bool leaves = can_rest && !wanted && was_in_keyring(context);
    rests.in_keyring = wanted && (is_there(session, how.former) ||
                                  put_into_keyring(context, session, how.former != NULL, &trouble));
    session->in_keyring = rests.in_keyring;
    if (wanted && !rests.in_keyring)
        tell_failure(context, &trouble);
    if (context->config->storage == TOKEN_STORAGE_KEYRING)
        rests.refresh_token = NULL;
    if (!session_cache_save(&context->cache, &context->key, &rests, how.draft, err))
        return false;
    if (leaves && !remove_item(context, &trouble))
        log_line(1, "a former refresh token stays in the keyring: %s", trouble.message);
    return true;
}

bool safekeeping_forget(struct login_context *context, const struct session *session, struct error *err)
{
    struct session rests = *session; /* borrows all of it */
    struct error trouble = {0};
    rests.refresh_token = NULL;
    rests.in_keyring = false;
    if (!session_cache_save(&context->cache, &context->key, &rests, NULL, err))
        return false;
    if (session->in_keyring && !remove_item(context, &trouble))
        log_line(1, "a dead refresh token stays in the keyring: %s", trouble.message);
    return true;
}

bool safekeeping_drop(struct login_context *context, const struct session *session, struct error *warning,
                      struct error *err)
{
    struct error trouble = {0};
    if (!session_cache_drop(&context->cache, &context->key, err))
        return false;
    if (!session->in_keyring && context->config->storage != TOKEN_STORAGE_KEYRING)
        return true;
    if (remove_item(context, &trouble))
        return true;
    log_line(1, "the refresh token stays in the keyring: %s", trouble.message);
    if (warning != NULL && session->in_keyring)
        *warning = trouble;
    return true;
}
