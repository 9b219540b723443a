/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of libcrypto functions, bound on first use. */
#ifndef CRYPTO_OPENSSL_H
#define CRYPTO_OPENSSL_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/error.h"
#include "base/late.h"

/* clang-format off */
#define OPENSSL_FUNCTIONS(X)                                                                         \
    X(BIO_free) X(BIO_new_mem_buf) X(BN_bin2bn) X(BN_free) X(ERR_clear_error) X(EVP_DigestVerify)    \
    X(EVP_DigestVerifyInit_ex) X(EVP_DigestSign) X(EVP_DigestSignInit_ex) X(EVP_MD_CTX_free)         \
    X(EVP_MD_CTX_new) X(EVP_PKEY_CTX_free)                                                           \
    X(EVP_PKEY_CTX_new_from_name) X(EVP_PKEY_CTX_new_from_pkey) X(EVP_PKEY_CTX_set_rsa_mgf1_md_name) \
    X(EVP_PKEY_CTX_set_rsa_padding) X(EVP_PKEY_CTX_set_rsa_pss_saltlen) X(EVP_PKEY_free)             \
    X(EVP_PKEY_get_bits) X(EVP_PKEY_is_a)                                                            \
    X(EVP_PKEY_fromdata) X(EVP_PKEY_fromdata_init) X(EVP_PKEY_new_raw_public_key_ex)                 \
    X(EVP_PKEY_public_check) X(EVP_Q_digest) X(OSSL_PARAM_BLD_free) X(OSSL_PARAM_BLD_new)            \
    X(OSSL_PARAM_BLD_push_BN) X(OSSL_PARAM_BLD_push_octet_string) X(OSSL_PARAM_BLD_push_utf8_string) \
    X(OSSL_PARAM_BLD_to_param) X(OSSL_LIB_CTX_get0_global_default) X(OSSL_PARAM_free)                \
    X(OpenSSL_version) X(PEM_read_bio_PrivateKey)
/* clang-format on */

struct openssl_table {
    OPENSSL_FUNCTIONS(LATE_MEMBER)
};
extern struct openssl_table openssl;
/* Fills the table; everything above may be called afterwards. */
bool openssl_bind(struct error *err) must_check;

#endif
