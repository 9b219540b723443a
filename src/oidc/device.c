/* SPDX-License-Identifier: Apache-2.0 */
/* Judges the answer of the device authorization endpoint. */
#include "oidc/device.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "oidc/provider.h"

enum {
    DEVICE_CODE_LIMIT = 4096,
    USER_CODE_LIMIT = 64,
    LIFETIME_LIMIT = 1800,
    INTERVAL_DEFAULT = 5,
    INTERVAL_LIMIT = 60
};

void device_authorization_release(struct device_authorization *device)
{
    memory_free_secret(device->device_code);
    free(device->user_code);
    free(device->verification_uri);
    free(device->verification_uri_complete);
    *device = (struct device_authorization){0};
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

/* Both codes are text of ASCII, punctuation included: Authentik's device codes hold all of it. */
static bool read_code(const json_t *object, const char *name, size_t limit, char **out, struct error *err)
{
    const char *code = json_text(object, name);
    if (text_is_empty(code) || strlen(code) > limit || !is_printable(code))
        return error_set(err, ERROR_TOKEN_JSON, "the device authorization response has no valid '%s'", name);
    *out = memory_copy_text(code);
    return true;
}

static bool read_uri(const char *issuer, const char *name, const char *uri, char **out, struct error *err)
{
    if (uri == NULL)
        return error_set(err, ERROR_TOKEN_JSON, "the device authorization response has no valid '%s'", name);
    if (!provider_check_endpoint(issuer, name, uri, err))
        return false;
    *out = memory_copy_text(uri);
    return true;
}

/* The complete one is a convenience, but one that is nonsense is a sign of something worse. */
static bool read_uris(const char *issuer, const json_t *object, struct device_authorization *device,
                      struct error *err)
{
    const char *name = json_has(object, "verification_uri") ? "verification_uri" : "verification_url";
    const char *complete = json_text(object, "verification_uri_complete");
    if (!read_uri(issuer, name, json_text(object, name), &device->verification_uri, err))
        return false;
    if (!json_has(object, "verification_uri_complete") || text_equal(complete, ""))
        return true;
    return read_uri(issuer, "verification_uri_complete", complete, &device->verification_uri_complete, err);
}

static int64_t clamp(double number, int64_t least, int64_t most)
{
    if (number < (double)least)
        return least;
    return number > (double)most ? most : (int64_t)number;
}

static bool read_times(const json_t *object, struct device_authorization *device, struct error *err)
{
    double seconds = 0;
    if (!json_number(object, "expires_in", &seconds) || seconds <= 0)
        return error_set(err, ERROR_TOKEN_JSON,
                         "the device authorization response has no valid 'expires_in'");
    device->expires_in = clamp(seconds, 1, LIFETIME_LIMIT);
    device->interval = INTERVAL_DEFAULT;
    if (json_number(object, "interval", &seconds))
        device->interval = clamp(seconds, 1, INTERVAL_LIMIT);
    return true;
}

static bool read_answer(const char *issuer, const json_t *object, struct device_authorization *device,
                        struct error *err)
{
    return read_code(object, "device_code", DEVICE_CODE_LIMIT, &device->device_code, err) &&
           read_code(object, "user_code", USER_CODE_LIMIT, &device->user_code, err) &&
           read_uris(issuer, object, device, err) && read_times(object, device, err);
}

bool device_authorization_parse(const char *issuer, const struct token_http *http,
                                struct device_authorization *out, struct token_error *failed,
                                struct error *err)
{
    static const struct json_source source = {.what = "the device authorization response",
                                              .code = ERROR_TOKEN_JSON};
    cleanup_device_authorization struct device_authorization device = {0};
    json_t *object = NULL;
    *failed = (struct token_error){.failure = TOKEN_FAILURE_OTHER, .retry_after = -1};
    if (http->status != 200)
        return token_error_explain("the device authorization request", http, failed, err);
    if (!json_parse_object(source, http->body != NULL ? http->body : "", http->length, &object, err))
        return false;
    bool refused = json_text(object, "error") != NULL;
    bool good = !refused && read_answer(issuer, object, &device, err);
    json_decref(object);
    if (refused)
        return token_error_explain("the device authorization request", http, failed, err);
    if (!good)
        return false;
    *out = device;
    device = (struct device_authorization){0};
    failed->failure = TOKEN_FAILURE_NONE;
    return true;
}
