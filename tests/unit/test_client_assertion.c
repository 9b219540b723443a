/* SPDX-License-Identifier: Apache-2.0 */
/* What libjwt signs for us is verified by our own verifier, and what it would sign wrongly is refused. */
#include "ids.h"

#include <string.h>

#include "crypto/client_assertion.h"
#include "crypto/jws.h"
#include "jose_fixture.h"

/* The private keys of RFC 7515 appendix A.2 and A.3, and some made for this test. They protect nothing. */
static const char rsa_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXO\n"
                              "jS1lYmM2K5J9vinh8CR3/BYlzJChNuOL2TSXxbbqY913EeZ8dCn5VrD7io8ImtxL\n"
                              "aYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8bpvfbr3SvaNn\n"
                              "juygxmj3AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5\n"
                              "ROjtZMEQxrZHYJqkeDrrnGya11UxMFBji4NmXG9veoKjlnAqH2QbgtPr8jkiGUkf\n"
                              "toaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62EWQwuz3WTOTY8BwNNb2BvniHg\n"
                              "VFbK5emhAgMBAAECggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyW\n"
                              "PEAeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe46sui395IW/G\n"
                              "O+pWJ1O0BkTGoVEn2bKVRUCgu+GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzj\n"
                              "kn439X0M/V51gfpRLI9JYanrC4D4qAdGcopV/0ZHHzQlBjudU2QvXt4ehNYTCBr6\n"
                              "XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneufuBiB\n"
                              "4cS98l2SR/RQyGWSeWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0K\n"
                              "pLttoLhyt3SmqdEf/kgHePDdtzEafpAu+cS191R2JiuoF2yzWXnwFDcqGigp5BNr\n"
                              "0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqE\n"
                              "lMGAg+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6\n"
                              "kqa0finGG0KgeqlaZPxgCZnFp7AeAcCMtiynVlJ7vMVgePsLq6XtON4tB5kP9jAP\n"
                              "rq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54Xrrz2uNw\n"
                              "kgMTP1FZ1wKBgAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp\n"
                              "5u9SN0Ai3Ya6hNnvWJMb7sXQX6U/zyO2M/hTip7tUeh7CXgwo59dkpN75gJLVds2\n"
                              "9+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV7Jr5MR0AHWKNAoGBAIf/\n"
                              "evpitUf+4JYbLpvNXWcY052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcG\n"
                              "yoAe9fa65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+CCoRjaZj\n"
                              "OYiIDktVWZzmevJuv6WywUqd57LE3Zar3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2\n"
                              "tOgrjbcrfvtQJipd+DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd/QJQ3\n"
                              "ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A56\n"
                              "03k2+ZQwVK0JKSHuLFkuQ3U=\n"
                              "-----END PRIVATE KEY-----\n";

static const char short_rsa_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                                    "MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAMDh4OAznXOhEdzk\n"
                                    "JBd0k/sK4vU8bk1eK4ViElvDZOo9nQwxBqalKRkgwLilbR9ziwfD5kwXJ2VACCQJ\n"
                                    "HOIPgTyBQTzBvXovkOx5rD5XYJTSaduzfLm3em9f4LAJpV6j+gDg5eyW56ApJbCv\n"
                                    "et3w6BpKOMOvA/fy+kFa+h/hRMp7AgMBAAECgYBhkF/tSG52VJzyfLv82U0ZCPKw\n"
                                    "VXb9z4p4F5ltrTJYgf30csAIfzaArV6Oh67g39MNhHvzNSsKPg9gGvPvLSSTEqWQ\n"
                                    "GK00qWrFchpgmh+k5WFFkIugeSB42YDScSEuy1XiO0SojIXOY1uZCw5Uo2nSPbz+\n"
                                    "802kgrX3ql4ZA2XGEQJBAPLfPHBJCa2HIJ2kh/Wl4Do852HmiNxTc36oS5ajE/i7\n"
                                    "U8G8gCjszQVqZeXFFdq9FytcX8lJDjlYvoTx96BeNP8CQQDLTufSFfPQ64R/QPIq\n"
                                    "T5ow7MIEEyHyJHtkuJnve5Dkog1pfdDvqxNR3aN7s9Z/qz0imr5u8D7uol+CyRHF\n"
                                    "Ar6FAkEAt0B7ENn7JGSF1oxzTYUYF7kmeLcCYwPQbCu9xO5NPmrRuqdpJ/fshf6O\n"
                                    "3fyEDeSI2926JF0sD1cHgbY0ulr6rwJAK2cZ+HC1T2moLJ6J1FyQF1fEB6ip+46s\n"
                                    "RRFf0492nEi4QkgY3cGQ6048w4DeDv1YnNWaSAbD+J/zcfFI+N0gHQJAIHSFJnhN\n"
                                    "O/a5qgDT6xjlZsrBGc5cLeZPHADhPPZsVz1uUMKBBSFlHsmXr4dqTeNJ9aotlMDu\n"
                                    "BRkZjtcG5j2SVg==\n"
                                    "-----END PRIVATE KEY-----\n";

static const char ec_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                             "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
                             "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"
                             "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"
                             "-----END PRIVATE KEY-----\n";

static const char p384_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBVVdbEPJGnFxP3YjL0\n"
                               "o3p45M2DRkSH3h53t3de89HQWdgvNbiyA3BFUvoc6u974mOhZANiAARew9EC8xcn\n"
                               "rGnLw0vM9civrYwfdczLKzIIta6rL0uwubv0Chj5nvyEIaDgV/uKdRbQYLy+OEzQ\n"
                               "/6NkIkGioVrURGkUVbUkDlSQUyc0OAmkQ6wG/U1gg1G30arf56bCZy8=\n"
                               "-----END PRIVATE KEY-----\n";

static const char encrypted_pem[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAizaGYkE1IASwICCAAw\n"
                                    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEBxguhiEVMp8T21EBwzp1XEEgZA/\n"
                                    "wIMcOUSgGmREyqn7+YWTwNzOJmWith3x26NHeI613ibbvUl+90FxwmvlL8Wn14bI\n"
                                    "rm47OTF004GxNnJW+FFoPs8v6X87mEfdflxguWvt+hx8XoJoeFRZtoL4ByD6ESUv\n"
                                    "1H6H9THmO3Aq03mkV1YZnnw6kChRzQmNkrgr3CpGajluqLGF349LSaPRCc4fz9c=\n"
                                    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char pss_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIIE8gIBADBBBgkqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZI\n"
                              "hvcNAQEIMA0GCWCGSAFlAwQCAQUAogMCASAEggSoMIIEpAIBAAKCAQEAxwDrVajE\n"
                              "p0whPR2Rfe6DT9lPBzLybWy5upS+roiW/BpjxDzjfRCSxWvX5lzlyWLyPRlng9J/\n"
                              "uW+nEaGU7SmSpiH9w6N4O+Mx8LPHiUu11u5+wSjcHeM4Cn+3CM85/knoMnVu7sHs\n"
                              "hSIXk/bm/r9q2LLd2M0fPcvW7nUG2oQ4LRX3NMuIoLXxkB3RTi81mBPC150stYsC\n"
                              "98n8bKkBnczIcZvlmDzym6Otk5gvs0IfJJrx/jeS1WSBJyaEvYBRv4vFswYTsvok\n"
                              "DXPvlYu5A5lRW4O6yLgSWPQG1ZEAJQKzSayBj5HxHNn/fyniio4/b5eJ9vcHS0ir\n"
                              "SDZWrGGPWUiAJQIDAQABAoIBAEkLDlYfnybk66JaEwgNHseVNMuoqJD/gmB4rlCz\n"
                              "s++O5CWoT7uc9LJf9hwI5xL3LYC9rWAWSGlRERqIm3g9dSVjfphrjPs2ViNKaaf8\n"
                              "UR815PKTQ8/4kZ5Q6GbkYR30FLVIo1IhfeYT8GGQE5NXwSkO5hzolVoCUr6t17kn\n"
                              "JNNvAbBbQR0A4Z35TnZ4hcKxV2JxO9EdidAqVd5FZBS66qm0hs4K+DGF0EWiOCpL\n"
                              "aySY4IACIdmcT05ZOAuBq7CJHOMeaUnAKcaNwrHfkCq8n9TFP7BXHZOHEdGqOJ88\n"
                              "nVBBwUDwpD5L5BJzOJmI5yJDnoS7rkocXiLZIYxCfr0pLtUCgYEA7I8zK4B67Zph\n"
                              "2g/sdoxmpjZJWsxePTKO790Hu+2AALRDxi2ef7GavJ6dKzmjL9Ih6Qah2RKpM32y\n"
                              "gsWIhShScPCfC7JflbWDBa/YHr5IY9xqExCzsleSao9gl4OcLE4+lV4HnZ2O0I0q\n"
                              "AzqkR/a/nQwalnMGOC2h6sel/2DA1p8CgYEA11ucVA5R027CUIjHMpYnB2lqvZy/\n"
                              "uMz3TMqYmFMdvLffQMCveVj4Tz4m0AZDUkuQ1IM3KOwIWraG5L9zKZHyjjF7v1iG\n"
                              "gtIpdBScKEHA0IjedTm/oHV12+g9F1x1EcT7llMAMrWDwPmbCURBWp0dbrew3v6b\n"
                              "evSdrRAJH5IcBrsCgYBIkfGnscWEaK0GIYZwI8hFyzebtEBg08bHzO3XeBehn6t+\n"
                              "+3W5RLnsjVg373mhbPxcKV2zYycnFbOSrJiiCOmpnheclf7+xW1JbFWHsOYyRGcC\n"
                              "LEiEOJtBN3TxZj2d1e8bEXqSnsg2MGgoD3BgZ1EHE7SAXQ8WYuFeThsdigf+jwKB\n"
                              "gQCu3SX8Ynwyb7a76bPE8YLTU9dmCsbp6RPMeJya4rI8sBhI3awdng5RWafuNYeo\n"
                              "ZM8+nyTEx5KpBZhWWNXLpUQMDUXrwpfF1ZvvM2TwkyNasCfhi3h7c6S1YMdqFprA\n"
                              "SO/3yYFZq2VF5ebrCU7/op9pbSHij13z4ne9NE4UInE7TQKBgQCfPbnt9dM+R5Il\n"
                              "Rx0d2ppojLfqas1SZhcF0zjZPKcgohXKiaYVONJ1QGoUCteHEk+cgOQm8JXUL9pT\n"
                              "EBdZ6C0maHbZpktMBgFfjV8+cSTnAix7ndnm8A1SkUsZLeHS7yrUtszoLVJvvTf0\n"
                              "yt25ldSQthrPhntfkkupFkCEcYYckg==\n"
                              "-----END PRIVATE KEY-----\n";

#define PSS_JWK_OWN                                                                                          \
    "{\"kty\":\"RSA\",\"n\":\"xwDrVajEp0whPR2Rfe6DT9lPBzLybWy5upS-roiW_BpjxDzjfRCSxWvX5lzlyWLyP"             \
    "Rlng9J_uW-nEaGU7SmSpiH9w6N4O-Mx8LPHiUu11u5-wSjcHeM4Cn-3CM85_knoMnVu7sHshSIXk_bm_r9q2LLd2M0"             \
    "fPcvW7nUG2oQ4LRX3NMuIoLXxkB3RTi81mBPC150stYsC98n8bKkBnczIcZvlmDzym6Otk5gvs0IfJJrx_jeS1WSBJ"             \
    "yaEvYBRv4vFswYTsvokDXPvlYu5A5lRW4O6yLgSWPQG1ZEAJQKzSayBj5HxHNn_fyniio4_b5eJ9vcHS0irSDZWrGG"             \
    "PWUiAJQ\",\"e\":\"AQAB\"}"
#define P384_JWK                                                                                             \
    "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"XsPRAvMXJ6xpy8NLzPXIr62MH3XMyysyCLWuqy9LsLm79AoY"             \
    "-Z78hCGg4Ff7inUW\",\"y\":\"0GC8vjhM0P-jZCJBoqFa1ERpFFW1JA5UkFMnNDgJpEOsBv1NYINRt9Gq3-emwmc"             \
    "v\"}"

static const struct client_assertion example = {
    .client_id = "kubernetes",
    .audience = "https://auth.example/application/o/kubernetes/",
    .id = "0123456789abcdef0123456789abcdef",
    .key = ec_pem,
    .alg = "ES256",
    .kid = "my-key",
    .now = 1800000000,
};

static void check_text(const json_t *claims, const char *name, const char *expected)
{
    assert_string_equal(json_string_value(json_object_get(claims, name)), expected);
}

/* True when the assertion could be built; it is then verified with the key set. */
static bool build_and_verify(const struct client_assertion *assertion, const char *keys, struct error *err)
{
    cleanup_string char *jwt = NULL;
    cleanup_jwk_set struct jwk_set *set = NULL;
    cleanup_jws_header struct jws_header header = {0};
    json_auto_t *claims = NULL;
    if (!client_assertion_build(assertion, &jwt, err))
        return false;
    assert_true(jwk_set_parse(keys, strlen(keys), &set, err));
    if (!jws_inspect(jwt, NULL, &header, err) || !jws_verify(jwt, NULL, set, &claims, err))
        fail_msg("%s: %s", assertion->alg, err->message);
    assert_string_equal(header.alg, assertion->alg);
    if (assertion->kid != NULL)
        assert_string_equal(header.kid, assertion->kid);
    else
        assert_null(header.kid);
    check_text(claims, "iss", assertion->client_id);
    check_text(claims, "sub", assertion->client_id);
    check_text(claims, "aud", assertion->audience);
    check_text(claims, "jti", assertion->id);
    assert_int_equal(json_integer_value(json_object_get(claims, "iat")), assertion->now);
    assert_int_equal(json_integer_value(json_object_get(claims, "exp")), assertion->now + 300);
    assert_int_equal(json_object_size(claims), 6);
    return true;
}

/* What is signed with which key, and the key set that it must fit. */
struct signing {
    const char *alg, *key, *kid, *keys;
};

static void check_each(const struct signing *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};
        struct client_assertion assertion = example;
        assertion.alg = cases[i].alg;
        assertion.key = cases[i].key;
        assertion.kid = cases[i].kid;
        if (!build_and_verify(&assertion, cases[i].keys, &err))
            fail_msg("case %zu: %s", i, err.message);
    }
}

static void test_build(void **state)
{
    (void)state;
    test_ids("TOK-03");
    static const struct signing cases[] = {
        {"ES256", ec_pem, NULL, KEY_SET(EC_JWK)},    {"RS256", rsa_pem, NULL, KEY_SET(RSA_JWK)},
        {"RS256", rsa_pem, "rsa", KEY_SET(RSA_JWK)}, {"RS384", rsa_pem, NULL, KEY_SET(RSA_JWK)},
        {"RS512", rsa_pem, NULL, KEY_SET(RSA_JWK)},  {"ES384", p384_pem, NULL, KEY_SET(P384_JWK)},
    };
    check_each(cases, sizeof(cases) / sizeof(cases[0]));
}

/* Names that need escapes in JSON come out as they went in. */
static void test_odd_texts(void **state)
{
    (void)state;
    struct error err = {0};
    struct client_assertion assertion = example;
    assertion.client_id = "a\"b\\c\n\xc3\xa9";
    assertion.kid = NULL;
    assert_true(build_and_verify(&assertion, KEY_SET(EC_JWK), &err));
}

/* No libjwt does it right. The key may be one for PSS alone or any other RSA key. */
static void test_pss(void **state)
{
    (void)state;
    static const struct signing cases[] = {
        {"PS256", pss_pem, NULL, KEY_SET(PSS_JWK_OWN)},
        {"PS256", rsa_pem, "rsa", KEY_SET(RSA_JWK)},
        {"PS384", rsa_pem, NULL, KEY_SET(RSA_JWK)},
        {"PS512", rsa_pem, NULL, KEY_SET(RSA_JWK)},
    };
    check_each(cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *alg, *key, *words;
    } cases[] = {
        {"ES256", p384_pem, "cannot sign with 'ES256'"},
        {"ES384", ec_pem, "cannot sign with 'ES384'"},
        {"RS256", ec_pem, "cannot sign with 'RS256'"},
        {"ES256", rsa_pem, "cannot sign with 'ES256'"},
        {"ES256", encrypted_pem, "or it is encrypted"},
        {"PS256", ec_pem, "cannot sign with 'PS256'"},
        {"PS256", encrypted_pem, "or it is encrypted"},
        {"PS256", "not a key", "not a private key in PEM form"},
        {"ES256", "not a key", "not a private key in PEM form"},
        {"ES256", "", "not a private key in PEM form"},
        {"RS256", short_rsa_pem, "has 1024 bits, and signatures need at least 2048"},
        {"PS256", short_rsa_pem, "has 1024 bits"},
        {"HS256", ec_pem, "cannot be signed with 'HS256'"},
        {"none", ec_pem, "cannot be signed with 'none'"},
        {"es256", ec_pem, "cannot be signed with 'es256'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        struct client_assertion assertion = example;
        char *jwt = NULL;
        assertion.alg = cases[i].alg;
        assertion.key = cases[i].key;
        assert_false(client_assertion_build(&assertion, &jwt, &err));
        assert_null(jwt);
        assert_int_equal(err.code, ERROR_CONFIG);
        if (strstr(err.message, cases[i].words) == NULL)
            fail_msg("case %zu: %s", i, err.message);
        assert_null(strstr(err.message, "BEGIN"));
    }
}

static void test_library(void **state)
{
    (void)state;
    struct error err = {0};
    const char *version = NULL;
    assert_true(client_assertion_library(&version, &err));
    assert_true(strncmp(version, "libjwt.so", strlen("libjwt.so")) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build),    cmocka_unit_test(test_odd_texts), cmocka_unit_test(test_pss),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
