/* SPDX-License-Identifier: Apache-2.0 */
/* In place of the keyring where libsecret was not there when this program was built. */
#include "session/keyring.h"

bool keyring_is_built(struct error *err)
{
    error_set(err, ERROR_UNSUPPORTED, "this latchkey was built without the keyring");
    return error_hint(err, "build it where the package libsecret-1-dev is installed");
}

bool keyring_read(const struct keyring_access *access, const struct keyring_item *item,
                  struct keyring_value *out, struct error *err)
{
    (void)access, (void)item;
    *out = (struct keyring_value){0};
    return keyring_is_built(err);
}

bool keyring_save(const struct keyring_access *access, const struct keyring_item *item, const char *secret,
                  struct error *err)
{
    (void)access, (void)item, (void)secret;
    return keyring_is_built(err);
}

bool keyring_remove(const struct keyring_access *access, const struct keyring_item *item, unsigned *removed,
                    struct error *err)
{
    (void)access, (void)item;
    *removed = 0;
    return keyring_is_built(err);
}

bool keyring_library_version(const char **version, struct error *err)
{
    (void)version;
    return keyring_is_built(err);
}
