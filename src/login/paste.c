/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a callback of what was pasted. */
#include "login/paste.h"

#include <string.h>

#include "base/buffer.h"
#include "base/encoding.h"
#include "oidc/query.h"

#define PASTE_BEGIN "\033[200~"
#define PASTE_END "\033[201~"

static size_t mark_length(const char *text)
{
    if (text_starts_with(text, PASTE_BEGIN) || text_starts_with(text, PASTE_END))
        return strlen(PASTE_BEGIN);
    return 0;
}

/* Neither an address nor a code has spaces: terminals and mail programs break lines. */
static void add_plain(const char *text, size_t length, struct buffer *out)
{
    for (size_t i = 0; i < length;) {
        size_t mark = mark_length(text + i);
        bool shown = (unsigned char)text[i] > 0x20 && text[i] != 0x7f;
        if (mark == 0 && shown && !buffer_append(out, text + i, 1))
            return;
        i += mark > 0 ? mark : 1;
    }
}

/* The text without quotes or angle brackets around it. Borrows from BUFFER, which is cut. */
static const char *strip(struct buffer *buffer)
{
    static const char quotes[] = "\"'`<>";
    while (buffer->length > 0 && strchr(quotes, buffer->data[buffer->length - 1]) != NULL)
        buffer_truncate(buffer, buffer->length - 1);
    const char *text = buffer_text(buffer);
    return text + strspn(text, quotes);
}

static bool begins_query(const char *text)
{
    static const char *const names[] = {"code=", "state=", "error=", "iss=", "scope=", "session_state="};
    for (size_t i = 0; i < array_length(names); i++)
        if (text_starts_with(text, names[i]))
            return true;
    return false;
}

/* Browsers show, and hand out, addresses without "http://". */
static bool holds_query(const char *text)
{
    static const char *const parts[] = {"?code=", "&code=", "?error=", "&error=", "?state="};
    for (size_t i = 0; i < array_length(parts); i++)
        if (strstr(text, parts[i]) != NULL)
            return true;
    return text[0] == '?';
}

static bool is_bare(const char *text)
{
    return strstr(text, "://") == NULL && !begins_query(text) && !holds_query(text);
}

/* NULL for an address without a query. */
static const char *find_query(const char *text)
{
    const char *mark = strchr(text, '?');
    if (strstr(text, "://") != NULL)
        return mark != NULL ? mark + 1 : NULL;
    return mark != NULL && !begins_query(text) ? mark + 1 : text;
}

static bool has_state(const char *text, size_t length)
{
    cleanup_query struct query query = {0};
    return !query_parse(text, length, &query) || query_count(&query, "state") > 0;
}

static void make_target(const char *text, bool bare, const char *state, struct buffer *target)
{
    size_t length = strcspn(text, "#");
    buffer_add(target, "/?");
    if (bare) {
        buffer_add(target, "code=");
        encoding_form(text, target);
    } else {
        buffer_add_format(target, "%.*s", (int)length, text);
    }
    if (bare || !has_state(text, length))
        buffer_add_format(target, "&state=%s", state);
}

enum callback_verdict paste_read(const char *text, size_t length, const struct callback_expectation *expected,
                                 struct callback *out, struct error *err)
{
    cleanup_buffer struct buffer plain = BUFFER_SECRET(CALLBACK_TARGET_LIMIT),
                                 target = BUFFER_SECRET(4 * CALLBACK_TARGET_LIMIT);
    add_plain(text, length, &plain);
    const char *stripped = strip(&plain);
    if (stripped[0] == '\0')
        return CALLBACK_OTHER_PATH;
    bool bare = is_bare(stripped);
    const char *query = bare ? stripped : find_query(stripped);
    if (query == NULL)
        return CALLBACK_MALFORMED;
    struct callback_expectation here = *expected;
    here.path = "/";
    here.iss_required = expected->iss_required && !bare;
    make_target(query, bare, expected->state, &target);
    enum callback_verdict verdict = callback_parse(target.data, target.length, &here, out, err);
    /* An address that holds neither code nor error is the wrong one, not the end of the login. */
    bool holds_answer = bare || strstr(query, "code=") != NULL || strstr(query, "error=") != NULL;
    return verdict == CALLBACK_OTHER_PATH || !holds_answer ? CALLBACK_MALFORMED : verdict;
}

const char *paste_complaint(enum callback_verdict verdict)
{
    if (verdict == CALLBACK_WRONG_STATE)
        return "that address belongs to another login: paste the one that this login ended on";
    if (verdict == CALLBACK_OTHER_PATH)
        return "nothing was pasted";
    return "that is not the address that the login ended on: it has 'code=' in it";
}
