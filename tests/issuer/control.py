# SPDX-License-Identifier: Apache-2.0
"""The control interface under /__fake/, for tests only; it is never logged and never faulty."""

import asyncio
import json

from . import device, tokens
from .wire import Response

PREFIX = "/__fake/"


async def handle(app, request):
    """Run one control request; what it cannot understand is a 400 with the reason."""
    action = ACTIONS.get((request.method, request.path[len(PREFIX):]))
    if action is None:
        return reply({"error": "no such control path"}, 404)
    try:
        value = json.loads(request.body or b"{}")
        result = action(app, value if request.method != "GET" else request)
        return reply(await result if asyncio.iscoroutine(result) else result)
    except (KeyError, TypeError, ValueError, AttributeError) as failure:
        return reply({"error": f"{type(failure).__name__}: {failure}"}, 400)


def reply(value, status=200):
    body = json.dumps(value).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", None), ("Connection", None)]
    return Response(status, headers, body)


def read_log(app, request):
    return select(app, request.arg("endpoint"))


def select(app, endpoint):
    return [entry for entry in app.log if endpoint in (None, entry["endpoint"])]


async def wait(app, request):
    """Answer when the log has `count` requests (of one endpoint), or after `timeout` seconds with fewer."""
    endpoint, count = request.arg("endpoint"), int(request.arg("count") or 1)

    async def enough():
        async with app.log_changed:
            await app.log_changed.wait_for(lambda: len(select(app, endpoint)) >= count)

    try:
        await asyncio.wait_for(enough(), float(request.arg("timeout") or 10))
    except asyncio.TimeoutError:
        pass
    return select(app, endpoint)


def clear(app, value):
    """Forget the log; on request also faults and mutations, the device limit, sessions or all tokens."""
    app.log.clear()
    if value.get("faults"):
        clear_faults(app, value)
    if value.get("throttle"):
        app.store.device_starts.clear()
    for name in ("sessions", "consents", "codes", "refresh", "access", "devices"):
        if value.get(name):
            getattr(app.store, name).clear()
    return {}


def reset(app, value):
    app.reset()
    return {}


def read_config(app, request):
    return app.settings


def change_config(app, value):
    app.configure(value)
    return app.settings


def add_fault(app, value):
    for action in value if isinstance(value, list) else [value]:
        app.faults.add(action)
    return {}


def clear_faults(app, value):
    app.faults.clear()
    app.configure({"id_token": []})
    return {}


def mutate(app, value):
    """Add one ID token mutation."""
    unknown = set(value) - tokens.MUTATION_MEMBERS
    if unknown:
        raise KeyError(f"unknown mutation members: {sorted(unknown)}")
    app.configure({"id_token": [*app.settings["id_token"], value]})
    return {}


def rotate_keys(app, value):
    app.keys.rotate()
    return {}


def approve_device(app, value):
    name = value.get("user") or app.settings["current_user"]
    return {"approved": device.approve(app, value.get("user_code"), app.user(name))}


def logout(app, value):
    app.store.logout(value.get("user"))
    return {}


def revoke_refresh(app, value):
    """Revoke one refresh token, those of a user, or all; `delete` makes them unknown instead."""
    for token, record in list(app.store.refresh.items()):
        if value.get("token") in (None, token) and value.get("user") in (None, record["user"]):
            record["revoked"] = True
            if value.get("delete"):
                del app.store.refresh[token]
    return {}


ACTIONS = {
    ("GET", "log"): read_log, ("GET", "wait"): wait, ("POST", "clear"): clear,
    ("GET", "config"): read_config, ("PATCH", "config"): change_config, ("POST", "fault"): add_fault,
    ("POST", "reset"): reset,
    ("POST", "clear-faults"): clear_faults, ("POST", "mutate"): mutate,
    ("POST", "rotate-keys"): rotate_keys, ("POST", "device/approve"): approve_device,
    ("POST", "logout"): logout,
    ("POST", "revoke-refresh"): revoke_refresh,
}
