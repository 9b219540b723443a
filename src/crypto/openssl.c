/* SPDX-License-Identifier: Apache-2.0 */
/* Binds libcrypto. */
#include "openssl.h"

struct openssl_table openssl;

#define OPENSSL_SYMBOL(function) LATE_SYMBOL(openssl, function)
static const struct late_symbol symbols[] = {OPENSSL_FUNCTIONS(OPENSSL_SYMBOL)};
static const struct late_library library = {LATE_CRYPTO, "libssl3", symbols, array_length(symbols)};

bool openssl_bind(struct error *err)
{
    if (!late_bind(&library, err))
        return false;
    /* OpenSSL 3.0 crashes later when it had no memory for this */
    if (openssl.OSSL_LIB_CTX_get0_global_default() == NULL)
        return error_set(err, ERROR_MEMORY, "cannot initialise libcrypto: out of memory");
    return true;
}
