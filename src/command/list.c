/* SPDX-License-Identifier: Apache-2.0 */
/* `list`: every session in the token cache. */
#include "base/clock.h"
#include "base/json.h"
#include "command/command.h"
#include "command/session_output.h"
#include "login/notice.h"
#include "session/session_list.h"

enum { COLUMNS = 6, GAP = 3 };

static void add_row(const struct session_entry *entry, struct text_list *cells)
{
    const struct session *session = &entry->session;
    const char *account = session_key_text(&entry->key, "user");
    cleanup_string char *left = session_output_left(session, clock_wall());
    const char *row[COLUMNS] = {session->username != NULL ? session->username : session->subject,
                                account != NULL ? account : "-",
                                left,
                                session->in_keyring    ? "keyring"
                                : session->can_refresh ? "yes"
                                                       : "no",
                                session_key_text(&entry->key, "client_id"),
                                session_key_text(&entry->key, "issuer")};
    for (size_t i = 0; i < COLUMNS; i++)
        text_list_add(cells, row[i] != NULL ? safe(row[i]) : "-");
}

/* Letters, not bytes: names have accents. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static bool write_table(const struct text_list *cells, struct buffer *out, struct error *err)
{
    size_t widths[COLUMNS] = {0};
    for (size_t i = 0; i < cells->count; i++) {
        size_t width = width_of(cells->items[i]);
        widths[i % COLUMNS] = width > widths[i % COLUMNS] ? width : widths[i % COLUMNS];
    }
    for (size_t i = 0; i < cells->count; i++) {
        bool last = i % COLUMNS == COLUMNS - 1;
        size_t space = last ? 0 : widths[i % COLUMNS] - width_of(cells->items[i]) + GAP;
        if (!buffer_append_format(out, "%s%*s%s", cells->items[i], (int)space, "", last ? "\n" : ""))
            return session_output_refuse(out, err);
    }
    return true;
}

static bool write_text(const struct command_input *input, const struct session_list *list, struct buffer *out,
                       struct error *err)
{
    static const char *const titles[COLUMNS] = {"USER", "ACCOUNT", "LEFT", "REFRESH", "CLIENT", "ISSUER"};
    cleanup_text_list struct text_list cells = {0};
    for (size_t i = 0; i < COLUMNS; i++)
        text_list_add(&cells, titles[i]);
    for (size_t i = 0; i < list->count; i++)
        if (session_output_matches(input, &list->items[i].key))
            add_row(&list->items[i], &cells);
    if (cells.count > COLUMNS)
        return write_table(&cells, out, err);
    session_output_say_none(input);
    return true;
}

static bool write_json(const struct command_input *input, const struct session_list *list, struct buffer *out,
                       struct error *err)
{
    json_seed();
    json_auto_t *sessions = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const struct session_entry *entry = &list->items[i];
        json_t *one = session_output_json(&entry->key, &entry->session, clock_wall());
        json_object_set(one, "scopes", json_object_get(entry->key.tuple, "scopes"));
        if (!session_output_matches(input, &entry->key))
            json_decref(one);
        else if (json_array_append_new(sessions, one) != 0)
            return error_set(err, ERROR_MEMORY, "cannot write the sessions as JSON");
    }
    return session_output_write(json_pack("{s:O}", "sessions", sessions), out, err);
}

static bool has_any(const struct command_input *input, const struct session_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (session_output_matches(input, &list->items[i].key))
            return true;
    return false;
}

/* Every directory is read. One that cannot be is a warning, unless nothing else has a session: then nobody
 * knows whether there are any. */
static bool read_directories(const struct command_input *input, struct session_list *list, struct error *err)
{
    cleanup_text_list struct text_list directories = {0};
    struct error unusable = {0};
    if (!session_output_directories(input, &directories, err))
        return false;
    for (size_t i = 0; i < directories.count; i++) {
        struct error problem = {0};
        if (!session_list_add(directories.items[i], list, &problem))
            session_output_postpone(&problem, &unusable);
    }
    for (size_t i = 0; i < list->notes.count; i++)
        command_show_notice(NOTICE_WARNING, list->notes.items[i]);
    if (unusable.code == ERROR_NONE)
        return true;
    if (has_any(input, list)) {
        session_output_warn(&unusable);
        return true;
    }
    *err = unusable;
    return false;
}

bool command_list(const struct command_input *input, struct buffer *out, struct error *err)
{
    cleanup_session_list struct session_list list = {0};
    bool json = false;
    if (!session_output_choose(input, &json, err) || !read_directories(input, &list, err))
        return false;
    return json ? write_json(input, &list, out, err) : write_text(input, &list, out, err);
}
