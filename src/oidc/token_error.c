/* SPDX-License-Identifier: Apache-2.0 */
/* Explains a token endpoint's refusal (RFC 6749 section 5.2) and what it means for the session. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "oidc/token_response.h"

/* NAME_BYTES: the message must have room for the request id behind the description. */
enum { NAME_BYTES = 64, WAIT_LIMIT = 24 * 3600 };

/* What the body said. Borrowed from the parsed body. */
struct answer {
    const char *code, *description, *uri, *request_id; /* CODE is NULL without an OAuth error */
};

/* For names and numbers: a description may be as long as safe() shows it. */
static struct text_safe shorten(const char *text)
{
    return text_make_safe_bytes(text, text != NULL ? strnlen(text, NAME_BYTES) : 0);
}

static bool is_error_code(const char *code)
{
    if (text_is_empty(code))
        return false;
    for (; *code != '\0'; code++) {
        if (*code < 0x20 || *code > 0x7e || *code == '"' || *code == '\\')
            return false;
    }
    return true;
}

static json_t *read_body(const struct token_http *http)
{
    static const struct json_source source = {.what = "the error answer", .code = ERROR_TOKEN_JSON};
    struct error ignored = {0};
    json_t *object = NULL;
    if (http->body == NULL || !json_parse_object(source, http->body, http->length, &object, &ignored))
        return NULL;
    return object;
}

static struct answer read_answer(const json_t *object, const struct token_http *http)
{
    struct answer answer = {.request_id = http->request_id};
    const char *code = object != NULL ? json_text(object, "error") : NULL;
    if (object != NULL && json_text(object, "request_id") != NULL)
        answer.request_id = json_text(object, "request_id");
    if (!is_error_code(code))
        return answer;
    answer.code = code;
    answer.description = json_text(object, "error_description");
    answer.uri = json_text(object, "error_uri");
    return answer;
}

/* Authentik's error pages know GET only, so a POST that fails inside comes back as 405 with exactly these
 * methods; a real method error of its token endpoint allows POST. */
static bool is_masked(const struct token_http *http)
{
    bool get = false;
    if (http->status != 405 || http->allow == NULL)
        return false;
    for (const char *at = http->allow; *at != '\0';) {
        size_t length;
        at += strspn(at, ", \t");
        length = strcspn(at, ", \t");
        if (length == 4 && strncasecmp(at, "POST", 4) == 0)
            return false;
        get = get || (length == 3 && strncasecmp(at, "GET", 3) == 0);
        at += length;
    }
    return get;
}

static bool is_one_of(const char *code, const char *const *codes, size_t count)
{
    for (size_t i = 0; code != NULL && i < count; i++) {
        if (strcmp(code, codes[i]) == 0)
            return true;
    }
    return false;
}

/* The *_required answers to a refresh mean, like invalid_grant, that only the person can go on. */
static enum token_failure classify(long status, const char *code, bool masked)
{
    static const char *const temporary[] = {"server_error", "temporarily_unavailable"};
    static const char *const grant[] = {"invalid_grant", "interaction_required", "login_required",
                                        "consent_required"};
    static const char *const client[] = {"invalid_client",  "unauthorized_client", "unsupported_grant_type",
                                         "invalid_request", "invalid_scope",       "invalid_target"};
    bool later = status == 408 || status == 425 || status == 429 || status >= 500;
    if (masked || later || is_one_of(code, temporary, array_length(temporary)))
        return TOKEN_FAILURE_TEMPORARY;
    if (is_one_of(code, grant, array_length(grant)))
        return TOKEN_FAILURE_GRANT;
    if (is_one_of(code, client, array_length(client)) || (code == NULL && status == 401))
        return TOKEN_FAILURE_CLIENT;
    return TOKEN_FAILURE_OTHER;
}

static enum error_code choose_code(enum token_failure failure, const char *code)
{
    if (failure == TOKEN_FAILURE_TEMPORARY)
        return ERROR_SERVER;
    return code != NULL ? ERROR_OAUTH_ERROR : ERROR_TOKEN_HTTP;
}

static bool set_message(const char *what, const struct token_http *http, const struct answer *answer,
                        enum error_code code, struct error *err)
{
    bool described = !text_is_empty(answer->description), numbered = !text_is_empty(answer->request_id);
    return error_set(err, code, "%s failed: HTTP %ld%s%s%s%s%s%s%s", what, http->status,
                     answer->code != NULL ? ": " : "", shorten(answer->code).text, described ? ": " : "",
                     safe(answer->description), numbered ? " (request id " : "",
                     shorten(answer->request_id).text, numbered ? ")" : "");
}

static void add_hints(const struct token_http *http, const struct token_error *failed,
                      const struct answer *answer, struct error *err)
{
    if (failed->masked)
        error_hint(err, "this 405 hides an internal failure of the server: see its log%s",
                   text_is_empty(answer->request_id) ? "" : " for the request id");
    if (failed->retry_after >= 0)
        error_hint(err, "the server asks to wait %lld s before the next try", (long long)failed->retry_after);
    else if (!text_is_empty(http->retry_after))
        error_hint(err, "the server asks to wait until '%s'", safe(http->retry_after));
    else if (failed->failure == TOKEN_FAILURE_TEMPORARY && !failed->masked)
        error_hint(err, "the server cannot answer now: try again later");
    if (!text_is_empty(answer->uri))
        error_hint(err, "the provider explains it at '%s'", safe(answer->uri));
}

bool token_error_explain(const char *what, const struct token_http *http, struct token_error *failed,
                         struct error *err)
{
    json_t *object = read_body(http);
    struct answer answer = read_answer(object, http);
    *failed = (struct token_error){.masked = is_masked(http), .retry_after = -1};
    if (http->retry_after != NULL && !text_to_number(http->retry_after, 0, WAIT_LIMIT, &failed->retry_after))
        failed->retry_after = -1;
    if (answer.code != NULL && strlen(answer.code) < sizeof(failed->oauth_error))
        snprintf(failed->oauth_error, sizeof(failed->oauth_error), "%s", answer.code);
    failed->failure = classify(http->status, answer.code, failed->masked);
    set_message(what, http, &answer, choose_code(failed->failure, answer.code), err);
    add_hints(http, failed, &answer, err);
    json_decref(object);
    return false;
}
