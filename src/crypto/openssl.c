/* SPDX-License-Identifier: Apache-2.0 */
/* Binds libcrypto. */
#include "openssl.h"

struct openssl_table openssl;

#define OPENSSL_SYMBOL(function) LATE_SYMBOL(openssl, function)
static const struct late_symbol symbols[] = {OPENSSL_FUNCTIONS(OPENSSL_SYMBOL)};
static const struct late_library library = {LATE_CRYPTO, "libssl3", symbols, array_length(symbols)};

bool openssl_bind(struct error *err)
{
    return late_bind(&library, err);
}
