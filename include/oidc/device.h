/* SPDX-License-Identifier: Apache-2.0 */
/* What the device authorization endpoint answers (RFC 8628 section 3.2). */
#ifndef OIDC_DEVICE_H
#define OIDC_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oidc/token_response.h"

#define DEVICE_CODE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

struct device_authorization {
    char *device_code; /* secret */
    char *user_code, *verification_uri;
    char *verification_uri_complete; /* NULL when the provider gives none */
    int64_t expires_in;              /* seconds, 1..1800 */
    int64_t interval;                /* seconds between two polls, 1..60 */
};
void device_authorization_release(struct device_authorization *device);
#define cleanup_device_authorization __attribute__((cleanup(device_authorization_release)))

/* Parses the answer to a device authorization request (DEV-01): both URIs must be https, or plain http on
 * loopback where the issuer is (DEV-02, code endpoint_url); Google's verification_url is taken as well.
 * Anything but a good answer is explained as token_response_parse does. FAILED is always written. */
bool device_authorization_parse(const char *issuer, const struct token_http *http,
                                struct device_authorization *out, struct token_error *failed,
                                struct error *err) must_check;

#endif
