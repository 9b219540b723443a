/* SPDX-License-Identifier: Apache-2.0 */
/* Talks to the Secret Service asynchronously in a context of its own: a service that hangs cannot hold us. */
#include "keyring_exchange.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

enum { TICK = 50, LAST_WAIT = 500, MILLISECONDS = 1000 };
#define SERVICE_NAME "org.freedesktop.secrets"

/* Whom a prompt belongs to: libsecret's callbacks know their service alone. */
static struct exchange *current;
/* A call that did not even come back from being cancelled still knows its exchange: it stays. */
static struct exchange *abandoned;

static void end_prompt(struct exchange *exchange)
{
    if (!exchange->prompting)
        return;
    exchange->prompting = false;
    if (exchange->end == EXCHANGE_GOOD)
        exchange->deadline = clock_monotonic() + exchange->left;
    if (exchange->access->prompts != NULL)
        exchange->access->prompts(exchange->access->context, false);
}

static void begin_prompt(struct exchange *exchange)
{
    int64_t now = clock_monotonic();
    exchange->left = exchange->deadline > now ? exchange->deadline - now : 0;
    exchange->deadline = now + KEYRING_PROMPT_SECONDS * (int64_t)MILLISECONDS;
    exchange->prompting = exchange->prompted = true;
    if (exchange->access->prompts != NULL)
        exchange->access->prompts(exchange->access->context, true);
}

static GError *make_locked(void)
{
    return glib.g_error_new_literal(libsecret.secret_error_get_quark(), SECRET_ERROR_IS_LOCKED, "locked");
}

/* A prompt that was dismissed gives nothing, or the path "/" of nothing. */
static bool is_nothing(GVariant *value)
{
    return value == NULL || (glib.g_variant_is_of_type(value, G_VARIANT_TYPE_OBJECT_PATH) &&
                             strcmp(glib.g_variant_get_string(value, NULL), "/") == 0);
}

/* libsecret itself falls over a prompt that gives neither a value nor an error. */
static void prompt_performed(GObject *prompt, GAsyncResult *result, gpointer data)
{
    GTask *task = data;
    GError *error = NULL;
    GVariant *value = libsecret.secret_prompt_perform_finish((SecretPrompt *)prompt, result, &error);
    if (current != NULL)
        end_prompt(current);
    if (error != NULL || is_nothing(value))
        gio.g_task_return_error(task, error != NULL ? error : make_locked());
    else
        gio.g_task_return_pointer(task, steal(value), (GDestroyNotify)glib.g_variant_unref);
    if (value != NULL)
        glib.g_variant_unref(value);
    gobject.g_object_unref(task);
}

/* Every prompt of the library comes through here, whatever asked for it. */
static void prompt_async(SecretService *service, SecretPrompt *prompt, const GVariantType *type,
                         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
    GTask *task = gio.g_task_new(service, cancellable, callback, data);
    if (current != NULL && current->access->may_prompt) {
        begin_prompt(current);
        libsecret.secret_prompt_perform(prompt, NULL, type, cancellable, prompt_performed, task);
        return;
    }
    if (current != NULL)
        current->refused = true;
    gio.g_task_return_error(task, make_locked());
    gobject.g_object_unref(task);
}

static GVariant *prompt_finish(SecretService *service, GAsyncResult *result, GError **error)
{
    (void)service;
    return gio.g_task_propagate_pointer((GTask *)result, error);
}

static void service_class_init(gpointer class, gpointer data)
{
    SecretServiceClass *service = class;
    (void)data;
    service->prompt_async = prompt_async;
    service->prompt_finish = prompt_finish;
}

static GType service_type(void)
{
    static GType type;
    if (type == 0)
        type = gobject.g_type_register_static_simple(libsecret.secret_service_get_type(), "LatchkeyService",
                                                     sizeof(SecretServiceClass), service_class_init,
                                                     sizeof(SecretService), NULL, 0);
    return type;
}

void exchange_finished(GObject *source, GAsyncResult *result, gpointer data)
{
    struct exchange *exchange = data;
    (void)source;
    exchange->result = gobject.g_object_ref(result);
}

static void unref(gpointer object)
{
    if (object != NULL)
        gobject.g_object_unref(object);
}

static void forget_result(struct exchange *exchange)
{
    unref(exchange->result);
    exchange->result = NULL;
}

static gboolean keep_ticking(gpointer data)
{
    (void)data;
    return TRUE;
}

static void judge_time(struct exchange *exchange)
{
    const struct keyring_access *access = exchange->access;
    if (access->must_stop != NULL && access->must_stop(access->context))
        exchange->end = EXCHANGE_STOPPED;
    else if (clock_monotonic() >= exchange->deadline)
        exchange->end = exchange->prompting ? EXCHANGE_LATE_PROMPT : EXCHANGE_LATE;
}

bool exchange_await(struct exchange *exchange)
{
    forget_result(exchange); /* of the call before */
    while (exchange->result == NULL && exchange->end == EXCHANGE_GOOD) {
        glib.g_main_context_iteration(exchange->main, TRUE);
        if (exchange->result == NULL)
            judge_time(exchange);
    }
    if (exchange->end == EXCHANGE_GOOD)
        return true;
    gio.g_cancellable_cancel(exchange->cancellable);
    int64_t until = clock_monotonic() + LAST_WAIT;
    while (exchange->result == NULL && clock_monotonic() < until)
        glib.g_main_context_iteration(exchange->main, TRUE);
    end_prompt(exchange);
    return false;
}

/* The address of the socket PATH, with every byte escaped that an address may not hold. */
static char *name_bus(const char *path, struct error *err)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/.";
    cleanup_buffer struct buffer address = BUFFER(4 * PATH_MAX);
    buffer_add(&address, "unix:path=");
    for (const char *c = path; *c != '\0'; c++)
        buffer_add_format(&address, strchr(plain, *c) != NULL ? "%c" : "%%%02x", (unsigned char)*c);
    if (setenv("DBUS_SESSION_BUS_ADDRESS", buffer_text(&address), 1) == 0)
        return buffer_steal(&address);
    error_set(err, ERROR_MEMORY, "cannot name the D-Bus session: %s", strerror(errno));
    return NULL;
}

/* Never "autolaunch:", which would start a bus that nobody ends. What is found goes into the environment,
 * where GLib looks for it. Owned by the caller. */
static char *find_address(const struct keyring_access *access, struct error *err)
{
    struct stat status;
    if (!text_is_empty(access->bus) && strstr(access->bus, "autolaunch:") == NULL)
        return memory_copy_text(access->bus);
    cleanup_string char *path =
        text_is_empty(access->bus) && access->runtime_directory != NULL && access->runtime_directory[0] == '/'
            ? memory_format("%s/bus", access->runtime_directory)
            : NULL;
    if (path != NULL && strlen(path) < PATH_MAX && stat(path, &status) == 0 && S_ISSOCK(status.st_mode) &&
        status.st_uid == geteuid())
        return name_bus(path, err);
    error_set(err, ERROR_KEYRING, "there is no D-Bus session, and so no keyring");
    error_hint(err, "DBUS_SESSION_BUS_ADDRESS names none, and XDG_RUNTIME_DIR has no socket 'bus': log in on "
                    "a desktop, or start a D-Bus session with a keyring such as gnome-keyring");
    return NULL;
}

static bool connect_bus(struct exchange *exchange, const char *address, struct error *err)
{
    GError *error = NULL;
    /* libsecret takes the connection that the process shares, whose end would otherwise be ours */
    gio.g_bus_get(G_BUS_TYPE_SESSION, exchange->cancellable, exchange_finished, exchange);
    if (exchange_await(exchange))
        exchange->connection = gio.g_bus_get_finish(exchange->result, &error);
    if (exchange->connection != NULL) {
        gio.g_dbus_connection_set_exit_on_close(exchange->connection, FALSE);
        return true;
    }
    return exchange_fail_bus(exchange, error, address, err);
}

static bool open_service(struct exchange *exchange, struct error *err)
{
    GError *error = NULL;
    libsecret.secret_service_open(service_type(), SERVICE_NAME, SECRET_SERVICE_OPEN_SESSION,
                                  exchange->cancellable, exchange_finished, exchange);
    if (exchange_await(exchange))
        exchange->service = libsecret.secret_service_open_finish(exchange->result, &error);
    return exchange->service != NULL || exchange_fail(exchange, error, err);
}

struct exchange *exchange_open(const struct keyring_access *access, struct error *err)
{
    cleanup_string char *address = find_address(access, err);
    if (address == NULL || !keyring_library_bind(err))
        return NULL;
    struct exchange *exchange = memory_allocate(sizeof(*exchange));
    exchange->access = access;
    exchange->deadline = clock_monotonic() + KEYRING_SECONDS * (int64_t)MILLISECONDS;
    exchange->cancellable = gio.g_cancellable_new();
    exchange->main = glib.g_main_context_new();
    glib.g_main_context_push_thread_default(exchange->main);
    exchange->tick = glib.g_timeout_source_new(TICK);
    glib.g_source_set_callback(exchange->tick, keep_ticking, NULL, NULL);
    glib.g_source_attach(exchange->tick, exchange->main);
    current = exchange;
    if (connect_bus(exchange, address, err) && open_service(exchange, err))
        return exchange;
    exchange_close(exchange);
    return NULL;
}

void exchange_close(struct exchange *exchange)
{
    if (exchange == NULL)
        return;
    current = NULL;
    glib.g_main_context_pop_thread_default(exchange->main);
    if (exchange->end != EXCHANGE_GOOD && exchange->result == NULL) {
        abandoned = exchange;
        return;
    }
    forget_result(exchange);
    unref(exchange->service);
    unref(exchange->connection);
    glib.g_source_destroy(exchange->tick);
    glib.g_source_unref(exchange->tick);
    gobject.g_object_unref(exchange->cancellable);
    while (glib.g_main_context_iteration(exchange->main, FALSE))
        continue;
    glib.g_main_context_unref(exchange->main);
    free(exchange);
}

void exchange_cleanup(struct exchange **exchange)
{
    exchange_close(*exchange);
    *exchange = NULL;
}
