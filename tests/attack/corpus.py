# SPDX-License-Identifier: Apache-2.0
"""Writes the attack vectors, one JSON object per line: corpus.py FOLDER OUTPUT. FOLDER keeps the throw-away keys."""
import json
import os
import sys

import vectors_algorithm
import vectors_claims
import vectors_curve
import vectors_key_set
import vectors_rsa
import vectors_structure
from keys import Keys
from vectors import Corpus

COUNT = 668


def main():
    folder, output = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    corpus = Corpus(Keys(folder))
    for module in (vectors_structure, vectors_algorithm, vectors_rsa, vectors_curve, vectors_claims, vectors_key_set):
        module.add_all(corpus)
    counts = " ".join(f"A-{family} {count}" for family, count in sorted(corpus.counts.items()))
    print(f"{len(corpus.vectors)} vectors: {counts}")
    if len(corpus.vectors) != COUNT:
        sys.exit(f"the corpus has {len(corpus.vectors)} vectors, not {COUNT}: change COUNT if that is meant")
    with open(output, "w", encoding="utf-8") as file:
        for vector in corpus.vectors:
            file.write(json.dumps(vector, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
