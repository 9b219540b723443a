/* SPDX-License-Identifier: Apache-2.0 */
/* The table of grants. */
#include "login/grant.h"

#include "login/authorization_code.h"
#include "login/client_credentials.h"
#include "login/device_code.h"
#include "login/keyboard.h"
#include "login/password.h"

const struct grant grant_table[] = {
    {"authcode", false, authorization_code_run},
    {"authcode-keyboard", false, keyboard_run},
    {"password", false, password_run},
    {"device-code", false, device_code_run},
    {"client-credentials", true, client_credentials_run},
};
const size_t grant_count = array_length(grant_table);

static const struct grant *by_name(const char *name)
{
    for (size_t i = 0; i < grant_count; i++)
        if (text_equal(grant_table[i].name, name))
            return &grant_table[i];
    return NULL;
}

const struct grant *grant_find(const char *name, bool has_username, bool has_source)
{
    if (!text_equal(name, "auto"))
        return by_name(name);
    if (has_source)
        return by_name("client-credentials");
    return by_name(has_username ? "password" : "authcode");
}
