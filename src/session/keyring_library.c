/* SPDX-License-Identifier: Apache-2.0 */
/* Binds libsecret and GLib, a table for each library. */
#include "keyring_library.h"

#include "base/log.h"
#include "session/keyring.h"

struct glib_table glib;
struct gobject_table gobject;
struct gio_table gio;
struct secret_table libsecret;

#define GLIB_SYMBOL(function) LATE_SYMBOL(glib, function)
#define GOBJECT_SYMBOL(function) LATE_SYMBOL(gobject, function)
#define GIO_SYMBOL(function) LATE_SYMBOL(gio, function)
#define SECRET_SYMBOL(function) LATE_SYMBOL(libsecret, function)
static const struct late_symbol glib_symbols[] = {GLIB_FUNCTIONS(GLIB_SYMBOL)};
static const struct late_symbol gobject_symbols[] = {GOBJECT_FUNCTIONS(GOBJECT_SYMBOL)};
static const struct late_symbol gio_symbols[] = {GIO_FUNCTIONS(GIO_SYMBOL)};
static const struct late_symbol secret_symbols[] = {SECRET_FUNCTIONS(SECRET_SYMBOL)};

/* The package of libsecret brings GLib along. */
static const struct late_library libraries[] = {
    {LATE_SECRET, "libsecret-1-0", secret_symbols, array_length(secret_symbols)},
    {LATE_GIO, "libsecret-1-0", gio_symbols, array_length(gio_symbols)},
    {LATE_GOBJECT, "libsecret-1-0", gobject_symbols, array_length(gobject_symbols)},
    {LATE_GLIB, "libsecret-1-0", glib_symbols, array_length(glib_symbols)},
};

/* The texts may quote what came over the bus, and are not ours to show at any level. */
static GLogWriterOutput drop(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
    (void)fields, (void)count, (void)data;
    if (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))
        log_line(1, "GLib complains about what the keyring does");
    return G_LOG_WRITER_HANDLED;
}

bool keyring_library_bind(struct error *err)
{
    static bool bound;
    for (size_t i = 0; i < array_length(libraries); i++)
        if (!late_bind(&libraries[i], err))
            return false;
    if (!bound)
        glib.g_log_set_writer_func(drop, NULL, NULL); /* may be set once only */
    bound = true;
    return true;
}
