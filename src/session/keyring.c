/* SPDX-License-Identifier: Apache-2.0 */
/* Reads, saves and removes items of the Secret Service. */
#include "session/keyring.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "keyring_exchange.h"

#define APPLICATION "latchkey"
static const SecretSchema schema = {.name = "latchkey.refresh-token",
                                    .flags = SECRET_SCHEMA_NONE,
                                    .attributes = {{"application", SECRET_SCHEMA_ATTRIBUTE_STRING},
                                                   {"directory", SECRET_SCHEMA_ATTRIBUTE_STRING},
                                                   {"session", SECRET_SCHEMA_ATTRIBUTE_STRING}}};

/* The table borrows its texts. */
struct attributes {
    GHashTable *table;
    char application[sizeof(APPLICATION)];
    char *directory, *session;
};

static void put(struct attributes *attributes, const char *name, char *value)
{
    glib.g_hash_table_insert(attributes->table, (gpointer)(uintptr_t)name, value);
}

static void make_attributes(const struct keyring_item *item, struct attributes *out)
{
    *out = (struct attributes){.application = APPLICATION,
                               .directory = keyring_directory_name(item->directory),
                               .session = memory_copy_text(item->session)};
    out->table = glib.g_hash_table_new(glib.g_str_hash, glib.g_str_equal);
    put(out, "application", out->application);
    put(out, "directory", out->directory);
    if (out->session != NULL)
        put(out, "session", out->session);
}

static void attributes_release(struct attributes *attributes)
{
    if (attributes->table != NULL)
        glib.g_hash_table_unref(attributes->table);
    memory_cleanup_string(&attributes->directory);
    memory_cleanup_string(&attributes->session);
}
#define cleanup_attributes __attribute__((cleanup(attributes_release)))

static void list_release(GList **list)
{
    for (const GList *each = *list; each != NULL; each = each->next)
        gobject.g_object_unref(each->data);
    glib.g_list_free(*list);
    *list = NULL;
}

/* The items, which the caller releases; ALL or the first. */
static bool search(struct exchange *exchange, const struct keyring_item *item, bool all, GList **items,
                   struct error *err)
{
    cleanup_attributes struct attributes attributes = {0};
    GError *error = NULL;
    make_attributes(item, &attributes);
    libsecret.secret_service_search(exchange->service, &schema, attributes.table,
                                    all ? SECRET_SEARCH_ALL : SECRET_SEARCH_NONE, exchange->cancellable,
                                    exchange_finished, exchange);
    if (exchange_await(exchange))
        *items = libsecret.secret_service_search_finish(exchange->service, exchange->result, &error);
    return (error == NULL && exchange->end == EXCHANGE_GOOD) || exchange_fail(exchange, error, err);
}

static void take_value(SecretItem *item, struct keyring_value *out)
{
    SecretValue *value = libsecret.secret_item_get_secret(item);
    gsize length = 0;
    const char *text = value != NULL ? libsecret.secret_value_get(value, &length) : NULL;
    const char *type = value != NULL ? libsecret.secret_value_get_content_type(value) : NULL;
    if (text == NULL)
        out->why = "has no value";
    else if (type == NULL || !text_starts_with(type, "text/"))
        out->why = "is no text";
    else
        out->why = keyring_value_fault(text, length);
    out->found = out->why == NULL;
    out->secret = out->found ? memory_copy_bytes(text, length) : NULL;
    if (value != NULL)
        libsecret.secret_value_unref(value);
}

static bool read_item(struct exchange *exchange, SecretItem *item, struct keyring_value *out,
                      struct error *err)
{
    GError *error = NULL;
    bool loaded = false;
    if (libsecret.secret_item_get_locked(item) && !exchange_unlock(exchange, item, err))
        return false;
    libsecret.secret_item_load_secret(item, exchange->cancellable, exchange_finished, exchange);
    if (exchange_await(exchange))
        loaded = libsecret.secret_item_load_secret_finish(item, exchange->result, &error);
    if (!loaded)
        return exchange_fail(exchange, error, err);
    take_value(item, out);
    return true;
}

bool keyring_read(const struct keyring_access *access, const struct keyring_item *item,
                  struct keyring_value *out, struct error *err)
{
    cleanup_exchange struct exchange *exchange = exchange_open(access, err);
    GList *items = NULL;
    *out = (struct keyring_value){0};
    if (exchange == NULL)
        return false;
    bool good = search(exchange, item, false, &items, err) &&
                (items == NULL || read_item(exchange, items->data, out, err));
    list_release(&items);
    return good;
}

/* The collection that new items belong in, made where there is none yet, which asks for a new password. */
static SecretCollection *find_collection(struct exchange *exchange, struct error *err)
{
    GError *error = NULL;
    SecretCollection *collection = NULL;
    libsecret.secret_collection_for_alias(exchange->service, SECRET_COLLECTION_DEFAULT,
                                          SECRET_COLLECTION_NONE, exchange->cancellable, exchange_finished,
                                          exchange);
    if (exchange_await(exchange))
        collection = libsecret.secret_collection_for_alias_finish(exchange->result, &error);
    if (collection != NULL)
        return collection;
    if (error != NULL || exchange->end != EXCHANGE_GOOD) {
        exchange_fail(exchange, error, err);
        return NULL;
    }
    libsecret.secret_collection_create(exchange->service, "Default keyring", SECRET_COLLECTION_DEFAULT,
                                       SECRET_COLLECTION_CREATE_NONE, exchange->cancellable,
                                       exchange_finished, exchange);
    if (exchange_await(exchange))
        collection = libsecret.secret_collection_create_finish(exchange->result, &error);
    if (collection == NULL)
        exchange_fail_new(exchange, error, err);
    return collection;
}

static bool create_item(struct exchange *exchange, SecretCollection *collection,
                        const struct keyring_item *item, const char *secret, struct error *err)
{
    cleanup_attributes struct attributes attributes = {0};
    GError *error = NULL;
    SecretItem *created = NULL;
    if (libsecret.secret_collection_get_locked(collection) && !exchange_unlock(exchange, collection, err))
        return false;
    make_attributes(item, &attributes);
    SecretValue *value = libsecret.secret_value_new(secret, (gssize)strlen(secret), "text/plain");
    libsecret.secret_item_create(collection, &schema, attributes.table, item->label, value,
                                 SECRET_ITEM_CREATE_REPLACE, exchange->cancellable, exchange_finished,
                                 exchange);
    libsecret.secret_value_unref(value);
    if (exchange_await(exchange))
        created = libsecret.secret_item_create_finish(exchange->result, &error);
    if (created == NULL)
        return exchange_fail(exchange, error, err);
    gobject.g_object_unref(created);
    return true;
}

bool keyring_save(const struct keyring_access *access, const struct keyring_item *item, const char *secret,
                  struct error *err)
{
    const char *fault = keyring_value_fault(secret, strlen(secret));
    if (fault != NULL)
        return error_set(err, ERROR_KEYRING, "the refresh token %s", fault);
    cleanup_exchange struct exchange *exchange = exchange_open(access, err);
    if (exchange == NULL)
        return false;
    SecretCollection *collection = find_collection(exchange, err);
    if (collection == NULL)
        return false;
    bool good = create_item(exchange, collection, item, secret, err);
    gobject.g_object_unref(collection);
    return good;
}

static bool delete_item(struct exchange *exchange, SecretItem *item, struct error *err)
{
    GError *error = NULL;
    bool deleted = false;
    if (libsecret.secret_item_get_locked(item) && !exchange_unlock(exchange, item, err))
        return false;
    libsecret.secret_item_delete(item, exchange->cancellable, exchange_finished, exchange);
    if (exchange_await(exchange))
        deleted = libsecret.secret_item_delete_finish(item, exchange->result, &error);
    return deleted || exchange_fail(exchange, error, err);
}

bool keyring_remove(const struct keyring_access *access, const struct keyring_item *item, unsigned *removed,
                    struct error *err)
{
    cleanup_exchange struct exchange *exchange = exchange_open(access, err);
    GList *items = NULL;
    *removed = 0;
    if (exchange == NULL)
        return false;
    bool good = search(exchange, item, true, &items, err);
    for (const GList *each = items; good && each != NULL; each = each->next) {
        good = delete_item(exchange, each->data, err);
        *removed += good;
    }
    list_release(&items);
    return good;
}

bool keyring_is_built(struct error *err)
{
    (void)err;
    return true;
}

bool keyring_library_version(const char **version, struct error *err)
{
    static char text[64];
    if (!keyring_library_bind(err))
        return false;
    snprintf(text, sizeof(text), "%d.%d.%d", SECRET_MAJOR_VERSION, SECRET_MINOR_VERSION,
             SECRET_MICRO_VERSION);
    *version = text;
    return true;
}
