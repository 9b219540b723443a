/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the kernel. */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Fills BYTES from getrandom(2). Fails only where the kernel has no randomness. */
bool random_fill(void *bytes, size_t length, struct error *err) must_check;

/* 32 random bytes in base64url: state, nonce, PKCE verifier, one-time paths (security AZ-03..05). */
enum { RANDOM_TOKEN_SIZE = 44 };
bool random_token(char token[static RANDOM_TOKEN_SIZE], struct error *err) must_check;

#endif
