/* SPDX-License-Identifier: Apache-2.0 */
/* Judges the request that a browser brings back to the loopback listener (RFC 6749 4.1.2, RFC 9207). */
#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"
#include "oidc/authorization.h"
#include "oidc/query.h"

static bool is_visible_ascii(char c)
{
    return c > 0x20 && c < 0x7f;
}

/* code = 1*VSCHAR (RFC 6749 A.11). */
static bool code_is_valid(const char *code)
{
    size_t length = strnlen(code, CALLBACK_CODE_LIMIT + 1);
    if (length == 0 || length > CALLBACK_CODE_LIMIT)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (code[i] != ' ' && !is_visible_ascii(code[i]))
            return false;
    }
    return true;
}

/* error = 1*( %x20-21 / %x23-5B / %x5D-7E ) (RFC 6749 A.7). */
static bool error_is_valid(const char *error)
{
    if (error[0] == '\0')
        return false;
    for (; *error != '\0'; error++) {
        if ((*error != ' ' && !is_visible_ascii(*error)) || *error == '"' || *error == '\\')
            return false;
    }
    return true;
}

static bool target_is_plain(const char *target, size_t length)
{
    if (length == 0 || length > CALLBACK_TARGET_LIMIT || target[0] != '/')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_visible_ascii(target[i]) || target[i] == '#')
            return false;
    }
    return true;
}

static bool path_is_expected(const char *path, size_t length, const char *expected)
{
    if (text_is_empty(expected))
        expected = "/";
    return strlen(expected) == length && memcmp(path, expected, length) == 0;
}

/* Free text of the provider may hold anything, it is sanitised where it is shown; a name or another value may
 * not. */
static bool parameter_is_plain(const struct query_parameter *parameter)
{
    static const char *const judged_later[] = {"code", "error", "error_description", "error_uri"};
    if (text_has_control(parameter->name))
        return false;
    for (size_t i = 0; i < array_length(judged_later); i++) {
        if (strcmp(parameter->name, judged_later[i]) == 0)
            return true;
    }
    return !text_has_control(parameter->value);
}

static bool parameters_are_plain(const struct query *query)
{
    static const char *const once[] = {"code", "state", "error", "error_description", "error_uri", "iss"};
    for (size_t i = 0; i < array_length(once); i++) {
        if (query_count(query, once[i]) > 1)
            return false;
    }
    for (size_t i = 0; i < query->count; i++) {
        if (!parameter_is_plain(&query->items[i]))
            return false;
    }
    return true;
}

/* RFC 9207 section 2.4. */
static bool check_issuer(const struct query *query, const struct callback_expectation *expected,
                         struct error *err)
{
    const char *issuer = query_get(query, "iss");
    if (issuer == NULL && !expected->iss_required)
        return true;
    if (issuer == NULL) {
        error_set(err, ERROR_CALLBACK_ISS, "the login's answer does not say which issuer it comes from");
        return error_hint(err,
                          "the issuer '%s' promises the parameter iss in its metadata but did not send it",
                          safe(expected->issuer));
    }
    if (strcmp(issuer, expected->issuer) == 0)
        return true;
    error_set(err, ERROR_CALLBACK_ISS, "the login's answer comes from the issuer '%s'", safe(issuer));
    return error_hint(err, "the login was begun at '%s'", safe(expected->issuer));
}

static bool check_answer(const char *code, const char *refusal, struct error *err)
{
    if (code != NULL && refusal != NULL)
        return error_set(err, ERROR_CALLBACK_ERROR, "the login's answer has both a code and an error");
    if (code == NULL && refusal == NULL)
        return error_set(err, ERROR_CALLBACK_ERROR, "the login's answer has neither a code nor an error");
    if (code != NULL && !code_is_valid(code))
        return error_set(err, ERROR_CALLBACK_ERROR,
                         "the login's answer has a code that is empty, too long or not printable");
    if (refusal != NULL && !error_is_valid(refusal))
        return error_set(err, ERROR_CALLBACK_ERROR,
                         "the login's answer has an error that is empty or not printable");
    return true;
}

static void report_refusal(const struct callback *callback, struct error *err)
{
    const char *description = callback->error_description;
    if (text_is_empty(description))
        error_set(err, ERROR_CALLBACK_ERROR, "the provider refused the login: %s", safe(callback->error));
    else
        error_set(err, ERROR_CALLBACK_ERROR, "the provider refused the login: %s: %s", safe(callback->error),
                  safe(description));
    if (!text_is_empty(callback->error_uri))
        error_hint(err, "the provider explains it at '%s'", safe(callback->error_uri));
}

static enum callback_verdict judge(const struct query *query, const struct callback_expectation *expected,
                                   struct callback *out, struct error *err)
{
    const char *code = query_get(query, "code"), *refusal = query_get(query, "error");
    if (!check_issuer(query, expected, err) || !check_answer(code, refusal, err))
        return CALLBACK_REFUSED;
    *out = (struct callback){
        .code = memory_copy_text(code),
        .error = memory_copy_text(refusal),
        .error_description = memory_copy_text(query_get(query, "error_description")),
        .error_uri = memory_copy_text(query_get(query, "error_uri")),
    };
    if (code != NULL)
        return CALLBACK_CODE;
    report_refusal(out, err);
    return CALLBACK_ERROR;
}

enum callback_verdict callback_parse(const char *target, size_t length,
                                     const struct callback_expectation *expected, struct callback *out,
                                     struct error *err)
{
    cleanup_query struct query query = {0};
    const char *question, *state;
    size_t path_length;
    if (!target_is_plain(target, length))
        return CALLBACK_MALFORMED;
    question = memchr(target, '?', length);
    path_length = question != NULL ? (size_t)(question - target) : length;
    if (!path_is_expected(target, path_length, expected->path) || length - path_length < 2)
        return CALLBACK_OTHER_PATH;
    if (!query_parse(question + 1, length - path_length - 1, &query) || !parameters_are_plain(&query))
        return CALLBACK_MALFORMED;
    state = query_get(&query, "state");
    if (text_is_empty(state))
        return CALLBACK_MALFORMED;
    if (!digest_equal_text(state, expected->state))
        return CALLBACK_WRONG_STATE;
    return judge(&query, expected, out, err);
}

void callback_release(struct callback *callback)
{
    memory_free_secret(callback->code);
    free(callback->error);
    free(callback->error_description);
    free(callback->error_uri);
    *callback = (struct callback){0};
}
