# SPDX-License-Identifier: Apache-2.0
"""The test issuer under a URL that does not look like Authentik's."""

import json


def discovery_document(issuer):
    connection = issuer.connect()
    try:
        connection.request("GET", "/application/o/kubernetes/.well-known/openid-configuration")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def move(kube, issuer, path="/plain", **members):
    """Gives the issuer another URL; its endpoints stay where they are. MEMBERS change its metadata, None removes one."""
    url = issuer.base_url + path
    document = {**discovery_document(issuer), "issuer": url, **members}
    issuer.configure(issuer_override=url)
    issuer.fault("other", times=-1, json={name: value for name, value in document.items() if value is not None})
    issuer.clear_log()
    kube.flags[0] = f"--oidc-issuer-url={url}"
