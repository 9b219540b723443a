# SPDX-License-Identifier: Apache-2.0
"""Every flag from its environment variable: flag before variable before default, secrets also from files."""

import json
import os

import pytest
from flags import ALL, ISSUER, SHOWN, variable
from wire import authorization, token_form

ids = pytest.mark.ids
LOGIN = {"LATCHKEY_OIDC_ISSUER_URL": ISSUER, "LATCHKEY_OIDC_CLIENT_ID": "kubernetes"}
STOP = {"LATCHKEY_GRANT_TYPE": "nothing"}  # refused before anything is sent


@ids("K7-19")
@pytest.mark.parametrize(("name", "kind", "value"), ALL, ids=[row[0] for row in ALL])
def test_every_flag_has_a_variable(program, name, kind, value):
    environment = {**LOGIN, **STOP, variable(name): value or "true", **STOP}
    result = program.bare("get-token", **environment)
    assert result.code == "config"
    assert "is not one of ours" not in result.err


@ids("K7-19")
@pytest.mark.parametrize(("name", "value", "complaint"), [
    ("oidc-issuer-url", "ftp://x", "the issuer URL 'ftp://x'"),
    ("oidc-client-id", "a\nb", "--oidc-client-id holds"),
    ("oidc-client-secret", "a\nb", "--oidc-client-secret holds"),
    ("oidc-redirect-url", "a\nb", "--oidc-redirect-url holds"),
    ("oidc-extra-scope", "a\nb", "--oidc-extra-scope holds"),
    ("oidc-auto-scopes", "x", "oidc-auto-scopes must be"),
    ("oidc-request-header", "x", "... must be formatted"),
    ("token-cache-storage", "x", "token-cache-storage must be"),
    ("certificate-authority", "/none", "'/none'"),
    ("certificate-authority-data", "!", "--certificate-authority-data"),
    ("http-timeout-sec", "0", "--http-timeout-sec must"), ("oidc-pkce-method", "x", "oidc-pkce-method must"),
    ("grant-type", "x", "grant-type must"), ("redirect-probe", "x", "redirect-probe must"),
    ("authentication-timeout-sec", "x", '"x" for "--authentication-timeout-sec"'),
    ("local-server-cert", "/none", "--local-server-cert and --local-server-key"),
    ("local-server-key", "/none", "--local-server-cert and --local-server-key"),
    ("oidc-auth-request-extra-params", "x", "x must be formatted"),
    ("client-assertion-source", "x", "is none of auto"), ("client-assertion-audience", "a\nb", "holds a control"),
    ("client-assertion-key", "/none", "cannot use --client-assertion-key"), ("client-assertion-key-id", "x", "key-id alone signs nothing"),
    ("client-assertion-algorithm", "ES256", "algorithm alone signs nothing"), ("min-validity", "x", "'x' is no duration"), ("output", "x", "output must be"),
    ("non-interactive", "x", "neither true nor false"), ("background-refresh", "x", "neither true nor false"),
    ("listen-port", "x", 'invalid argument "x"'), ("force-refresh", "maybe", '"maybe" for "--force-refresh"')])
def test_a_variable_has_the_effect_of_its_flag(program, name, value, complaint):
    result = program.bare("get-token", **{**LOGIN, variable(name): value})
    assert result.status == 1 and result.out == ""
    assert complaint in result.err, result.err


@pytest.mark.parametrize(("name", "value"), [
    ("FORCE_REFRESH", "maybe"), ("V", "x"), ("GRANT_TYPE", "x"), ("OUTPUT", "x"), ("TOKEN_CACHE_STORAGE", "x"),
    ("OIDC_PKCE_METHOD", "x"), ("REDIRECT_PROBE", "x"), ("OIDC_AUTO_SCOPES", "x"), ("AUTHENTICATION_TIMEOUT_SEC", "0"),
    ("HTTP_TIMEOUT_SEC", "0"), ("LISTEN_PORT", "abc"), ("MIN_VALIDITY", "abc"), ("CLIENT_ASSERTION_SOURCE", "x"),
    ("CLIENT_ASSERTION_KEY", "/none"), ("CLIENT_ASSERTION_KEY_ID", "x"), ("CLIENT_ASSERTION_ALGORITHM", "RS256"),
    ("CLIENT_ASSERTION_AUDIENCE", "x"), ("OIDC_CLIENT_SECRET", "a\nb")])
def test_a_value_that_cannot_be_names_the_variable_that_it_comes_from(program, name, value):
    result = program.bare("get-token", **LOGIN, **{f"LATCHKEY_{name}": value})
    assert result.code == "config"
    assert result.hints[-1] == f"the value comes from the environment variable LATCHKEY_{name}"
    assert result.err.count("the value comes from") == 1


def test_a_value_that_a_flag_gave_names_no_variable(program):
    result = program.bare("get-token", "--grant-type=y", **LOGIN, **STOP, LATCHKEY_HTTP_TIMEOUT_SEC="30")
    assert result.code == "config" and result.hints == [] and "not 'y'" in result.err


def test_a_value_that_cannot_be_names_the_file_that_it_comes_from(program, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a\nb")
    result = program.bare("get-token", **LOGIN, LATCHKEY_OIDC_CLIENT_SECRET_FILE=str(secret))
    assert result.code == "config"
    assert result.hints == ["the value comes from the file that the environment variable LATCHKEY_OIDC_CLIENT_SECRET_FILE names"]


@ids("K7-19")
def test_a_login_from_variables_alone(program, issuer):
    variables = {"LATCHKEY_OIDC_ISSUER_URL": issuer.url, "LATCHKEY_OIDC_CLIENT_ID": "kubernetes",
                 "LATCHKEY_CERTIFICATE_AUTHORITY": issuer.ca_file,
                 "LATCHKEY_TOKEN_CACHE_DIR": str(program.cache), "LATCHKEY_OIDC_EXTRA_SCOPE": "groups,email",
                 "LATCHKEY_OIDC_AUTO_SCOPES": "false", "LATCHKEY_LISTEN_ADDRESS": "127.0.0.1:8123",
                 "LATCHKEY_OIDC_AUTH_REQUEST_EXTRA_PARAMS": "a=1,b=2"}
    assert program.bare("get-token", **variables).claims["email"] == "alice@example.com"
    query = authorization(issuer)
    assert query["scope"] == "groups email openid"
    assert query["redirect_uri"] == "http://localhost:8123"
    assert (query["a"], query["b"]) == ("1", "2")
    assert program.session_file.exists()


@ids("K7-19")
def test_a_flag_wins_over_its_variable_and_the_variable_over_the_default(kube, issuer):
    kube.environment["LATCHKEY_LISTEN_ADDRESS"] = "127.0.0.1:8123"
    kube.environment["LATCHKEY_OIDC_EXTRA_SCOPE"] = "never"
    kube.environment["LATCHKEY_OIDC_AUTH_REQUEST_EXTRA_PARAMS"] = "never=1"
    assert kube.get_token("--listen-address=127.0.0.1:8124", "--oidc-extra-scope=groups",
                          "--oidc-auto-scopes=false", "--oidc-auth-request-extra-params=a=1").status == 0
    query = authorization(issuer)
    assert query["redirect_uri"] == "http://localhost:8124"
    assert query["scope"] == "groups openid"
    assert query["a"] == "1" and "never" not in query
    assert kube.run("login", "--oidc-auto-scopes=false").status == 0
    assert authorization(issuer)["redirect_uri"] == "http://localhost:8123"
    assert authorization(issuer)["scope"] == "never openid"
    assert authorization(issuer)["never"] == "1"


@ids("K7-19")
def test_a_flag_that_switches_off_wins_over_a_variable_that_switches_on(kube, issuer):
    kube.environment["LATCHKEY_FORCE_REFRESH"] = "true"
    first = kube.get_token()
    assert kube.get_token("--force-refresh=false").token == first.token
    assert kube.get_token().token != first.token


@ids("K7-19")
def test_the_output_of_a_session_and_userinfo_may_be_variables(kube, issuer):
    assert kube.get_token().status == 0
    kube.environment.update(LATCHKEY_OUTPUT="json", LATCHKEY_USERINFO="true")
    assert json.loads(kube.run("whoami").out)["userinfo"]["email"] == "alice@example.com"
    assert "userinfo:" in kube.run("whoami", "--output=text").out
    assert "userinfo" not in kube.run("whoami", "--userinfo=false").out
    assert json.loads(kube.bare("list", f"--token-cache-dir={kube.cache}", LATCHKEY_OUTPUT="json").out)["sessions"]


@ids("K7-19")
@pytest.mark.parametrize(("command", "value"), [("get-token", "text"), ("whoami", "token"), ("logout", "header"), ("list", "exec-credential")])
def test_an_output_that_only_another_command_knows_is_left_to_that(kube, command, value):
    kube.get_token()
    if command == "list":
        kube.flags = [f"--token-cache-dir={kube.cache}"]
    result = kube.run(command, LATCHKEY_OUTPUT=value)
    assert result.status == 0 and "output" not in result.err
    for wrong in (kube.run(command, f"--output={value}"), kube.run(command, LATCHKEY_OUTPUT="x")):
        assert wrong.code == "config" and f"{command}: output must be one of" in wrong.err


def test_no_variable_ends_every_session(kube, issuer):
    """What ends everything is said at that moment, not left somewhere in an environment."""
    for account in ("", "other"):
        kube.get_token(f"--account={account}")
    result = kube.run("logout", LATCHKEY_ALL="true")
    assert result.status == 0
    assert "warning: the environment variable LATCHKEY_ALL is ignored: only the flag --all does that\n" in result.err
    assert len(json.loads(kube.bare("list", f"--token-cache-dir={kube.cache}", "--output=json").out)["sessions"]) == 1
    assert "LATCHKEY_ALL" not in kube.bare("logout", "--all", f"--token-cache-dir={kube.cache}", LATCHKEY_ALL="true").err
    assert "LATCHKEY_HELP is ignored" in kube.bare("version", LATCHKEY_HELP="true").err


@ids("K7-19")
def test_an_empty_variable_is_an_unset_one(kube, issuer):
    environment = {variable(name): "" for name, *_ in SHOWN}
    assert kube.get_token(**environment).status == 0
    assert authorization(issuer)["redirect_uri"] == "http://localhost:8000"


# Secrets

@pytest.fixture
def confidential(kube, issuer):
    issuer.configure(client_type="confidential", client_secret="s3cr3t")
    return kube


@ids("K7-64")
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_may_rest_in_a_file(confidential, issuer, tmp_path, ending):
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t" + ending)
    assert confidential.get_token(LATCHKEY_OIDC_CLIENT_SECRET_FILE=str(secret)).status == 0
    assert token_form(issuer)["client_secret"] == "s3cr3t"


@ids("K7-64")
def test_a_secret_may_rest_in_a_variable(confidential, issuer):
    assert confidential.get_token(LATCHKEY_OIDC_CLIENT_SECRET="s3cr3t").status == 0
    assert token_form(issuer)["client_secret"] == "s3cr3t"


@ids("K7-64")
def test_without_a_secret_the_client_id_is_in_the_form_and_nothing_in_the_header(kube, issuer):
    assert kube.get_token().status == 0
    entry = issuer.requests("token")[0]
    assert token_form(issuer)["client_id"] == "kubernetes" and "client_secret" not in token_form(issuer)
    assert "authorization" not in [name.lower() for name, _ in entry["headers"]]


def test_a_secret_may_come_through_a_pipe(confidential, issuer, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    running = confidential.start("get-token", LATCHKEY_OIDC_CLIENT_SECRET_FILE=str(pipe))
    pipe.write_text("s3cr3t\n")
    assert running.wait().status == 0


def test_the_flag_of_a_secret_wins_over_its_file(confidential, issuer):
    result = confidential.get_token("--oidc-client-secret=s3cr3t", LATCHKEY_OIDC_CLIENT_SECRET_FILE="/none")
    assert result.status == 0


@pytest.mark.parametrize("name", ["LATCHKEY_OIDC_CLIENT_SECRET", "LATCHKEY_PASSWORD"])
def test_a_secret_from_two_places_is_refused(program, name):
    result = program.bare("get-token", **LOGIN, **{name: "hidden-1", f"{name}_FILE": "/none"})
    assert result.code == "config"
    assert f"{name} and {name}_FILE are both set" in result.err and "hidden-1" not in result.err


@pytest.mark.parametrize("path", ["/none", "/", "/dev/zero"])
def test_a_secret_that_cannot_be_read_is_an_error(program, path):
    result = program.bare("get-token", **LOGIN, LATCHKEY_OIDC_CLIENT_SECRET_FILE=path)
    assert result.status == 1 and result.out == ""
    assert result.err.startswith("error: cannot read the value of --oidc-client-secret: ")
    assert f"'{path}'" in result.err
    assert result.hints == ["the path comes from the environment variable LATCHKEY_OIDC_CLIENT_SECRET_FILE"]


def test_a_tilde_that_no_shell_expanded_is_told(program):
    result = program.bare("get-token", **LOGIN, LATCHKEY_OIDC_CLIENT_SECRET_FILE="~/secret")
    assert "cannot open '~/secret'" in result.err and "'~' is not expanded here" in result.hints[0]


def test_only_a_secret_has_a_file(program):
    result = program.bare("get-token", **LOGIN, **STOP, LATCHKEY_OIDC_CLIENT_ID_FILE="/none")
    assert result.code == "config"
    assert "LATCHKEY_OIDC_CLIENT_ID_FILE is not one of ours and is ignored: did you mean LATCHKEY_OIDC_CLIENT_ID?" in result.err


# What is misspelt

@pytest.mark.parametrize(("name", "nearest"), [
    ("LATCHKEY_OIDC_ISUER_URL", "LATCHKEY_OIDC_ISSUER_URL"),
    ("LATCHKEY_ISSUER_URL", "LATCHKEY_OIDC_ISSUER_URL"),
    ("LATCHKEY_CLIENT_SECRET", "LATCHKEY_OIDC_CLIENT_SECRET"),
    ("LATCHKEY_OIDC_SCOPE", "LATCHKEY_OIDC_EXTRA_SCOPE"),
    ("LATCHKEY_oidc_issuer_url", "LATCHKEY_OIDC_ISSUER_URL"),
    ("LATCHKEY_OIDC_CLIENT_SECRET_FIL", "LATCHKEY_OIDC_CLIENT_SECRET_FILE"), ("LATCHKEY_ZZZZZZZZ", None),
    ("LATCHKEY_", None)])
def test_a_misspelt_variable_is_a_warning_with_the_right_name(program, name, nearest):
    result = program.bare("get-token", **{**LOGIN, **STOP, name: "x"})
    assert result.code == "config"
    warnings = [line for line in result.err.splitlines() if line.startswith("warning: ")]
    hint = f": did you mean {nearest}?" if nearest else ""
    assert warnings == [f"warning: the environment variable {name} is not one of ours and is ignored{hint}"]


def test_a_variable_of_another_command_is_no_mistake(program):
    result = program.bare("version", **LOGIN)
    assert result.status == 0 and result.err == ""


@pytest.mark.parametrize("command", ["", "version", "clean"])
def test_a_version_in_the_environment_of_an_image_does_not_matter(program, command):
    result = program.bare(*command.split(), LATCHKEY_VERSION="0.1.0")
    assert result.status == 0 and "VERSION" not in result.err
