/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what an Authentik tells everybody about its brand. */
#include "login/device_page.h"

#include <string.h>

#include "advice/authentik.h"
#include "base/json.h"
#include "base/log.h"

#define BRAND_PATH "/api/v3/core/brands/current/"
enum { BRAND_LIMIT = 1 << 20 /* it may hold a style sheet */ };

/* The brand depends on the host: it must be the issuer's own. */
static char *brand_url(const char *issuer)
{
    const char *path = strstr(issuer, "/application/o/");
    return path != NULL ? memory_format("%.*s" BRAND_PATH, (int)(path - issuer), issuer) : NULL;
}

/* A brand that is whole and names no such flow; the key is left out where there is none. */
static bool lacks_flow(const struct http_response *response)
{
    static const struct json_source source = {.what = "the brand", .code = ERROR_TOKEN_JSON};
    struct error ignored = {0};
    json_auto_t *brand = NULL;
    return response->status == 200 &&
           json_parse_object(source, buffer_text(&response->body), response->body.length, &brand, &ignored) &&
           json_has(brand, "matched_domain") && json_has(brand, "flow_authentication") &&
           text_is_empty(json_text(brand, "flow_device_code"));
}

bool device_page_check(struct login_context *context, struct error *err)
{
    const char *issuer = context->config->issuer;
    cleanup_http_response struct http_response response = {0};
    cleanup_string char *url = provider_kind(issuer) == PROVIDER_AUTHENTIK ? brand_url(issuer) : NULL;
    struct http_request request = {.what = "the brand", .url = url, .limit = BRAND_LIMIT};
    struct error failure = {0};
    if (url == NULL)
        return true;
    if (!http_perform(context->http, &request, &response, &failure)) {
        if (!response.sent || failure.code == ERROR_INTERRUPTED) {
            *err = failure;
            return false;
        }
        log_line(1, "whether there is a page for device codes is not known: %s", failure.message);
        return true;
    }
    if (!lacks_flow(&response))
        return true;
    error_set(err, ERROR_UNSUPPORTED,
              "the provider gives device codes but has no page where they can be entered");
    authentik_hint_device_page(err);
    return error_hint(
        err, "until then use --grant-type=authcode, or authcode-keyboard where no browser is at hand");
}
