/* SPDX-License-Identifier: Apache-2.0 */
/* Late binding: all symbols or none, errors that name the package, notes that packagers' tools read. */
#include "ids.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/json.h"
#include "base/late.h"

static void *slots[2];

static void clear_slots(void)
{
    slots[0] = NULL;
    slots[1] = NULL;
}

#ifdef LATE_BINDING

static const struct late_symbol good_symbols[] = {
    {"OpenSSL_version_num", &slots[0], NULL},
    {"OPENSSL_version_major", &slots[1], NULL},
};

static void test_bind(void **state)
{
    (void)state;
    const struct late_library library = {LATE_CRYPTO, "libssl3", good_symbols, array_length(good_symbols)};
    struct error err = {0};
    clear_slots();
    assert_true(late_bind(&library, &err));
    unsigned (*major)(void) = NULL;
    memcpy(&major, &slots[1], sizeof(major));
    assert_true(major() >= 3);
    void *bound = slots[0];
    assert_true(late_bind(&library, &err));
    assert_ptr_equal(slots[0], bound);
}

static void test_missing_library(void **state)
{
    (void)state;
    const struct late_library library = {"libabsent.so.9", "libabsent9", good_symbols,
                                         array_length(good_symbols)};
    struct error err = {0};
    clear_slots();
    for (int i = 0; i < 2; i++) {
        assert_false(late_bind(&library, &err));
        assert_int_equal(err.code, ERROR_LIBRARY);
        assert_memory_equal(err.message, "cannot load library 'libabsent.so.9': ", 38);
        assert_string_equal(err.hint, "install the package 'libabsent9'");
        assert_null(slots[1]);
    }
}

static void test_missing_symbol(void **state)
{
    (void)state;
    static const struct late_symbol symbols[] = {
        {"OpenSSL_version_num", &slots[0], NULL},
        {"no_such_function", &slots[1], NULL},
    };
    const struct late_library library = {LATE_CRYPTO, "libssl3", symbols, array_length(symbols)};
    struct error err = {0};
    clear_slots();
    for (int i = 0; i < 2; i++) {
        assert_false(late_bind(&library, &err));
        assert_int_equal(err.code, ERROR_LIBRARY);
        assert_string_equal(err.message, "library '" LATE_CRYPTO "' has no function 'no_such_function'");
        assert_string_equal(err.hint, "install a newer version of the package 'libssl3'");
        assert_null(slots[1]);
    }
}

struct note {
    uint32_t owner_size, text_size, type;
    char owner[4];
};

/* The section of our own program with that name; *SIZE is its length. */
static const char *find_section(const struct buffer *file, const char *name, size_t *size)
{
    const ElfW(Ehdr) *header = (const void *)file->data;
    const ElfW(Shdr) *sections = (const void *)(file->data + header->e_shoff);
    const char *names = file->data + sections[header->e_shstrndx].sh_offset;
    for (size_t i = 0; i < header->e_shnum; i++) {
        if (strcmp(names + sections[i].sh_name, name) != 0)
            continue;
        assert_int_equal(sections[i].sh_type, SHT_NOTE);
        assert_true((sections[i].sh_flags & SHF_ALLOC) != 0);
        *size = sections[i].sh_size;
        return file->data + sections[i].sh_offset;
    }
    return NULL;
}

static void check_note(const char *text, size_t size, struct text_list *sonames)
{
    json_auto_t *array = json_loadb(text, size, 0, NULL);
    assert_int_equal(json_array_size(array), 1);
    const json_t *item = json_array_get(array, 0);
    assert_false(text_is_empty(json_text(item, "feature")));
    assert_false(text_is_empty(json_text(item, "description")));
    const char *priority = json_text(item, "priority");
    assert_true(text_equal(priority, "required") || text_equal(priority, "recommended") ||
                text_equal(priority, "suggested"));
    assert_true(json_text_list(item, "soname", sonames));
}

#ifdef LATE_QRENCODE
#define NOTE_OF_QRENCODE " " LATE_QRENCODE
#else
#define NOTE_OF_QRENCODE ""
#endif
#ifdef LATE_SECRET
#define NOTE_OF_SECRET " " LATE_SECRET
#else
#define NOTE_OF_SECRET ""
#endif

static void test_notes(void **state)
{
    (void)state;
    cleanup_buffer struct buffer file = BUFFER(256 << 20);
    struct error err = {0};
    assert_true(file_read("/proc/self/exe", &file, &err));
    size_t size = 0;
    const char *at = find_section(&file, ".note.dlopen", &size);
    assert_non_null(at);
    cleanup_text_list struct text_list sonames = {0};
    while (size >= sizeof(struct note)) {
        struct note note;
        memcpy(&note, at, sizeof(note));
        assert_int_equal(note.type, 0x407c0c0a);
        assert_int_equal(note.owner_size, 4);
        assert_string_equal(note.owner, "FDO");
        const char *text = at + sizeof(note);
        assert_int_equal(text[note.text_size - 1], '\0');
        check_note(text, note.text_size - 1, &sonames);
        size_t whole = sizeof(note) + (note.text_size + 3) / 4 * 4;
        assert_true(whole <= size);
        at += whole;
        size -= whole;
    }
    assert_int_equal(size, 0);
    text_list_sort(&sonames);
    cleanup_string char *all = text_list_join(&sonames, " ");
    assert_string_equal(all, LATE_CRYPTO " " LATE_CURL " " LATE_JWT
                                         " " LATE_MICROHTTPD NOTE_OF_QRENCODE NOTE_OF_SECRET);
}

#else

static void test_bind(void **state)
{
    (void)state;
    char first[] = "first";
    char second[] = "second";
    const struct late_symbol symbols[] = {{"a", &slots[0], first}, {"b", &slots[1], second}};
    const struct late_library library = {"ignored", "ignored", symbols, array_length(symbols)};
    struct error err = {0};
    clear_slots();
    assert_true(late_bind(&library, &err));
    assert_string_equal(slots[0], "first");
    assert_string_equal(slots[1], "second");
}

#endif

/* The pattern of the header, with the table, the types and the macro that owners of libraries use. */
#define OWN_FUNCTIONS(X) X(json_object_size) X(json_array_size)
static struct {
    OWN_FUNCTIONS(LATE_MEMBER)
} own;
#define OWN_SYMBOL(function) LATE_SYMBOL(own, function)
static const struct late_symbol own_symbols[] = {OWN_FUNCTIONS(OWN_SYMBOL)};

static void test_pattern(void **state)
{
    (void)state;
    const struct late_library library = {"libjansson.so.4", "libjansson4", own_symbols,
                                         array_length(own_symbols)};
    const struct late_library empty = {"none", "none", NULL, 0};
    struct error err = {0};
    assert_true(late_bind(&empty, &err));
    assert_true(late_bind(&library, &err));
    json_auto_t *array = json_array();
    json_array_append_new(array, json_true());
    assert_int_equal(own.json_array_size(array), 1);
    assert_int_equal(own.json_object_size(array), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bind),
#ifdef LATE_BINDING
        cmocka_unit_test(test_missing_library),
        cmocka_unit_test(test_missing_symbol),
        cmocka_unit_test(test_notes),
#endif
        cmocka_unit_test(test_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
