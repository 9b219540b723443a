# SPDX-License-Identifier: Apache-2.0
"""Command line of the test issuer: read the options, listen, say where, serve until told to stop."""

import argparse
import asyncio
import ctypes
import json
import os
import signal
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from issuer import config, listen, tls  # noqa: E402  (the path above makes this importable)
from issuer.router import App  # noqa: E402

PR_SET_PDEATHSIG = 1


def parse_arguments():
    parser = argparse.ArgumentParser(prog="issuer", description="An Authentik-shaped OpenID provider on loopback.")
    parser.add_argument("--host", default="localhost", help="host name in the printed URLs")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--tls-dir", help="speak TLS; certificates and keys are made there once")
    parser.add_argument("--preset", default="2026.2", choices=sorted(config.PRESETS))
    parser.add_argument("--slug", help="application slug (default: kubernetes)")
    parser.add_argument("--client-id", help="default: kubernetes")
    parser.add_argument("--client-secret", help="makes the client confidential")
    parser.add_argument("--config", help="JSON file merged into the configuration")
    parser.add_argument("--quiet", action="store_true", help="no request lines on stderr")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when the parent process ends")
    return parser.parse_args()


def follow_parent():
    """Ask the kernel to end us with the parent (its thread that started us), unless that has just gone."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def read_config(arguments):
    changes = {}
    if arguments.config:
        changes = json.loads(Path(arguments.config).read_text(encoding="utf-8"))
    for name in ("slug", "client_id", "client_secret"):
        value = getattr(arguments, name)
        if value is not None:
            changes[name] = value
    return config.create(arguments.preset, changes)


async def serve(arguments):
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    settings = read_config(arguments)
    key_dir = Path(arguments.tls_dir) if arguments.tls_dir else tls.private_cache()
    context = tls.server_context(key_dir, settings["tls_variant"]) if arguments.tls_dir else None
    app = App(settings, key_dir, quiet=arguments.quiet)
    port = await listen.start(app, arguments.port, context)
    base_url = f"{'https' if context else 'http'}://{arguments.host}:{port}"
    app.base_url = base_url
    ready = {"issuer": f"{base_url}/application/o/{settings['slug']}/", "base_url": base_url,
             "ca_file": str(key_dir / "ca.pem") if context else None, "pid": os.getpid()}
    print(json.dumps(ready), flush=True)
    await stopped.wait()
    app.save()


def main():
    arguments = parse_arguments()
    if arguments.exit_with_parent:
        follow_parent()
    asyncio.run(serve(arguments))


if __name__ == "__main__":
    main()
