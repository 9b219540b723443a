# SPDX-License-Identifier: Apache-2.0
"""HTML pages: the error pages, the denied page and the pages of a flow."""

from html import escape

from .wire import Response

# Sizes of the pages of the observed 2026.2.2, less their heading, text and user name.
OBSERVED_VERSION = "2026.2.2"
ERROR_SIZE, DENIED_SIZE, DENIED_USER_SIZE = 5422, 5686, 6709

SKELETON = """<!DOCTYPE html>
<html lang="en">
    <head>
        <meta charset="UTF-8">
        <meta name="viewport" content="width=device-width, initial-scale=1, maximum-scale=1">
        <title>
{title}
</title>
        <script data-id="authentik-config">
        "use strict";
        window.authentik = {{
        versionFamily: "{family}",
        versionSubdomain: "{subdomain}",
        build: "",
        }};
        </script>
<link rel="stylesheet" type="text/css" href="/static/dist/styles/interface-{version}.css" />
        <script src="/static/dist/poly-{version}.js" type="module"></script>
<link rel="stylesheet" type="text/css" href="/static/dist/styles/static-{version}.css" />
{extra}    </head>
    <body>
        <main>
                                <h1 class="pf-c-title pf-m-3xl" data-test-id="card-title">
{indent}
{heading}

                                </h1>
{content}
        </main>
        <footer>Powered by authentik</footer>
{padding}    </body>
</html>
"""
HOME = '    <a href="/">Go home</a>'


def render(version, title, heading, content, padding="", **more):
    values = {"family": "", "subdomain": "", "extra": ""} | more
    return SKELETON.format(title=title, version=version, heading=heading, content=content, padding=padding,
                           indent=" " * 36, **values)


def fill(size, title, heading, content):
    """A comment that brings the page of the observed version to the observed size."""
    missing = size - len(render(OBSERVED_VERSION, title, heading, content).encode())
    frame = "        <!--{}-->\n"
    return frame.format("." * (missing - len(frame) + 2)) if missing > len(frame) else ""


def error(settings, status, heading, text=""):
    """The form of the 400, 404 and 500 pages."""
    padding = fill(ERROR_SIZE, "authentik", "", "    <p></p>\n" + HOME)
    content = f"    <p>{escape(text)}</p>\n{HOME}"
    return Response(status, [], render(settings["version"], "authentik", heading, content, padding).encode())


def not_found(settings):
    return error(settings, 404, "Not Found")


def server_error(settings):
    return error(settings, 500, "Server Error")


def client_id_error(settings):
    return error(settings, 400, "Client ID Error", "The client identifier (client_id) is missing or invalid.")


def redirect_uri_error(settings):
    return error(settings, 400, "Redirect URI Error", "The request fails due to a missing, invalid, or mismatching "
                                                      "redirection URI (redirect_uri).")


def denied(settings, user=None):
    """The page, with status 200, of a user who may not use the application."""
    name = user["username"] if user else ""
    title, heading = "Permission denied - authentik", "Permission denied"
    who = f'    <div>{escape(name)}</div>\n    <a href="/flows/-/cancel/">Not you?</a>\n' if user else ""
    content = f"{who}    <p>Request has been denied.</p>\n{HOME}"
    size = DENIED_USER_SIZE + len(name) if user else DENIED_SIZE
    body = render(settings["version"], title, heading, content, fill(size, title, heading, content))
    return Response(200, [], body.encode())


def csrf():
    body = ('<!DOCTYPE html>\n<html lang="en">\n<head>\n  <title>403 Forbidden</title>\n</head>\n<body>\n'
            "  <h1>Forbidden <span>(403)</span></h1>\n  <p>CSRF verification failed. Request aborted.</p>\n"
            "</body>\n</html>\n")
    return Response(403, [], body.encode())


def flow(settings, heading, content):
    """A page of /if/flow/, which is a program in the browser on the real server; here it is plain HTML."""
    version = settings["version"]
    family = ".".join(version.split(".")[:2])
    extra = f'        <script src="/static/dist/flow/FlowInterface-{version}.js" type="module"></script>\n'
    body = render(version, "authentik", heading, content, extra=extra, family=family,
                  subdomain="version-" + family.replace(".", "-"))
    return Response(200, [], body.encode())


def form(action, fields, button):
    """A form that posts hidden fields when its one button is pressed."""
    hidden = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
                     for name, value in fields.items())
    return (f'    <form method="post" action="{escape(action)}">{hidden}'
            f'<button type="submit">{escape(button)}</button></form>')
