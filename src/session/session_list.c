/* SPDX-License-Identifier: Apache-2.0 */
/* Reads every session of a directory, and says what it skips. */
#include "session/session_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "record_directory.h"
#include "session/session_file.h"

void session_list_release(struct session_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        session_key_release(&list->items[i].key);
        session_release(&list->items[i].session);
    }
    free(list->items);
    text_list_release(&list->notes);
    *list = (struct session_list){0};
}

static void note_skipped(struct session_list *list, const char *name, const char *why)
{
    cleanup_string char *note = memory_format("'%s' is skipped: it %s", safe(name), why);
    text_list_add(&list->notes, note);
}

static void add_entry(struct session_list *list, struct session_entry *entry)
{
    struct session *session = &entry->session;
    memory_free_secret(session->refresh_token);
    session->refresh_token = NULL;
    list->items = memory_resize(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = *entry;
}

/* Also of a session that is torn, renamed, or of another version of this program. */
static bool holds_refresh_token(const struct buffer *text)
{
    static const char member[] = "\"refresh_token";
    return memmem(buffer_text(text), text->length, member, strlen(member)) != NULL;
}

static void add_file(int directory, const char *name, const char *stem, struct session_list *list)
{
    cleanup_buffer struct buffer text = BUFFER_SECRET(SESSION_FILE_LIMIT);
    struct error problem = {0};
    struct file_state state = {0};
    struct session_entry entry = {0};
    if (!file_read_private(directory, name, &text, &state, &problem)) {
        list->skipped++;
        text_list_add(&list->notes, problem.message);
        return;
    }
    if (!state.found) {
        list->skipped += state.why != NULL;
        if (state.why != NULL)
            note_skipped(list, name, state.why);
        return;
    }
    struct session_file_text file = {.text = buffer_text(&text), .length = text.length, .name = stem};
    if (session_file_parse_any(&file, &entry.key, &entry.session, &state.why) == SESSION_FILE_GOOD) {
        add_entry(list, &entry);
        return;
    }
    list->skipped += holds_refresh_token(&text);
    note_skipped(list, name, state.why);
}

static void note_foreign(unsigned foreign, const char *path, struct session_list *list)
{
    if (foreign == 0)
        return;
    cleanup_string char *note =
        memory_format("%u file%s in '%s' %s not ours and skipped", foreign, foreign == 1 ? "" : "s",
                      safe(path), foreign == 1 ? "is" : "are");
    text_list_add(&list->notes, note);
}

bool session_list_add(const char *path, struct session_list *list, struct error *err)
{
    cleanup_fd int directory = -1;
    cleanup_text_list struct text_list names = {0};
    bool found = false;
    unsigned foreign = 0;
    if (!file_open_directory(path, false, &directory, &found, err))
        return false;
    if (found && !record_list_directory(directory, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        cleanup_string char *stem = NULL;
        const char *name = names.items[i];
        enum record_kind kind = record_kind_of(name, &stem);
        if (kind == RECORD_SESSION)
            add_file(directory, name, stem, list);
        foreign += kind == RECORD_FOREIGN && !text_starts_with(name, ".tok.");
    }
    note_foreign(foreign, path, list);
    return true;
}
