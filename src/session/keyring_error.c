/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong with the keyring, in words, and the lock before its door. */
#include "keyring_exchange.h"

#include "base/text.h"

static bool is_one_of(const GError *error, GQuark domain, const int *codes, size_t count)
{
    for (size_t i = 0; error != NULL && error->domain == domain && i < count; i++)
        if (error->code == codes[i])
            return true;
    return false;
}

static bool service_is_missing(const GError *error)
{
    static const int codes[] = {G_DBUS_ERROR_SERVICE_UNKNOWN, G_DBUS_ERROR_NAME_HAS_NO_OWNER,
                                G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND};
    return is_one_of(error, gio.g_dbus_error_quark(), codes, array_length(codes));
}

static bool service_has_gone(const GError *error)
{
    static const int bus[] = {G_DBUS_ERROR_NO_REPLY, G_DBUS_ERROR_DISCONNECTED};
    static const int io[] = {G_IO_ERROR_CLOSED, G_IO_ERROR_BROKEN_PIPE, G_IO_ERROR_CONNECTION_CLOSED};
    return is_one_of(error, gio.g_dbus_error_quark(), bus, array_length(bus)) ||
           is_one_of(error, gio.g_io_error_quark(), io, array_length(io));
}

static bool is_locked(const GError *error)
{
    static const int codes[] = {SECRET_ERROR_IS_LOCKED};
    return is_one_of(error, libsecret.secret_error_get_quark(), codes, array_length(codes));
}

static bool fail_locked(const struct exchange *exchange, struct error *err)
{
    if (exchange->refused)
        error_set(err, ERROR_KEYRING, "the keyring is locked, and no window may ask for its password");
    else if (exchange->prompted)
        error_set(err, ERROR_KEYRING, "the keyring is locked, and nobody gave its password");
    else
        error_set(err, ERROR_KEYRING, "the keyring is locked");
    return error_hint(err, "unlock the keyring: by logging in on the desktop, or in its own program, such as "
                           "Passwords and Keys (seahorse)");
}

static bool fail_late(const struct exchange *exchange, struct error *err)
{
    if (exchange->end == EXCHANGE_LATE_PROMPT) {
        error_set(err, ERROR_KEYRING, "the keyring is locked, and nobody gave its password within %d s",
                  KEYRING_PROMPT_SECONDS);
        return error_hint(err, "unlock the keyring, then run the command again");
    }
    error_set(err, ERROR_KEYRING, "the keyring did not answer within %d s", KEYRING_SECONDS);
    return error_hint(err, "look whether its service hangs: 'busctl --user status org.freedesktop.secrets'");
}

static bool fail_by(const struct exchange *exchange, GError *error, struct error *err)
{
    if (exchange->refused || is_locked(error))
        return fail_locked(exchange, err);
    if (error == NULL) {
        error_set(err, ERROR_KEYRING, "the keyring gave an answer that makes no sense");
        return error_hint(err, "look whether the program behind org.freedesktop.secrets is a keyring");
    }
    if (service_is_missing(error)) {
        error_set(err, ERROR_KEYRING, "no keyring runs in the D-Bus session (org.freedesktop.secrets)");
        return error_hint(err, "install one, such as the package gnome-keyring, and log in to the desktop "
                               "again");
    }
    if (service_has_gone(error)) {
        error_set(err, ERROR_KEYRING, "the keyring went away in the middle of the conversation");
        return error_hint(err, "run the command again; the journal of the session may say why it ended");
    }
    gio.g_dbus_error_strip_remote_error(error);
    error_set(err, ERROR_KEYRING, "the keyring fails: %s", safe(error->message));
    return error_hint(
        err, "look into the journal of the program behind org.freedesktop.secrets, and start it anew");
}

bool exchange_fail(const struct exchange *exchange, GError *error, struct error *err)
{
    if (exchange->end == EXCHANGE_STOPPED)
        error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for the keyring");
    else if (exchange->end != EXCHANGE_GOOD)
        fail_late(exchange, err);
    else
        fail_by(exchange, error, err);
    if (error != NULL)
        glib.g_error_free(error);
    return false;
}

bool exchange_fail_bus(const struct exchange *exchange, GError *error, const char *address, struct error *err)
{
    if (exchange->end != EXCHANGE_GOOD || error == NULL)
        return exchange_fail(exchange, error, err);
    error_set(err, ERROR_KEYRING, "the D-Bus session '%s' cannot be reached, and so no keyring: %s",
              safe(address), safe(error->message));
    glib.g_error_free(error);
    return error_hint(err,
                      "give DBUS_SESSION_BUS_ADDRESS the address of your session, as it is on the desktop");
}

bool exchange_fail_new(const struct exchange *exchange, GError *error, struct error *err)
{
    if (exchange->end != EXCHANGE_GOOD || (error != NULL && !is_locked(error)))
        return exchange_fail(exchange, error, err);
    error_set(err, ERROR_KEYRING, "there is no keyring for new secrets yet, and nobody %s",
              exchange->refused ? "may be asked for a password" : "gave a password for one");
    if (error != NULL)
        glib.g_error_free(error);
    return error_hint(err, "make a keyring in its own program, such as Passwords and Keys (seahorse)");
}

bool exchange_unlock(struct exchange *exchange, gpointer object, struct error *err)
{
    GError *error = NULL;
    GList *objects = glib.g_list_append(NULL, object), *unlocked = NULL;
    int count = -1;
    libsecret.secret_service_unlock(exchange->service, objects, exchange->cancellable, exchange_finished,
                                    exchange);
    if (exchange_await(exchange))
        count =
            libsecret.secret_service_unlock_finish(exchange->service, exchange->result, &unlocked, &error);
    glib.g_list_free(objects);
    for (const GList *each = unlocked; each != NULL; each = each->next)
        gobject.g_object_unref(each->data);
    glib.g_list_free(unlocked);
    if (count > 0)
        return true;
    if (error == NULL && exchange->end == EXCHANGE_GOOD)
        return fail_locked(exchange, err);
    return exchange_fail(exchange, error, err);
}
