# SPDX-License-Identifier: Apache-2.0
"""An OpenID provider shaped like Authentik, for tests and for the quickstart."""
