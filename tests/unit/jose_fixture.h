/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and tokens for tests: the published examples of the RFCs, and tokens signed with the same keys. */
#ifndef TESTS_JOSE_FIXTURE_H
#define TESTS_JOSE_FIXTURE_H

#define KEY_SET(keys) "{\"keys\":[" keys "]}"

/* RFC 7515 appendix A.2 and A.3, RFC 8037 appendix A.2, RFC 7520 section 3.4. */
#define RSA_JWK \
    "{\"kty\":\"RSA\",\"kid\":\"rsa\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l" \
    "8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2" \
    "jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsm" \
    "tdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk" \
    "2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}"
#define EC_JWK \
    "{\"kty\":\"EC\",\"kid\":\"ec\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tu" \
    "s9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define ED_JWK \
    "{\"kty\":\"OKP\",\"kid\":\"ed\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapi" \
    "MlrwIaaPcHURo\"}"
#define PSS_JWK \
    "{\"kty\":\"RSA\",\"kid\":\"bilbo.baggins@hobbiton.example\",\"use\":\"sig\",\"n\":\"n4EPtA" \
    "OCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMa" \
    "JMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVf" \
    "Hd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKw" \
    "uCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw\",\"e\":\"AQAB\"}"
/* Another key on P-256. */
#define OTHER_JWK \
    "{\"kty\":\"EC\",\"kid\":\"other\",\"crv\":\"P-256\",\"x\":\"EMf-Ovwf-QnuEh4rmRoVQO1sq6fkgD" \
    "f0y-erxPtvC-0\",\"y\":\"prqSZqn2MRIJcVQ_l2Y3F4mYsr_jG1Zfh76qd2egGI8\"}"

/* RFC 7515 appendix A.2 and A.3, RFC 8037 appendix A.4, RFC 7520 section 4.2. */
#define RSA_TOKEN \
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9" \
    "pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Q" \
    "c_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARN" \
    "PvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6I" \
    "eYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define EC_TOKEN \
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9" \
    "pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP" \
    "P3-Kg6NU1Q"
#define ED_TOKEN \
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AI" \
    "bQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
#define PSS_TOKEN \
    "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3V" \
    "zIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHl" \
    "vdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9" \
    "mZiB0by4.cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP" \
    "6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqr" \
    "YRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64" \
    "QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw"

/* Signed by EC_JWK at TOKEN_TIME: an ID token, an access token of type at+jwt; and one by HS256. */
enum { TOKEN_TIME = 1800000000 };
#define TOKEN_ISSUER "https://auth.example/application/o/kubernetes/"
#define ID_TOKEN \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZS9hcHBs" \
    "aWNhdGlvbi9vL2t1YmVybmV0ZXMvIiwic3ViIjoiNWYxYzBiIiwiYXVkIjoia3ViZXJuZXRlcyIsImV4cCI6MTgwMDAwMDMw" \
    "MCwiaWF0IjoxODAwMDAwMDAwLCJub25jZSI6Im5vbmNlLW9mLXRoaXMtbG9naW4iLCJlbWFpbCI6ImphbmVAZXhhbXBsZS5j" \
    "b20iLCJuYW1lIjoiSmFuZSJ9.XpFYBlMHwIV_woQONMyYqH-HglQd-h_Q1y45gyvzDH7wUXLbCT1nU3yxOHlwt1jtRm6Vm4J" \
    "lX0SCKvRjlNVsqA"
#define ACCESS_TOKEN \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZS9h" \
    "cHBsaWNhdGlvbi9vL2t1YmVybmV0ZXMvIiwic3ViIjoiNWYxYzBiIiwiYXVkIjoiaHR0cHM6Ly9hcGkuZXhhbXBsZSIsImV4" \
    "cCI6MTgwMDAwMDMwMCwiaWF0IjoxODAwMDAwMDAwLCJub25jZSI6Im5vbmNlLW9mLXRoaXMtbG9naW4iLCJlbWFpbCI6Imph" \
    "bmVAZXhhbXBsZS5jb20iLCJuYW1lIjoiSmFuZSJ9.rKcVpOKIr2GC9t5fH1HGwVTNwcsW8xiYmJvsp2jfGq3Z05F7B1WnO0g" \
    "EyD5F5P3avw1gdXKJ1i3B8990eXx3AA"
#define HS256_TOKEN \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZS9hcHBsaWNhdGlvbi9vL2t" \
    "1YmVybmV0ZXMvIiwic3ViIjoiNWYxYzBiIiwiYXVkIjoia3ViZXJuZXRlcyIsImV4cCI6MTgwMDAwMDMwMCwiaWF0IjoxODA" \
    "wMDAwMDAwLCJub25jZSI6Im5vbmNlLW9mLXRoaXMtbG9naW4iLCJlbWFpbCI6ImphbmVAZXhhbXBsZS5jb20iLCJuYW1lIjo" \
    "iSmFuZSJ9._J6xnAdD-W4QY87s0z63YGj9f3By9hVoY1EWbuYjTCI"

#endif
