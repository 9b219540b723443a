# SPDX-License-Identifier: Apache-2.0
"""A private D-Bus session and a real gnome-keyring in it, and what one finds in there."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

HERE = Path(__file__).resolve().parent
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_message_size">1000000000</limit>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
SECRETS = "org.freedesktop.secrets"
SERVICE = "org.freedesktop.Secret.Service"
ITEM = "org.freedesktop.Secret.Item"
ROOT = "/org/freedesktop/secrets"
PASSWORD = "the password of the keyring"
PATIENCE = 20_000


class Bus:
    """A session bus without services; nothing is started on it by itself."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        self.socket = self.directory / "bus"
        self.address = f"unix:path={quote(str(self.socket), safe='/-_.')}"
        config = self.directory / "bus.conf"
        config.write_text(BUS.format(address=self.address))
        self.process = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline().startswith(b"unix:")
        self.children = [self.process]

    @property
    def environment(self):
        return {"DBUS_SESSION_BUS_ADDRESS": self.address}

    def connect(self):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        return Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)

    def start(self, command, **arguments):
        """A child of the bus, which ends with it."""
        process = subprocess.Popen(command, **arguments)
        self.children.append(process)
        return process

    def end(self):
        for process in reversed(self.children):
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in filter(None, (process.stdin, process.stdout)):
                stream.close()


def await_owner(connection, name):
    """Returns when somebody owns NAME."""
    loop, context = GLib.MainLoop(), GLib.MainContext.default()
    watch = Gio.bus_watch_name_on_connection(connection, name, Gio.BusNameWatcherFlags.NONE, lambda *_: loop.quit(), None)
    limit = GLib.timeout_add(PATIENCE, loop.quit)
    loop.run()
    Gio.bus_unwatch_name(watch)
    reached = GLib.MainContext.find_source_by_id(context, limit) is not None
    assert reached, f"nobody owns {name}"
    GLib.source_remove(limit)


class Keyring:
    """gnome-keyring with one unlocked collection, and a client of it."""

    def __init__(self, bus):
        self.bus, self.home = bus, bus.directory / "keyring"
        self.home.mkdir(mode=0o700)
        environment = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home), "PATH": os.environ["PATH"], **bus.environment}
        self.process = bus.start(["gnome-keyring-daemon", "--unlock", "--foreground", "--components=secrets"],
                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        self.process.stdin.write(PASSWORD.encode())
        self.process.stdin.close()
        self.connection = bus.connect()
        await_owner(self.connection, SECRETS)

    def call(self, path, interface, method, arguments=None, reply=None):
        kind = GLib.VariantType(reply) if reply else None
        answer = self.connection.call_sync(SECRETS, path, interface, method, arguments, kind, Gio.DBusCallFlags.NONE, PATIENCE,
                                           None)
        return answer.unpack()

    def get(self, path, interface, name):
        return self.call(path, "org.freedesktop.DBus.Properties", "Get", GLib.Variant("(ss)", (interface, name)), "(v)")[0]

    def paths(self, **attributes):
        attributes = {"application": "latchkey", **attributes}
        unlocked, locked = self.call(ROOT, SERVICE, "SearchItems", GLib.Variant("(a{ss})", (attributes,)), "(aoao)")
        return [*unlocked, *locked]

    def items(self, **attributes):
        """label, attributes and value of every item of ours; the keyring must be unlocked."""
        session = self.call(ROOT, SERVICE, "OpenSession", GLib.Variant("(sv)", ("plain", GLib.Variant("s", ""))), "(vo)")[1]
        found = []
        for path in self.paths(**attributes):
            _, _, value, _ = self.call(path, ITEM, "GetSecret", GLib.Variant("(o)", (session,)), "((oayays))")[0]
            found.append({"path": path, "label": self.get(path, ITEM, "Label"), "value": bytes(value).decode(),
                          "attributes": self.get(path, ITEM, "Attributes")})
        return found

    @property
    def tokens(self):
        return [item["value"] for item in self.items()]

    def lock(self):
        collection = self.call(ROOT, SERVICE, "ReadAlias", GLib.Variant("(s)", ("default",)), "(o)")[0]
        self.call(ROOT, SERVICE, "Lock", GLib.Variant("(ao)", ([collection],)), "(aoo)")

    def delete(self):
        for path in self.paths():
            self.call(path, ITEM, "Delete", None, "(o)")


class Faulty:
    """A Secret Service that does what FAULTS say (faulty_service.py); `calls` are the methods that it was asked."""

    def __init__(self, bus, *faults):
        self.process = bus.start([sys.executable, HERE / "faulty_service.py", bus.address, *faults], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"

    def await_call(self, method):
        """Returns when METHOD was asked; what was asked before it is read, and lost for `calls`."""
        for line in self.process.stdout:
            if line.decode().strip() == method:
                return
        raise AssertionError(f"the service ended without {method}")

    def calls(self):
        """Ends the service, and gives what it was asked."""
        self.process.terminate()
        lines = self.process.stdout.read().decode().split()
        self.process.wait()
        return lines
