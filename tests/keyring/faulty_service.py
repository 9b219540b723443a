#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Secret Service with one collection and one item, which misbehaves as it is told.

usage: faulty_service.py ADDRESS FAULT...

hang:METHOD  never answers METHOD     slow:METHOD  answers after 300 ms     error:METHOD  answers with an error
exit:METHOD  ends instead             bus:PID:METHOD  ends the bus instead  odd:METHOD  answers with a number
again:METHOD answers with an error from the second time on
locked       collection and items are locked; Unlock needs a prompt
prompt:KIND  what comes of a prompt: given, dismissed, never
alias        there is no default collection
item         there is an item from the beginning
value:KIND   what the item holds, whatever was stored: empty, garbage, big, binary, zero; gone: no item
Prints "ready" when it has its name, then each method that it was asked."""

import os
import signal
import sys

import dbus
import dbus.bus
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

ROOT = "/org/freedesktop/secrets"
COLLECTION, ITEM, SESSION = f"{ROOT}/collection/test", f"{ROOT}/collection/test/1", f"{ROOT}/session/1"
PROMPT = f"{ROOT}/prompt/1"
FAILURE = "org.freedesktop.DBus.Error.Failed"
VALUES = {"empty": b"", "garbage": b"\x01\x02\xff\n", "big": b"x" * 1_000_000, "binary": b"\x80\x81\x82\x83",
          "zero": b"abc\0def"}


class Service:
    def __init__(self, connection, faults):
        self.connection, self.faults, self.asked = connection, faults, []
        self.locked, self.item, self.pending = "locked" in faults, b"x" if "item" in faults else None, None

    def fault(self, kind):
        return next((word.split(":", 1)[1] for word in self.faults if word.startswith(f"{kind}:")), None)

    def has(self, kind, method):
        return f"{kind}:{method}" in self.faults

    def handle(self, _, message):
        if message.get_type() != dbus.lowlevel.MESSAGE_TYPE_METHOD_CALL or not str(message.get_path()).startswith(ROOT):
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        method = message.get_member()
        print(method, flush=True)
        self.asked.append(method)
        self.misbehave(method)
        if self.has("slow", method):
            GLib.timeout_add(300, lambda: self.answer(message, method))
        elif not self.has("hang", method):
            self.answer(message, method)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    def misbehave(self, method):
        if self.has("exit", method):
            os._exit(0)
        word = self.fault("bus")
        if word and word.split(":")[1] == method:
            os.kill(int(word.split(":")[0]), signal.SIGKILL)

    def answer(self, message, method):
        if self.has("error", method) or (self.has("again", method) and self.asked.count(method) > 1):
            self.connection.send_message(dbus.lowlevel.ErrorMessage(message, FAILURE, "it is\x1b[31m broken"))
            return False
        if self.has("odd", method):
            self.reply(message, "i", 42)
            return False
        getattr(self, method, self.unknown)(message, *message.get_args_list(byte_arrays=True))
        return False

    def reply(self, message, signature="", *values):
        answer = dbus.lowlevel.MethodReturnMessage(message)
        answer.append(*values, signature=signature)
        self.connection.send_message(answer)

    def unknown(self, message, *_):
        self.connection.send_message(dbus.lowlevel.ErrorMessage(message, "org.freedesktop.DBus.Error.UnknownMethod", "what?"))

    # org.freedesktop.DBus.Properties

    def GetAll(self, message, interface):
        common = {"Label": "test", "Locked": dbus.Boolean(self.locked), "Created": dbus.UInt64(1), "Modified": dbus.UInt64(1)}
        paths = dbus.Array([ITEM] if self.item else [], "o")
        found = {"Service": {"Collections": dbus.Array([COLLECTION], "o")}, "Collection": {**common, "Items": paths},
                 "Item": {**common, "Attributes": dbus.Dictionary({}, "ss"), "Type": "x"}}
        self.reply(message, "a{sv}", dbus.Dictionary(found.get(interface.rpartition(".")[2], {}), "sv"))

    # org.freedesktop.Secret.Service

    def OpenSession(self, message, algorithm, _):
        if algorithm != "plain":
            self.connection.send_message(dbus.lowlevel.ErrorMessage(message, "org.freedesktop.DBus.Error.NotSupported", "plain"))
        else:
            self.reply(message, "vo", dbus.String("", variant_level=1), SESSION)

    def SearchItems(self, message, _):
        found = dbus.Array([ITEM] if self.item and self.fault("value") != "gone" else [], "o")
        nothing = dbus.Array([], "o")
        self.reply(message, "aoao", *((nothing, found) if self.locked else (found, nothing)))

    def ReadAlias(self, message, _):
        self.reply(message, "o", "/" if "alias" in self.faults else COLLECTION)

    def Unlock(self, message, paths):
        self.pending = dbus.Array(paths, "o", variant_level=1)
        self.reply(message, "aoo", *((dbus.Array([], "o"), PROMPT) if self.locked else (paths, "/")))

    def CreateCollection(self, message, *_):
        self.pending = dbus.ObjectPath(COLLECTION, variant_level=1)
        self.reply(message, "oo", "/", PROMPT)

    def GetSecrets(self, message, paths, session):
        self.reply(message, "a{o(oayays)}", dbus.Dictionary({path: self.secret(session) for path in paths}, "o(oayays)"))

    # org.freedesktop.Secret.Collection, Item, Prompt

    def CreateItem(self, message, properties, secret, _):
        if self.locked:
            self.connection.send_message(dbus.lowlevel.ErrorMessage(message, "org.freedesktop.Secret.Error.IsLocked", "locked"))
            return
        self.item = bytes(secret[2])
        self.reply(message, "oo", ITEM, "/")

    def GetSecret(self, message, session):
        self.reply(message, "(oayays)", self.secret(session))

    def secret(self, session):
        kind = self.fault("value")
        type_ = "application/octet-stream" if kind == "binary" else "text/plain"
        value = VALUES[kind] if kind else self.item
        return dbus.Struct((session, dbus.ByteArray(b""), dbus.ByteArray(value), type_), signature="oayays")

    def Delete(self, message):
        self.item = None
        self.reply(message, "o", "/")

    def Prompt(self, message, _):
        self.reply(message)
        outcome = self.fault("prompt")
        if outcome == "never":
            return
        self.locked = self.locked and outcome != "given"
        if outcome != "given":
            self.pending = dbus.String("", variant_level=1)  # as gnome-keyring does
        done = dbus.lowlevel.SignalMessage(PROMPT, "org.freedesktop.Secret.Prompt", "Completed")
        done.append(dbus.Boolean(outcome != "given"), self.pending, signature="bv")
        self.connection.send_message(done)

    def Dismiss(self, message):
        self.reply(message)


def main():
    address, *faults = sys.argv[1:]
    connection = dbus.bus.BusConnection(address, mainloop=DBusGMainLoop())
    connection.add_message_filter(Service(connection, faults).handle)
    connection.request_name("org.freedesktop.secrets")
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
