# SPDX-License-Identifier: Apache-2.0
"""Writes the asymmetric vectors of Wycheproof in the runner's form: wycheproof.py FOLDER OUTPUT."""
import json
import os
import sys

import vectors

# Their key says another algorithm than the valid token, so they are not valid by our rules.
CONTRADICTORY = {346, 347, 350, 351}
COUNTS = {"json_web_signature_test.json": 357, "json_web_key_test.json": 12}


def key_set(group):
    """Public keys only; what a group calls private holds shared secrets, or public keys beside them."""
    keys = group.get("public") or group["private"]
    return keys if "keys" in keys else {"keys": [keys]}


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        groups = json.load(file)["testGroups"]
    found = []
    for group in groups:
        keys = key_set(group)
        if all(key["kty"] == "oct" for key in keys["keys"]):
            continue
        for test in group["tests"]:
            if name.startswith("json_web_signature") and test["tcId"] in CONTRADICTORY:
                continue
            vector = {"id": f"{name[9:12]}-{test['tcId']}", "name": test["comment"], "level": "bytes",
                      "rules": ["IDT-01", "B2"], "expect": "ok" if test["result"] == "valid" else "reject",
                      "jwks": json.dumps(keys)}
            vectors.put_text(vector, "token", test["jws"])
            found.append(vector)
    if len(found) != COUNTS[name]:
        sys.exit(f"{name} has {len(found)} vectors, not {COUNTS[name]}")
    return found


def main():
    folder, output = sys.argv[1:]
    with open(output, "w", encoding="utf-8") as file:
        for name in COUNTS:
            for vector in read(folder, name):
                file.write(json.dumps(vector) + "\n")


if __name__ == "__main__":
    main()
