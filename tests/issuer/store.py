# SPDX-License-Identifier: Apache-2.0
"""What the server remembers: sessions, codes, tokens, device codes. Plain values, so that a restart can keep them."""

import hashlib
import json
import secrets
import string
import uuid
from pathlib import Path

ALPHANUMERIC = string.ascii_letters + string.digits
DEVICE_ALPHABET = ALPHANUMERIC + string.punctuation
# Each of these breaks a client that does not percent-encode its form.
DEVICE_TRAPS = "&%+#=\"\\"


def random_text(length, alphabet=ALPHANUMERIC):
    return "".join(secrets.choice(alphabet) for _ in range(length))


def device_code():
    """128 characters with every trap at least once, not at the ends."""
    characters = [secrets.choice(DEVICE_ALPHABET) for _ in range(128)]
    places = secrets.SystemRandom().sample(range(1, 127), len(DEVICE_TRAPS))
    for place, trap in zip(places, DEVICE_TRAPS):
        characters[place] = trap
    return "".join(characters)


class Store:
    """Records by their secret. `consents` holds who agreed to what."""

    NAMES = ("sessions", "codes", "refresh", "access", "devices", "consents", "mappings")

    def __init__(self):
        self.sessions, self.codes, self.refresh = {}, {}, {}
        self.access, self.devices, self.consents, self.mappings = {}, {}, {}, {}
        self.device_starts = {}

    def new_session(self, user, now):
        """Log a user in; gives the cookie value."""
        cookie = "eyJ" + secrets.token_urlsafe(48)
        self.sessions[cookie] = {"user": user, "auth_time": int(now), "fresh": True,
                                 "sid": hashlib.sha256(cookie.encode()).hexdigest()}
        return cookie

    def new_code(self, record):
        code = uuid.uuid4().hex
        self.codes[code] = record
        return code

    def new_refresh(self, record):
        token = random_text(128)
        self.refresh[token] = record
        return token

    def new_device(self, record):
        code = device_code()
        self.devices[code] = record
        return code

    def has_sid(self, sid):
        return any(session["sid"] == sid for session in self.sessions.values())

    def logout(self, user):
        """End the sessions of a user (None: of everybody) and the access tokens that came from them."""
        gone = {cookie: item for cookie, item in self.sessions.items() if user in (None, item["user"])}
        for cookie in gone:
            del self.sessions[cookie]
        sids = {item["sid"] for item in gone.values()}
        self.access = {key: item for key, item in self.access.items() if item["sid"] not in sids}

    def forget_user(self, user):
        """What happens to tokens when their user is disabled: they are deleted for good."""
        for name in ("refresh", "access", "devices", "codes"):
            records = getattr(self, name)
            setattr(self, name, {key: item for key, item in records.items() if item.get("user") != user})

    def revoke_family(self, family):
        for record in self.refresh.values():
            if record["family"] == family:
                record["revoked"] = True

    def save(self, path):
        state = {name: getattr(self, name) for name in self.NAMES}
        Path(path).write_text(json.dumps(state), encoding="utf-8")

    def load(self, path):
        if Path(path).exists():
            for name, value in json.loads(Path(path).read_text(encoding="utf-8")).items():
                setattr(self, name, value)
