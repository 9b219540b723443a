/* SPDX-License-Identifier: Apache-2.0 */
/* getrandom(2): the kernel's generator needs no library, no state and no seeding of ours. */
#include "crypto/random.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "base/encoding.h"
#include "base/memory.h"

enum { TOKEN_BYTES = 32 };
_Static_assert(RANDOM_TOKEN_SIZE >= BASE64URL_SIZE(TOKEN_BYTES), "a token has room for its characters");

bool random_fill(void *bytes, size_t length, struct error *err)
{
    uint8_t *next = bytes;
    while (length > 0) {
        ssize_t got = getrandom(next, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_set(err, ERROR_INTERNAL, "the system gives no random bytes: %s", strerror(errno));
        next += got;
        length -= (size_t)got;
    }
    return true;
}

bool random_token(char token[static RANDOM_TOKEN_SIZE], struct error *err)
{
    uint8_t bytes[TOKEN_BYTES];
    if (!random_fill(bytes, sizeof(bytes), err))
        return false;
    encoding_base64url(bytes, sizeof(bytes), token);
    memory_wipe(bytes, sizeof(bytes));
    return true;
}
