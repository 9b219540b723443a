/* SPDX-License-Identifier: Apache-2.0 */
/* One signature against one key. */
#ifndef CRYPTO_SIGNATURE_H
#define CRYPTO_SIGNATURE_H

#include "algorithm.h"
#include "base/error.h"
#include "public_key.h"

/* The more telling ones first. */
enum signature_verdict {
    SIGNATURE_VALID,
    SIGNATURE_WRONG,
    SIGNATURE_OUT_OF_RANGE, /* ECDSA: r or s is not in 1..n-1 */
    SIGNATURE_WRONG_SIZE,   /* judged by length alone */
    SIGNATURE_KEY_INVALID   /* OpenSSL refuses the key */
};
/* What was signed and the signature as it stands in the token, decoded. Borrowed. */
struct signed_text {
    const char *input;
    size_t input_length;
    const struct buffer *signature;
};
/* The verdict on SIGNED under KEY, which fits ALGORITHM. An error is a library that cannot be bound or has no
 * memory. */
bool signature_judge(const struct algorithm *algorithm, const struct jwk *key,
                     const struct signed_text *signed_text, enum signature_verdict *verdict,
                     struct error *err) must_check;

/* Verifies what was signed with our own key: *VALID. Refuses a PEM text that is no private key, or an
 * encrypted one, which a library would ask a passphrase for, or an RSA key below 2048 bits (code config). */
bool signature_judge_own(const struct algorithm *algorithm, const char *pem,
                         const struct signed_text *signed_text, bool *valid, struct error *err) must_check;
/* Signs INPUT with our own key, for the algorithms with PSS; SIGNATURE stays empty when the key cannot.
 * Refuses a PEM text as above. */
bool signature_make_pss(const struct algorithm *algorithm, const char *pem, const struct buffer *input,
                        struct buffer *signature, struct error *err) must_check;
/* Refuses a PEM text as above. */
bool signature_check_private_key(const char *pem, struct error *err) must_check;

#endif
