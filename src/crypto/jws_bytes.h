/* SPDX-License-Identifier: Apache-2.0 */
/* jws_verify for a payload that is any bytes: what the published test vectors sign. */
#ifndef CRYPTO_JWS_BYTES_H
#define CRYPTO_JWS_BYTES_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "crypto/jwk.h"

/* As jws_verify, but PAYLOAD takes the bytes as they were signed. */
bool jws_verify_bytes(const char *token, const struct text_list *allowed, const struct jwk_set *set,
                      struct buffer *payload, struct error *err) must_check;

#endif
