/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and maps of text, comparison, numbers, distance. */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more item. The capacity is the count rounded up to a power of two: it needs no member. */
static void *grow(void *items, size_t count, size_t size)
{
    if (count > 0 && (count & (count - 1)) != 0)
        return items;
    return memory_resize(items, (count > 0 ? count * 2 : 1) * size);
}

static void list_add_owned(struct text_list *list, char *text)
{
    list->items = grow(list->items, list->count, sizeof(*list->items));
    list->items[list->count++] = text;
}

void text_list_add(struct text_list *list, const char *text)
{
    list_add_owned(list, memory_copy_text(text));
}

void text_list_add_bytes(struct text_list *list, const char *bytes, size_t length)
{
    list_add_owned(list, memory_copy_bytes(bytes, length));
}

bool text_list_contains(const struct text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (text_equal(list->items[i], text))
            return true;
    }
    return false;
}

void text_list_add_once(struct text_list *list, const char *text)
{
    if (!text_list_contains(list, text))
        text_list_add(list, text);
}

static int compare_items(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void text_list_sort(struct text_list *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), compare_items);
}

char *text_list_join(const struct text_list *list, const char *separator)
{
    size_t gap = strlen(separator);
    size_t length = 0;
    for (size_t i = 0; i < list->count; i++)
        length += strlen(list->items[i]) + (i > 0 ? gap : 0);
    char *text = memory_allocate(length + 1);
    char *end = text;
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            end = mempcpy(end, separator, gap);
        end = mempcpy(end, list->items[i], strlen(list->items[i]));
    }
    return text;
}

void text_list_release(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    list->items = NULL;
    list->count = 0;
}

static struct text_pair *map_find(const struct text_map *map, const char *name)
{
    for (size_t i = 0; i < map->count; i++) {
        if (text_equal(map->items[i].name, name))
            return &map->items[i];
    }
    return NULL;
}

void text_map_set(struct text_map *map, const char *name, const char *value)
{
    char *copy = memory_copy_text(value);
    struct text_pair *pair = map_find(map, name);
    if (pair != NULL) {
        memory_free_secret(pair->value);
        pair->value = copy;
        return;
    }
    map->items = grow(map->items, map->count, sizeof(*map->items));
    map->items[map->count++] = (struct text_pair){.name = memory_copy_text(name), .value = copy};
}

void text_map_copy(const struct text_map *from, struct text_map *to)
{
    for (size_t i = 0; from != NULL && i < from->count; i++)
        text_map_set(to, from->items[i].name, from->items[i].value);
}

const char *text_map_get(const struct text_map *map, const char *name)
{
    const struct text_pair *pair = map_find(map, name);
    return pair != NULL ? pair->value : NULL;
}

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct text_pair *)a)->name, ((const struct text_pair *)b)->name);
}

void text_map_sort(struct text_map *map)
{
    if (map->count > 1)
        qsort(map->items, map->count, sizeof(*map->items), compare_pairs);
}

void text_map_release(struct text_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        free(map->items[i].name);
        memory_free_secret(map->items[i].value);
    }
    free(map->items);
    map->items = NULL;
    map->count = 0;
}

bool text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

bool text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t wanted = strlen(suffix);
    return length >= wanted && memcmp(text + length - wanted, suffix, wanted) == 0;
}

bool text_is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

const char *text_or_null(const char *text)
{
    return text_is_empty(text) ? NULL : text;
}

const char *text_variable(char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (char *const *entry = environment; entry != NULL && *entry != NULL; entry++)
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            return text_or_null(*entry + length + 1);
    return NULL;
}

bool text_has_control(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

bool text_is_b64token(const char *text)
{
    if (text_is_empty(text))
        return false;
    for (; *text != '\0'; text++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= '0' && *text <= '9');
        if (!plain && strchr("-._~+/=", *text) == NULL)
            return false;
    }
    return true;
}

bool text_to_number(const char *text, int64_t minimum, int64_t maximum, int64_t *number)
{
    bool negative = text[0] == '-';
    const char *digits = negative ? text + 1 : text;
    if (digits[0] == '\0')
        return false;
    int64_t value = 0;
    for (; *digits != '\0'; digits++) {
        if (*digits < '0' || *digits > '9')
            return false;
        int digit = *digits - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    if (value < minimum || value > maximum)
        return false;
    *number = value;
    return true;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned two = a < b ? a : b;
    return two < c ? two : c;
}

unsigned text_distance_limit(const char *text)
{
    enum { MOST = 4 };
    size_t half = strlen(text) / 2 + 1;
    return half < MOST ? (unsigned)half : MOST;
}

unsigned text_distance(const char *a, const char *b)
{
    enum { MOST = 255 };
    size_t width = strlen(b);
    if (strlen(a) > MOST || width > MOST)
        return MOST;
    unsigned row[MOST + 1];
    for (unsigned i = 0; i <= width; i++)
        row[i] = i;
    for (unsigned line = 1; a[line - 1] != '\0'; line++) {
        unsigned diagonal = row[0];
        row[0] = line;
        for (size_t i = 1; i <= width; i++) {
            unsigned replaced = diagonal + (a[line - 1] != b[i - 1]);
            diagonal = row[i];
            row[i] = least(row[i] + 1, row[i - 1] + 1, replaced);
        }
    }
    return row[width];
}
