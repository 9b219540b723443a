# SPDX-License-Identifier: Apache-2.0
"""What `latchkey setup` prints is taken over as it is, by kubectl itself, and kubectl then works."""

import json
import os
import subprocess

import pytest
from kubectl import KEPT, LIMIT, latchkey
from names import NAMESPACE, SECRET, application

AWKWARD = ["--oidc-extra-scope=email,profile", '--oidc-extra-scope="a,b"', "--oidc-auth-request-extra-params=ttl=1,2",
           '--oidc-auth-request-extra-params="q=it\'s $(id) `id` \\ !1=~,*"']


class NewUser:
    """Somebody whose kubeconfig knows the cluster, and no user."""

    def __init__(self, person, server):
        self.person = person
        self.config = person.home / "config of a new user"
        self.config.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": server.url, "certificate-authority": server.authority.file}}],
            "contexts": [{"name": "test", "context": {"cluster": "test"}}]}))
        self.environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {
            "HOME": str(person.home), "KUBECONFIG": str(self.config), "PATH": ":".join(person.path),
            "BROWSER": str(person.browser)}

    def run(self, *words, **more):
        done = subprocess.run(words, env=self.environment | more, cwd=self.person.home, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def setup(self, *flags, url=None, client="kubernetes", **more):
        return self.run(latchkey(), "setup", f"--oidc-issuer-url={url or self.person.issuer.url}", f"--oidc-client-id={client}",
                        f"--certificate-authority={self.person.issuer.ca_file}",
                        f"--token-cache-dir={self.person.home}/it's a cache, new", *flags, **more)

    def paste(self, text):
        """Everything from the command on, comments included, into a shell."""
        return self.run("sh", "-ec", text[text.index("kubectl config set-credentials"):])

    def user(self, config=None):
        """The exec entry as kubectl understands it."""
        view = json.loads(self.run("kubectl", "config", "view", "--raw", "-o", "json",
                                   **({"KUBECONFIG": str(config)} if config else {})))
        (entry,) = [user["user"]["exec"] for user in view["users"] if user["name"] == "oidc"]
        return entry

    def namespaces(self):
        return self.run("kubectl", "get", "namespaces", "-o", "name").splitlines()


@pytest.fixture
def new_user(person, servers):
    return NewUser(person, servers["flags"])


@pytest.mark.ids("K7-83")
def test_the_command_is_pasted_and_kubectl_works(new_user, allowed):
    new_user.paste(new_user.setup(*AWKWARD))
    assert f"namespace/{NAMESPACE}" in new_user.namespaces()
    assert new_user.person.opened() == 2  # setup kept nothing
    assert f"namespace/{NAMESPACE}" in new_user.namespaces()
    assert new_user.person.opened() == 2


def test_the_entry_as_yaml_is_what_the_command_makes(new_user, allowed):
    text = new_user.setup(*AWKWARD)
    new_user.paste(text)
    file = new_user.person.home / "user.yaml"
    file.write_text(text[text.index("users:\n"):].split("\n\n")[0] + "\n")
    written, read = new_user.user(), new_user.user(file)
    assert read.pop("installHint")
    assert {name: value for name, value in written.items() if value is not None} == \
        {name: value for name, value in read.items() if value is not None}
    assert written["args"][-1] == '--oidc-auth-request-extra-params="q=it\'s $(id) `id` \\ !1=~,*"'
    assert written["interactiveMode"] == "IfAvailable"


@pytest.mark.parametrize("how", ["yaml", "command"])
def test_a_secret_in_a_file_is_found_from_the_entry(person, servers, issuer, allowed, how):
    new_user = NewUser(person, servers["file"])
    secret = person.home / "the, secret"
    secret.write_text(SECRET)
    text = new_user.setup(url=application(issuer, "secret"), client="secret", LATCHKEY_OIDC_CLIENT_SECRET_FILE=str(secret))
    if how == "command":
        new_user.paste(text)
    else:
        file = person.home / "user.yaml"
        file.write_text(text[text.index("users:\n"):].split("\n\n")[0] + "\n")
        new_user.environment["KUBECONFIG"] = f"{new_user.config}:{file}"
        new_user.run("kubectl", "config", "set-context", "--current", "--user=oidc")
    assert SECRET not in text
    assert f"namespace/{NAMESPACE}" in new_user.namespaces()


@pytest.mark.parametrize(("words", "candidates"), [
    (["get-t"], ["get-token"]), (["get-token", "--grant-type=dev"], ["device-code"]),
    (["get-token", "--grant-type", "dev"], ["device-code"]), (["login", "--oidc-issuer"], ["--oidc-issuer-url"])])
@pytest.mark.parametrize("plugin", ["oidc-login", "latchkey"])
def test_kubectl_completes_what_comes_after_the_plugin(new_user, tmp_path, plugin, words, candidates):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in (f"kubectl-{plugin.replace('-', '_')}", f"kubectl_complete-{plugin.replace('-', '_')}"):
        (folder / name).symlink_to(latchkey())
    out = new_user.run("kubectl", "__complete", plugin, *words, PATH=f"{folder}:{':'.join(new_user.person.path)}")
    *lines, directive = out.splitlines()
    assert ([line.split("\t")[0] for line in lines], directive) == (candidates, ":4")
