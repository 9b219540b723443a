# SPDX-License-Identifier: Apache-2.0
"""What the fixtures and the tests of the cluster both name."""

GROUP = "oidc:k8s-admins"  # the group, as the API server sees it
ROLE = "latchkey-namespaces"  # lets it list namespaces
NAMESPACE = "latchkey-test"  # one that it should find
SECRET = "s3cret"  # of the confidential client


def application(issuer, slug):
    """The issuer URL of one of its applications."""
    return f"{issuer.base_url}/application/o/{slug}/"
