/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) for cache keys, PKCE and file names, so that the cached path needs no OpenSSL. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32 };
struct sha256 {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
};
void sha256_init(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t length);
void sha256_end(struct sha256 *hash, uint8_t digest[static SHA256_SIZE]);
void sha256(const void *bytes, size_t length, uint8_t digest[static SHA256_SIZE]);

#endif
