/* SPDX-License-Identifier: Apache-2.0 */
/* Parses a successful token response (RFC 6749 section 5.1); token_error.c explains the others. */
#include "oidc/token_response.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

static const int64_t number_limit = INT64_C(1) << 53;

void token_response_release(struct token_response *response)
{
    memory_free_secret(response->access_token);
    memory_free_secret(response->id_token);
    memory_free_secret(response->refresh_token);
    *response = (struct token_response){0};
}

/* 1*VSCHAR (RFC 6749 A.12, A.17). */
static bool is_printable(const char *token)
{
    for (; *token != '\0'; token++) {
        if (*token < 0x20 || *token > 0x7e)
            return false;
    }
    return true;
}

/* Absent, null and "" give NULL: Authentik leaves members out, others send them empty. */
static bool read_token(const json_t *object, const char *name, char **out, struct error *err)
{
    const char *token = json_text(object, name);
    if (!json_has(object, name))
        return true;
    if (token == NULL || !is_printable(token))
        return error_set(err, ERROR_TOKEN_JSON, "the token response has a '%s' that is not printable text",
                         name);
    if (token[0] != '\0')
        *out = memory_copy_text(token);
    return true;
}

static bool check_type(const json_t *object, struct error *err)
{
    const char *type = json_text(object, "token_type");
    if (type == NULL)
        return error_set(err, ERROR_TOKEN_TYPE, "the token response has no 'token_type'");
    if (strcasecmp(type, "bearer") == 0)
        return true;
    error_set(err, ERROR_TOKEN_TYPE, "the token response has the token type '%s', not Bearer", safe(type));
    return error_hint(
        err, "an API server takes bearer tokens only: turn key-bound tokens (DPoP) off for this client");
}

/* A lifetime is a help, not a promise: whatever is not a whole number of seconds counts as not said. */
static int64_t read_expires_in(const json_t *object)
{
    const char *text = json_text(object, "expires_in");
    const json_t *value = json_object_get(object, "expires_in");
    int64_t seconds;
    double number;
    if (text != NULL) {
        if (!text_to_number(text, 0, number_limit, &seconds))
            return -1;
        log_line(1, "the token response has expires_in as text");
        return seconds;
    }
    if (!json_number(object, "expires_in", &number) || number < 0)
        return -1;
    if (json_is_real(value) && (double)(int64_t)number < json_real_value(value))
        return -1;
    return (int64_t)number;
}

/* Tokens that are good are not thrown away for one that nobody can keep. */
static void drop_if_too_long(struct token_response *response)
{
    if (response->refresh_token == NULL || strlen(response->refresh_token) <= TOKEN_REFRESH_LIMIT)
        return;
    memory_free_secret(response->refresh_token);
    response->refresh_token = NULL;
    response->refresh_token_too_long = true;
}

static bool read_response(const json_t *object, struct token_response *response, struct error *err)
{
    if (!check_type(object, err) || !read_token(object, "access_token", &response->access_token, err) ||
        !read_token(object, "id_token", &response->id_token, err) ||
        !read_token(object, "refresh_token", &response->refresh_token, err))
        return false;
    if (response->access_token == NULL)
        return error_set(err, ERROR_TOKEN_JSON, "the token response has no 'access_token'");
    drop_if_too_long(response);
    response->expires_in = read_expires_in(object);
    return true;
}

bool token_response_parse(const struct token_http *http, struct token_response *out,
                          struct token_error *failed, struct error *err)
{
    static const struct json_source source = {
        .what = "the token response", .code = ERROR_TOKEN_JSON, .huge_is_null = true};
    cleanup_token_response struct token_response response = {0};
    json_t *object = NULL;
    bool good;
    *failed = (struct token_error){.failure = TOKEN_FAILURE_OTHER, .retry_after = -1};
    if (http->status != 200)
        return token_error_explain("the token request", http, failed, err);
    if (!json_parse_object(source, http->body != NULL ? http->body : "", http->length, &object, err))
        return false;
    if (json_text(object, "error") != NULL) {
        json_decref(object);
        return token_error_explain("the token request", http, failed, err);
    }
    good = read_response(object, &response, err);
    json_decref(object);
    if (!good)
        return false;
    *out = response;
    response = (struct token_response){0};
    failed->failure = TOKEN_FAILURE_NONE;
    return true;
}
