# SPDX-License-Identifier: Apache-2.0
"""The flags that kubeconfigs in the field hold, each with a value that means no harm."""

ISSUER = "https://sso.example.com/application/o/kubernetes/"

# name, kind, a good value, in --help. The order is the one of --help.
SHOWN = [
    ("oidc-issuer-url", "text", ISSUER),
    ("oidc-client-id", "text", "kubernetes"),
    ("oidc-client-secret", "secret", "s3cr3t"),
    ("oidc-redirect-url", "text", "http://localhost:8000/callback"),
    ("oidc-extra-scope", "list", "groups"),
    ("oidc-auto-scopes", "text", "false"),
    ("oidc-use-access-token", "switch", None),
    ("oidc-trusted-audience", "list", "other"),
    ("oidc-request-header", "map", "X-Team=blue"),
    ("force-refresh", "switch", None),
    ("token-cache-dir", "text", "/tmp/latchkey-test-of-flags"),
    ("token-cache-storage", "text", "disk"),
    ("certificate-authority", "array", "/etc/ssl/certs/ca-certificates.crt"),
    ("certificate-authority-data", "array", "LS0tLS1CRUdJTg=="),
    ("insecure-skip-tls-verify", "switch", None),
    ("tls-renegotiation-once", "switch", None),
    ("tls-renegotiation-freely", "switch", None),
    ("http-timeout-sec", "number", "20"),
    ("oidc-pkce-method", "text", "S256"),
    ("grant-type", "text", "authcode"),
    ("listen-address", "list", "127.0.0.1:0"),
    ("redirect-probe", "text", "never"),
    ("skip-open-browser", "switch", None),
    ("browser-command", "text", "/bin/true"),
    ("authentication-timeout-sec", "number", "100"),
    ("local-server-cert", "text", "/dev/null"),
    ("local-server-key", "text", "/dev/null"),
    ("open-url-after-authentication", "text", "https://example.com/"),
    ("oidc-auth-request-extra-params", "map", "prompt=login"),
    ("account", "text", "admin"),
    ("username", "text", "alice"),
    ("password", "secret", "s3cr3t"),
    ("client-assertion-source", "text", "env:NAME"),
    ("client-assertion-audience", "text", "kubernetes"),
    ("client-assertion-key", "text", "/dev/null"),
    ("client-assertion-key-id", "text", "key"),
    ("client-assertion-algorithm", "text", "RS256"),
    ("non-interactive", "switch", None),
    ("background-refresh", "switch", None),
    ("min-validity", "text", "15m"),
    ("output", "text", "token"),
]
DEPRECATED = [
    ("oidc-use-pkce", "switch", None),
    ("listen-port", "list", "8000"),
    ("oidc-redirect-url-hostname", "text", "localhost"),
    ("oidc-redirect-url-authcode-keyboard", "text", "urn:ietf:wg:oauth:2.0:oob"),
]
WITHOUT_EFFECT = [
    ("vmodule", "text", "gopher*=3"),
    ("logtostderr", "switch", None),
    ("alsologtostderr", "switch", None),
    ("alsologtostderrthreshold", "text", "INFO"),
    ("stderrthreshold", "text", "ERROR"),
    ("legacy_stderr_threshold_behavior", "switch", None),
    ("log_dir", "text", "/var/log"),
    ("log_file", "text", "/var/log/x"),
    ("log_file_max_size", "text", "1800"),
    ("log_backtrace_at", "text", "a.go:1"),
    ("one_output", "switch", None),
    ("skip_headers", "switch", None),
    ("skip_log_headers", "switch", None),
    ("add_dir_header", "switch", None),
]
ALL = SHOWN + DEPRECATED + WITHOUT_EFFECT


def variable(name):
    return "LATCHKEY_" + name.replace("-", "_").upper()


def spellings(name, kind, value):
    """Every way to write one flag."""
    if kind == "switch":
        yes = ("1", "t", "T", "true", "TRUE", "True")
        no = ("0", "f", "F", "false", "FALSE", "False")
        return [[f"--{name}"], *([f"--{name}={text}"] for text in yes + no)]
    return [[f"--{name}={value}"], [f"--{name}", value]]
