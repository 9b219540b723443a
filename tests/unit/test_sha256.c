/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 against the vectors of FIPS 180-4 and of NIST's short-message tests. */
#include "ids.h"

#include <string.h>

#include "base/encoding.h"
#include "base/sha256.h"

static void check_digest(const uint8_t digest[static SHA256_SIZE], const char *expected)
{
    char hex[2 * SHA256_SIZE + 1];
    encoding_hex(digest, SHA256_SIZE, hex);
    assert_string_equal(hex, expected);
}

static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *digest;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmno"
         "pqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
        {"\xbd", "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
        {"\xc9\x8c\x8e\x55", "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        uint8_t digest[SHA256_SIZE];
        sha256(cases[i].text, strlen(cases[i].text), digest);
        check_digest(digest, cases[i].digest);
    }
}

static void test_million(void **state)
{
    (void)state;
    char block[1000];
    memset(block, 'a', sizeof(block));
    struct sha256 hash;
    uint8_t digest[SHA256_SIZE];
    sha256_init(&hash);
    for (int i = 0; i < 1000; i++)
        sha256_add(&hash, block, sizeof(block));
    sha256_end(&hash, digest);
    check_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Lengths around the block and the padding, from NIST's list of additional vectors. */
static void test_zero_lengths(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        const char *digest;
    } cases[] = {
        {55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
        {56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"},
        {57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"},
        {64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
        {1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"},
    };
    static const uint8_t zeros[1000];
    for (size_t i = 0; i < array_length(cases); i++) {
        uint8_t digest[SHA256_SIZE];
        sha256(zeros, cases[i].length, digest);
        check_digest(digest, cases[i].digest);
    }
}

static void test_any_split(void **state)
{
    (void)state;
    uint8_t bytes[200];
    uint8_t whole[SHA256_SIZE];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    sha256(bytes, sizeof(bytes), whole);
    for (size_t split = 0; split <= sizeof(bytes); split++) {
        struct sha256 hash;
        uint8_t digest[SHA256_SIZE];
        sha256_init(&hash);
        sha256_add(&hash, bytes, split);
        sha256_add(&hash, bytes + split, sizeof(bytes) - split);
        sha256_end(&hash, digest);
        assert_memory_equal(digest, whole, SHA256_SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_million),
        cmocka_unit_test(test_zero_lengths),
        cmocka_unit_test(test_any_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
