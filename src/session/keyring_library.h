/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of libsecret and of the GLib that comes with it, bound on first use. */
#ifndef SESSION_KEYRING_LIBRARY_H
#define SESSION_KEYRING_LIBRARY_H

#include <libsecret/secret.h>

#include "base/error.h"
#include "base/late.h"

/* Macros of these names would be expanded behind a table as well. */
#undef g_object_ref
#undef g_str_equal

/* clang-format off */
#define GLIB_FUNCTIONS(X)                                                                  \
    X(g_main_context_new) X(g_main_context_unref) X(g_main_context_iteration)              \
    X(g_main_context_push_thread_default) X(g_main_context_pop_thread_default)             \
    X(g_timeout_source_new) X(g_source_set_callback) X(g_source_attach)                    \
    X(g_source_destroy) X(g_source_unref) X(g_hash_table_new) X(g_hash_table_insert)       \
    X(g_hash_table_unref) X(g_str_hash) X(g_str_equal) X(g_list_append) X(g_list_free)     \
    X(g_error_free) X(g_error_new_literal) X(g_variant_unref) X(g_variant_is_of_type)      \
    X(g_variant_get_string) X(g_log_set_writer_func)
#define GOBJECT_FUNCTIONS(X)                                                               \
    X(g_object_ref) X(g_object_unref) X(g_type_register_static_simple)
#define GIO_FUNCTIONS(X)                                                                   \
    X(g_cancellable_new) X(g_cancellable_cancel) X(g_io_error_quark) X(g_dbus_error_quark) \
    X(g_dbus_error_strip_remote_error) X(g_bus_get) X(g_bus_get_finish)                    \
    X(g_dbus_connection_set_exit_on_close) X(g_task_new) X(g_task_return_error)            \
    X(g_task_return_pointer) X(g_task_propagate_pointer)
#define SECRET_FUNCTIONS(X)                                                                \
    X(secret_service_get_type) X(secret_error_get_quark)                                   \
    X(secret_service_open) X(secret_service_open_finish)                                   \
    X(secret_service_search) X(secret_service_search_finish)                               \
    X(secret_service_unlock) X(secret_service_unlock_finish)                               \
    X(secret_prompt_perform) X(secret_prompt_perform_finish)                               \
    X(secret_collection_for_alias) X(secret_collection_for_alias_finish)                   \
    X(secret_collection_create) X(secret_collection_create_finish)                         \
    X(secret_collection_get_locked) X(secret_item_get_locked)                              \
    X(secret_item_create) X(secret_item_create_finish)                                     \
    X(secret_item_load_secret) X(secret_item_load_secret_finish) X(secret_item_get_secret) \
    X(secret_item_delete) X(secret_item_delete_finish)                                     \
    X(secret_value_new) X(secret_value_get) X(secret_value_get_content_type)               \
    X(secret_value_unref)
/* clang-format on */

extern struct glib_table {
    GLIB_FUNCTIONS(LATE_MEMBER)
} glib;
extern struct gobject_table {
    GOBJECT_FUNCTIONS(LATE_MEMBER)
} gobject;
extern struct gio_table {
    GIO_FUNCTIONS(LATE_MEMBER)
} gio;
extern struct secret_table {
    SECRET_FUNCTIONS(LATE_MEMBER)
} libsecret;

/* Binds all four tables, and makes GLib silent: what it would print has no place in kubectl's terminal. */
bool keyring_library_bind(struct error *err) must_check;

#endif
