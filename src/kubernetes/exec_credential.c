/* SPDX-License-Identifier: Apache-2.0 */
/* Reads KUBERNETES_EXEC_INFO and writes the ExecCredential (client.authentication.k8s.io v1 and v1beta1). */
#include "kubernetes/exec_credential.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

/* FRAME_LIMIT: more than everything in the answer but the token. */
enum { EXEC_INFO_LIMIT = 1024 * 1024, FRAME_LIMIT = 256 };

static const char *const version_names[] = {
    [EXEC_V1BETA1] = "client.authentication.k8s.io/v1beta1",
    [EXEC_V1] = "client.authentication.k8s.io/v1",
};

void exec_request_release(struct exec_request *request)
{
    free(request->server);
    *request = (struct exec_request){0};
}

static bool read_version(const json_t *info, enum exec_version *out, struct error *err)
{
    const char *name = json_text(info, "apiVersion");
    if (json_has(info, "apiVersion") && name == NULL)
        return error_set(err, ERROR_EXEC_INFO, "invalid KUBERNETES_EXEC_INFO: 'apiVersion' is not text");
    if (text_is_empty(name)) {
        *out = EXEC_V1BETA1;
        return true;
    }
    for (size_t i = 0; i < array_length(version_names); i++) {
        if (strcmp(name, version_names[i]) == 0) {
            *out = (enum exec_version)i;
            return true;
        }
    }
    error_set(err, ERROR_EXEC_INFO, "unknown apiVersion '%s' in KUBERNETES_EXEC_INFO", safe(name));
    return error_hint(err, "set 'apiVersion: %s' in the exec section of the kubeconfig",
                      version_names[EXEC_V1]);
}

static bool read_kind(const json_t *info, struct error *err)
{
    const char *kind = json_text(info, "kind");
    if (!json_has(info, "kind") || text_equal(kind, "ExecCredential"))
        return true;
    return error_set(err, ERROR_EXEC_INFO,
                     "invalid KUBERNETES_EXEC_INFO: the kind is '%s', not 'ExecCredential'", safe(kind));
}

/* NULL for a member that is absent or null; false when it is there and no object. */
static bool read_object(const json_t *parent, const char *name, const json_t **out, struct error *err)
{
    *out = NULL;
    if (parent == NULL || !json_has(parent, name))
        return true;
    *out = json_object_get(parent, name);
    if (json_is_object(*out))
        return true;
    return error_set(err, ERROR_EXEC_INFO, "invalid KUBERNETES_EXEC_INFO: '%s' is not an object", name);
}

static bool read_spec(const json_t *info, struct exec_request *request, struct error *err)
{
    const json_t *spec, *cluster;
    if (!read_object(info, "spec", &spec, err) || !read_object(spec, "cluster", &cluster, err))
        return false;
    if (spec != NULL && json_has(spec, "interactive") &&
        !json_is_boolean(json_object_get(spec, "interactive")))
        return error_set(err, ERROR_EXEC_INFO,
                         "invalid KUBERNETES_EXEC_INFO: 'interactive' is not true or false");
    request->interactive = spec != NULL && json_boolean_is_true(spec, "interactive");
    request->server = cluster != NULL ? memory_copy_text(json_text(cluster, "server")) : NULL;
    return true;
}

bool exec_request_parse(const char *text, struct exec_request *out, struct error *err)
{
    static const struct json_source source = {.what = "invalid KUBERNETES_EXEC_INFO: it",
                                              .code = ERROR_EXEC_INFO};
    cleanup_exec_request struct exec_request request = {.present = true};
    json_auto_t *info = NULL;
    size_t length = text != NULL ? strnlen(text, EXEC_INFO_LIMIT + 1) : 0;
    if (length == 0) {
        *out = (struct exec_request){.version = EXEC_V1BETA1};
        return true;
    }
    if (length > EXEC_INFO_LIMIT)
        return error_set(err, ERROR_EXEC_INFO, "invalid KUBERNETES_EXEC_INFO: longer than 1 MiB");
    if (!json_parse_object(source, text, length, &info, err) || !read_kind(info, err) ||
        !read_version(info, &request.version, err) || !read_spec(info, &request, err))
        return false;
    *out = request;
    request = (struct exec_request){0};
    return true;
}

bool exec_credential_write(enum exec_version version, const char *token, int64_t expires_at,
                           struct buffer *out, struct error *err)
{
    char expiry[CLOCK_RFC3339_SIZE];
    if (!text_is_b64token(token))
        return error_set(err, ERROR_IDTOKEN_FORMAT,
                         "the token is empty or has characters that a bearer token cannot have");
    if (out->limit - out->length < strlen(token) + FRAME_LIMIT)
        return error_set(err, ERROR_TOO_LARGE, "the token is too long for an ExecCredential");
    clock_format_rfc3339(expires_at, expiry);
    buffer_add(out, "{\"kind\":\"ExecCredential\",\"apiVersion\":\"");
    buffer_add(out, version_names[version]);
    buffer_add(out, "\",\"spec\":{\"interactive\":false},\"status\":{\"expirationTimestamp\":\"");
    buffer_add(out, expiry);
    buffer_add(out, "\",\"token\":\"");
    buffer_add(out, token);
    buffer_add(out, "\"}}\n");
    return true;
}
