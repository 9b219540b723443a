/* SPDX-License-Identifier: Apache-2.0 */
/* The token alone, an HTTP header, or JSON with what a script may want to know about it. */
#include "command/token_output.h"

#include "base/clock.h"
#include "base/json.h"
#include "command/login_options.h"
#include "crypto/jws.h"

bool token_output_choose(const char *name, const struct exec_request *request, enum token_output *output,
                         struct error *err)
{
    static const char *const names[] = {"exec-credential", "token", "header", "json"};
    for (size_t i = 0; i < array_length(names); i++) {
        if (!text_equal(name, names[i]))
            continue;
        *output = (enum token_output)i;
        if (*output == TOKEN_OUTPUT_EXEC_CREDENTIAL || !request->present)
            return true;
        error_set(err, ERROR_CONFIG, "kubectl asks for an ExecCredential, --output=%s gives none", names[i]);
        return error_hint(err, "leave --output out of the kubeconfig and unset LATCHKEY_OUTPUT");
    }
    return login_options_refuse("get-token", "output", "exec-credential|token|header|json", name, err);
}

json_t *token_output_groups(const json_t *claims)
{
    cleanup_text_list struct text_list groups = {0};
    json_auto_t *array = json_array();
    const char *one = json_text(claims, "groups");
    if (one != NULL)
        text_list_add(&groups, one);
    else if (!json_text_list(claims, "groups", &groups))
        return steal(array);
    for (size_t i = 0; array != NULL && i < groups.count; i++)
        if (json_array_append_new(array, json_string(groups.items[i])) != 0)
            return NULL;
    return steal(array);
}

static bool write_json(const struct session *session, const char *issuer, struct buffer *out,
                       struct error *err)
{
    char expiry[CLOCK_RFC3339_SIZE];
    struct error ignored = {0};
    json_auto_t *claims = NULL;
    clock_format_rfc3339(session->expires_at, expiry);
    json_seed();
    if (!jws_read_claims(session->token, &claims, &ignored))
        claims = json_object();
    const char *subject = json_text(claims, "sub");
    json_auto_t *answer = json_pack("{s:s, s:s, s:s, s:s?, s:o}", "token", session->token, "expiry", expiry,
                                    "issuer", issuer, "subject", subject != NULL ? subject : session->subject,
                                    "groups", token_output_groups(claims));
    if (answer == NULL)
        return error_set(err, ERROR_MEMORY, "cannot write the token as JSON");
    cleanup_secret char *text = json_to_text(answer);
    buffer_add(out, text);
    buffer_add(out, "\n");
    return true;
}

bool token_output_write(enum token_output output, const struct session *session, const char *issuer,
                        struct buffer *out, struct error *err)
{
    if (!text_is_b64token(session->token))
        return error_set(err, ERROR_IDTOKEN_FORMAT,
                         "the token is empty or has characters that a bearer token cannot have");
    if (output == TOKEN_OUTPUT_JSON)
        return write_json(session, issuer, out, err);
    if (output == TOKEN_OUTPUT_HEADER)
        buffer_add(out, "Authorization: Bearer ");
    buffer_add(out, session->token);
    buffer_add(out, "\n");
    return true;
}
