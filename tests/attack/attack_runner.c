/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a file of attack vectors, one JSON object per line, and names each surprise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/jws_bytes.h"
#include "ids.h"
#include "oidc/id_token.h"

enum { MOST_BYTES = 16 * 1024 * 1024 };

struct run {
    size_t passed, failed;
    struct text_list rules, broken; /* rules that were touched, and those of which a vector failed */
};

/* A vector's text, which may stand as base64 and may be made longer: TOKEN by letters, a key set by spaces.
 */
static bool read_text(const json_t *vector, const char *name, char filler, struct buffer *out)
{
    char encoded[32], padding[32];
    snprintf(encoded, sizeof(encoded), "%s_base64", name);
    snprintf(padding, sizeof(padding), "%s", strcmp(name, "jwks") == 0 ? "jwks_padding" : "padding");
    const char *plain = json_text(vector, name);
    const char *base64 = json_text(vector, encoded);
    if (plain != NULL ? !buffer_append_text(out, plain)
                      : base64 == NULL || !encoding_base64_decode(base64, strlen(base64), out))
        return false;
    double count = 0;
    if (!json_number(vector, padding, &count))
        count = 0;
    for (size_t i = 0; i < (size_t)count; i++) {
        if (!buffer_append(out, &filler, 1))
            return false;
    }
    return true;
}

static int64_t read_seconds(const json_t *options, const char *name)
{
    double seconds = 0;
    return json_number(options, name, &seconds) ? (int64_t)seconds : 0;
}

static struct id_token_expectation read_options(const json_t *options, struct text_list *algorithms,
                                                struct text_list *trusted)
{
    if (!json_text_list(options, "algorithms", algorithms) ||
        !json_text_list(options, "trusted_audiences", trusted))
        abort();
    return (struct id_token_expectation){
        .issuer = json_text(options, "issuer"),
        .client_id = json_text(options, "client_id"),
        .nonce = json_text(options, "nonce"),
        .nonce_optional = json_boolean_is_true(options, "nonce_optional"),
        .access_token = json_text(options, "access_token"),
        .code = json_text(options, "code"),
        .algorithms = algorithms,
        .trusted_audiences = trusted,
        .now = read_seconds(options, "now"),
        .fresh_login = json_boolean_is_true(options, "fresh_login"),
        .audience_unchecked = json_boolean_is_true(options, "audience_unchecked"),
        .previous_subject = json_text(options, "previous_subject"),
        .previous_issued_at = read_seconds(options, "previous_issued_at"),
        .previous_auth_time = read_seconds(options, "previous_auth_time"),
    };
}

static bool judge_claims(const json_t *vector, const char *token, const struct jwk_set *set,
                         struct error *err)
{
    cleanup_text_list struct text_list algorithms = {0}, trusted = {0};
    const json_t *options = json_object_get(vector, "options");
    struct id_token_expectation expected = read_options(options, &algorithms, &trusted);
    cleanup_id_token struct id_token out = {0};
    return id_token_verify(token, set, &expected, &out, err);
}

/* Wycheproof signs texts that are no claims. */
static bool judge_bytes(const char *token, const struct jwk_set *set, struct error *err)
{
    cleanup_buffer struct buffer payload = {0};
    return jws_verify_bytes(token, NULL, set, &payload, err);
}

static bool judge(const json_t *vector, struct error *err)
{
    cleanup_buffer struct buffer token = BUFFER(MOST_BYTES), keys = BUFFER(MOST_BYTES);
    cleanup_jwk_set struct jwk_set *set = NULL;
    if (!read_text(vector, "token", 'A', &token) || !read_text(vector, "jwks", ' ', &keys))
        return error_set(err, ERROR_INTERNAL, "the vector is not complete");
    if (!jwk_set_parse(buffer_text(&keys), keys.length, &set, err))
        return false;
    if (text_equal(json_text(vector, "level"), "bytes"))
        return judge_bytes(buffer_text(&token), set, err);
    return judge_claims(vector, buffer_text(&token), set, err);
}

/* What is printed at a terminal must be harmless whatever the token says. */
static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\n') || *text == 0x7f)
            return false;
    }
    return true;
}

static bool is_expected(const char *expected, bool accepted, const struct error *err)
{
    if (accepted || text_equal(expected, "ok"))
        return accepted && text_equal(expected, "ok");
    if (err->code == ERROR_INTERNAL || err->message[0] == '\0' || !is_printable(err->message) ||
        !is_printable(err->hint))
        return false;
    return text_equal(expected, "reject") || text_equal(expected, error_code_name(err->code));
}

static void run_vector(const json_t *vector, struct run *run)
{
    struct error err = {0};
    bool accepted = judge(vector, &err);
    const char *expected = json_text(vector, "expect");
    bool good = is_expected(expected, accepted, &err);
    if (good)
        run->passed++;
    else
        run->failed++;
    if (!good)
        printf("%s (%s): expected %s, got %s: %s\n", json_text(vector, "id"), safe(json_text(vector, "name")),
               expected, accepted ? "ok" : error_code_name(err.code), accepted ? "" : err.message);
    const json_t *rules = json_object_get(vector, "rules");
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const char *rule = json_string_value(json_array_get(rules, i));
        text_list_add_once(&run->rules, rule);
        if (!good)
            text_list_add_once(&run->broken, rule);
    }
}

static bool run_line(const char *line, size_t length, struct run *run)
{
    struct error err = {0};
    json_auto_t *vector = NULL;
    struct json_source source = {.what = "the vector", .code = ERROR_INTERNAL};
    if (!json_parse_object(source, line, length, &vector, &err)) {
        printf("%s\n", err.message);
        return false;
    }
    run_vector(vector, run);
    return true;
}

static bool run_file(const char *path, struct run *run)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        perror(path);
        return false;
    }
    char *line = NULL;
    size_t size = 0;
    ssize_t length = 0;
    bool good = true;
    while (good && (length = getline(&line, &size, file)) > 0)
        good = run_line(line, (size_t)length, run);
    free(line);
    fclose(file);
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: attack_runner NAME FILE\n");
        return EXIT_FAILURE;
    }
    struct run run = {0};
    bool good = run_file(argv[2], &run) && run.failed == 0;
    for (size_t i = 0; i < run.rules.count; i++) {
        if (good || !text_list_contains(&run.broken, run.rules.items[i]))
            test_ids_record(run.rules.items[i], "attack", argv[1]);
    }
    printf("%s: %zu passed, %zu failed\n", argv[1], run.passed, run.failed);
    text_list_release(&run.rules);
    text_list_release(&run.broken);
    return good && run.passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
