# SPDX-License-Identifier: Apache-2.0
"""The storage `keyring` with a real gnome-keyring: where the refresh token rests, and that it is nowhere else."""

import os
import subprocess

import crowd
import pytest
from canaries import Watch, hits
from desktop import Bus, Keyring
from rested import NO_BROWSER
from system_calls import calls, own_calls, strace
from told import on_disk, spent, warnings

ids = pytest.mark.ids
DISK = "--token-cache-storage=disk"
AUTO = "--token-cache-storage=auto"


@pytest.fixture
def stored(kube, keyring):
    """A login whose refresh token is in the keyring."""
    assert kube.get_token().status == 0
    return kube


def refresh(kube, *flags, **environment):
    """A refresh, for which no browser may be needed and nothing is said."""
    kube.expire()
    result = kube.get_token(*flags, **NO_BROWSER, **environment)
    assert result.status == 0 and result.err == "", result.err
    return result


@ids("K7-38")
def test_a_login_puts_the_refresh_token_into_the_keyring_and_into_no_file(kube, keyring, issuer):
    result = kube.get_token()
    assert result.err == f"logged in as alice@example.com at {issuer.url}\n"
    item, = keyring.items()
    assert item["label"] == f"latchkey: alice@example.com at {issuer.url.split('/')[2]}"
    assert item["attributes"] == {"application": "latchkey", "directory": str(kube.cache), "session": kube.session_file.stem,
                                  "xdg:schema": "latchkey.refresh-token"}
    assert kube.session["refresh_token_in"] == "keyring" and "refresh_token" not in kube.session
    assert kube.session["id_token"] == result.token
    assert on_disk(kube.directory, item["value"]) == []


@ids("K7-38", "REF-01")
def test_a_refresh_reads_it_there_and_puts_the_new_one_in_its_place(stored, keyring, issuer):
    first, = keyring.tokens
    issuer.clear_log()
    result = refresh(stored)
    second, = keyring.tokens
    assert spent(issuer) == [first] and first != second
    assert stored.session["id_token"] == result.token and stored.session["refreshed"] is True
    refresh(stored)
    assert spent(issuer) == [first, second]
    assert on_disk(stored.directory, first, second, *keyring.tokens) == []


@ids("K7-38", "T-36")
@pytest.mark.parametrize("command", ["get-token", "logout", "clean"])
def test_the_refresh_token_is_nowhere_else(stored, keyring, issuer, command):
    """In no file, output, log, command line or environment, in no form; as much as possible is logged."""
    tokens = keyring.tokens
    stored.expire()
    with Watch() as watch:
        if command == "clean":
            result = stored.bare("clean", f"--token-cache-dir={stored.cache}", "-v3")
        else:
            result = stored.run(command, "-v3")
    assert result.status == 0, result.err
    tokens += keyring.tokens
    assert len(tokens) == (2 if command == "get-token" else 1)
    secrets = {f"refresh token {number}": token for number, token in enumerate(tokens)}
    assert hits(secrets, result, stored.directory, watch) == []
    assert on_disk(stored.directory, *tokens) == [] and not any(token in result.out for token in tokens)


# The cached path

@ids("K7-38", "K7-26")
def test_an_answer_from_the_cache_knows_nothing_of_the_keyring(stored, keyring, bus):
    """Not one system call more than with the storage `disk`, no socket, no library; the session may even have ended."""
    made = {}
    for storage in ("keyring", "disk"):
        log = stored.directory / f"trace-{storage}"
        running = stored.start("get-token", f"--token-cache-storage={storage}", process={"before": strace(log)})
        assert running.wait().token == stored.session["id_token"]
        opened = " ".join(call.text for call in calls(log) if call.name == "openat")
        assert "libjansson" in opened and "libsecret" not in opened and "libglib" not in opened
        made[storage] = [call.name for call in own_calls(log)]
    assert made["keyring"] == made["disk"]
    assert not {"socket", "connect", "clone", "clone3"} & set(made["keyring"])
    bus.end()
    result = stored.start("get-token").wait(5)
    assert result.status == 0 and result.err == ""


@ids("K7-38")
def test_the_keyring_loads_no_modules_of_the_desktop(stored, keyring):
    """GLib's extensions (gvfs, dconf, proxies) have no business in a process that holds tokens."""
    stored.expire()
    log = stored.directory / "trace"
    running = stored.start("get-token", process={"before": strace(log, "-f", "-e", "trace=openat,execve")}, **NO_BROWSER)
    assert running.wait().status == 0
    opened = [call for call in calls(log) if call.name == "openat" and "= -1" not in call.text]
    assert any("libsecret" in call.text for call in opened)
    assert [call for call in opened for word in ("gio/modules", "gvfs", "dconf", "libproxy") if word in call.text] == []
    assert len([call for call in calls(log) if call.name == "execve"]) == 1


# The end of a session

@ids("K7-38", "REF-10")
def test_logout_revokes_it_and_takes_it_out_of_the_keyring(stored, keyring, issuer):
    token, = keyring.tokens
    issuer.clear_log()
    result = stored.run("logout")
    assert result.status == 0 and "revoked" in result.out and result.err == ""
    sent, = [entry["form"]["token"] for entry in issuer.requests() if "token" in (entry.get("form") or {})]
    assert token in sent
    assert keyring.items() == [] and not list(stored.cache.glob("*.json"))
    assert "there was no session" in stored.run("logout").out


@ids("K7-38")
def test_logout_of_all_takes_everything_out_of_the_keyring(stored, keyring):
    assert stored.get_token("--account=work").status == 0
    assert len(keyring.items()) == 2
    result = stored.bare("logout", "--all", f"--token-cache-dir={stored.cache}",
                         *[flag for flag in stored.flags if "certificate" in flag])
    assert result.status == 0 and result.out.count("revoked") == 2, result.err
    assert keyring.items() == []


@ids("K7-42")
def test_clean_takes_its_own_directory_out_of_the_keyring(stored, keyring, tmp_path):
    other = tmp_path / "other"
    assert stored.get_token(f"--token-cache-dir={other}").status == 0
    assert stored.get_token("--account=work").status == 0
    assert len(keyring.items()) == 3
    result = stored.bare("clean", f"--token-cache-dir={stored.cache}")
    assert result.status == 0 and result.out == ""
    assert result.err == (f"Deleted the token cache from {stored.cache} (2 sessions)\n"
                          "Deleted the token cache from the keyring (2 refresh tokens)\n")
    assert [item["attributes"]["directory"] for item in keyring.items()] == [str(other)]
    assert stored.bare("clean", f"--token-cache-dir={stored.cache}").err.endswith("from the keyring (0 refresh tokens)\n")


@ids("K7-42")
def test_clean_finds_items_under_every_name_of_the_directory(stored, keyring, tmp_path):
    (tmp_path / "alias").symlink_to(tmp_path)
    result = stored.bare("clean", f"--token-cache-dir={tmp_path}/alias/./cache/")
    assert result.status == 0 and "(1 refresh token)" in result.err
    assert keyring.items() == []


@ids("K7-42")
def test_clean_without_the_keyring_says_what_stays_there(stored, keyring):
    """Exit status 0; another run, where the keyring can be reached, finds it although the file has gone."""
    flag = f"--token-cache-dir={stored.cache}"
    result = stored.bare("clean", flag, DBUS_SESSION_BUS_ADDRESS=None)
    assert result.status == 0
    assert "(1 session)" in result.err
    assert warnings(result) == ["1 refresh token in the keyring could not be deleted: there is no D-Bus session, and so no "
                                "keyring"]
    assert not stored.cache.exists() and len(keyring.items()) == 1
    assert "(1 refresh token)" in stored.bare("clean", flag).err
    assert keyring.items() == []


# From place to place

@ids("K7-38")
def test_a_session_on_disk_moves_into_the_keyring_when_it_is_saved(kube, keyring):
    assert kube.get_token(DISK).status == 0
    first = kube.session["refresh_token"]
    assert keyring.items() == [] and kube.get_token().err == ""
    refresh(kube)
    assert kube.session["refresh_token_in"] == "keyring" and len(keyring.items()) == 1
    assert on_disk(kube.directory, first, *keyring.tokens) == []


@ids("K7-38")
@pytest.mark.parametrize("how", ["refresh", "login"])
def test_a_session_in_the_keyring_moves_to_the_disk_when_it_is_saved(stored, keyring, how):
    if how == "refresh":
        refresh(stored, DISK)
    else:
        assert stored.run("login", DISK).status == 0
    assert "refresh_token_in" not in stored.session and stored.session["refresh_token"]
    assert keyring.items() == []
    refresh(stored, DISK)


@ids("K7-38")
def test_auto_takes_the_keyring_and_a_refresh_keeps_the_place(kube, keyring):
    assert kube.get_token(AUTO).status == 0
    assert kube.session["refresh_token_in"] == "keyring"
    refresh(kube, AUTO)
    assert kube.session["refresh_token_in"] == "keyring"
    refresh(kube, DISK)
    refresh(kube, AUTO)
    assert kube.session["refresh_token"] and keyring.items() == []


@ids("K7-38", "T-28")
def test_auto_takes_the_disk_where_there_is_no_keyring_and_says_so_once(kube):
    """A bus without a keyring; the next refresh has nothing to say, and asks nobody."""
    result = kube.get_token(AUTO)
    assert result.status == 0 and warnings(result) == []
    assert result.err.startswith("the refresh token is kept in a file of the token cache: no keyring runs in the D-Bus session")
    assert result.err.count("keyring") == 1
    refresh(kube, AUTO)
    assert kube.session["refresh_token"]


@ids("K7-38")
def test_auto_falls_back_to_the_disk_when_the_keyring_ends_between_reading_and_saving(kube, keyring, issuer):
    assert kube.get_token(AUTO).status == 0
    kube.expire()
    issuer.fault("token", delay_ms=1500)
    issuer.clear_log()
    running = kube.start("get-token", AUTO, **NO_BROWSER)
    issuer.wait_for("token")
    keyring.process.kill()
    keyring.process.wait()
    result = running.wait()
    assert result.status == 0 and "the refresh token is kept in a file of the token cache: " in result.err
    refresh(kube, AUTO)


@ids("K7-38")
def test_none_has_nothing_to_do_with_the_keyring(kube, keyring):
    result = kube.get_token("--token-cache-storage=none")
    assert result.status == 0 and "keyring" not in result.err
    assert keyring.items() == [] and not kube.cache.exists()
    assert kube.run("setup").status == 0
    assert keyring.items() == []


@ids("K7-38")
def test_without_a_refresh_token_there_is_nothing_to_keep(kube, keyring, issuer):
    result = kube.get_token("--oidc-auto-scopes=false")
    assert result.status == 0 and keyring.items() == []
    assert "refresh_token_in" not in kube.session


# Who sees what

@ids("K7-38")
def test_list_and_whoami_tell_where_the_refresh_token_rests(stored, keyring):
    flag = f"--token-cache-dir={stored.cache}"
    table = stored.bare("list", flag).out.splitlines()
    assert table[0].split()[3] == "REFRESH" and " keyring " in table[1]
    assert "is refreshed without a login, by the keyring" in stored.run("whoami").out
    assert '"refreshable":true,"refresh_token_in":"keyring"' in stored.bare("list", flag, "--output=json").out
    assert '"refresh_token_in":"keyring"' in stored.run("whoami", "--output=json").out


@ids("K7-38")
def test_whoami_asks_the_provider_with_a_token_from_the_keyring(stored, keyring):
    before, = keyring.tokens
    result = stored.run("whoami", "--userinfo")
    assert result.status == 0 and "userinfo:" in result.out and result.err == ""
    assert keyring.tokens != [before]


@ids("K7-38", "T-27")
def test_twenty_calls_at_once_cause_one_refresh(stored, keyring, issuer):
    issuer.configure(single_use_refresh="family")
    assert stored.run("login").status == 0
    stored.expire()
    issuer.clear_log()
    results = crowd.outcome(crowd.start(stored, 20, **NO_BROWSER))
    assert len(crowd.tokens(results)) == 1 and len(spent(issuer)) == 1
    refresh(stored)


@ids("K7-38")
def test_a_directory_whose_name_is_no_text_has_items_of_its_own(stored, keyring, tmp_path):
    odd = os.fsencode(tmp_path) + b"/caf\xe9"
    assert stored.get_token(b"--token-cache-dir=" + odd).status == 0
    names = sorted(item["attributes"]["directory"] for item in keyring.items())
    assert names == [str(stored.cache), f"hex:{odd.hex()}"]


@ids("K7-38", "T-32")
def test_the_refresh_token_is_in_the_keyring_before_the_file_is_replaced(stored, keyring, issuer):
    """A call that ends in between, or whose rename fails, has lost nothing."""
    first, = keyring.tokens
    stored.expire()
    log = stored.directory / "trace"
    running = stored.start("get-token", process={"before": strace(log, "-e", "trace=renameat", "-e",
                                                                  "inject=renameat:error=EIO")}, **NO_BROWSER)
    result = running.wait()
    assert result.status == 0 and warnings(result)[0].startswith("the refreshed token could not be saved: ")
    assert keyring.tokens != [first] and stored.session["id_token"] != result.token
    assert refresh(stored).status == 0


@ids("K7-88")
def test_the_kubeconfig_of_the_peers_system_test_works_unchanged(stored, keyring, issuer):
    """Its flags: issuer by https with a CA of its own, a secret, the scope email, the keyring, a command for the browser."""
    issuer.configure(client_secret="YOUR_CLIENT_SECRET")
    browser = stored.environment.pop("BROWSER")
    link = stored.directory / "kubectl-oidc_login"
    link.symlink_to(stored.path)
    stored.path, kept = link, stored.flags
    stored.flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes", "--oidc-client-secret=YOUR_CLIENT_SECRET",
                    "--oidc-extra-scope=email", f"--certificate-authority={issuer.ca_file}", "--token-cache-storage=keyring",
                    f"--browser-command={browser}"]
    cache = stored.directory / "home/.kube/cache/latchkey"
    result = stored.get_token()
    assert result.status == 0 and result.claims["email"] == "alice@example.com"
    assert [item["attributes"]["directory"] for item in keyring.items() if item["attributes"]["directory"] == str(cache)]
    assert stored.get_token(**NO_BROWSER).token == result.token
    stored.flags = kept


@ids("K7-38")
@pytest.mark.parametrize("setting", ["XDG_RUNTIME_DIR", "with an address beside it"])
def test_the_bus_is_found_in_the_runtime_directory(kube, issuer, tmp_path_factory, setting):
    runtime = tmp_path_factory.mktemp("run") / "a; b=c,%é"
    runtime.mkdir(mode=0o700)
    bus = Bus(runtime)
    try:
        keyring = Keyring(bus)
        address = "" if setting != "XDG_RUNTIME_DIR" else None
        result = kube.get_token(DBUS_SESSION_BUS_ADDRESS=address, XDG_RUNTIME_DIR=str(runtime))
        assert result.status == 0 and warnings(result) == []
        assert len(keyring.items()) == 1
    finally:
        bus.end()


def test_version_tells_the_library(kube):
    out = kube.bare("version", "--verbose").out
    assert "libsecret      0." in out and "libqrencode    4." in out


def test_the_binary_names_the_library_for_packagers(kube):
    notes = subprocess.run(["readelf", "-p", ".note.dlopen", kube.path], capture_output=True, text=True, check=True).stdout
    assert "libsecret-1.so.0" in notes
