"""Writes down a new model version for the tests that hold it, run by hand once a version.

python tests/benchmarks/freeze_model.py VERSION
"""

from __future__ import annotations

import csv
import hashlib
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tasks.screening.matching.matcher import explain_pairs
from tests.benchmarks.perturb import CHANGES, DATA, clean

PAIRS = 120


def rows(name: str, folder: Path = DATA) -> list[list[str]]:
    path = folder / name
    return list(csv.reader(path.open(encoding="utf-8")))[1:] if path.exists() else []


def write(folder: Path, name: str, head: tuple[str, ...], found: list[list[str]]) -> None:
    with (folder / name).open("w", newline="", encoding="utf-8") as target:
        csv.writer(target, lineterminator="\n").writerows([head, *found])


def main(version: str, target: Path = DATA, pairs: int = PAIRS) -> None:
    """Append the version's digests and scores to the files in `target`; refuses one that is already
    written down."""
    digests, scores = rows("frozen_models.csv", target), rows("frozen_scores.csv", target)
    if version in {row[0] for row in digests}:
        sys.exit(f"model {version} is frozen already: a change is a new version")
    folder = ROOT / "data" / "screening" / f"model-{version}"
    for path in sorted(folder.iterdir()):
        digests.append([version, path.name, hashlib.sha256(path.read_bytes()).hexdigest()])
    dice = random.Random(version)
    listed = [row[1] for row in rows("listed.csv")]
    changes = list(CHANGES.values())
    for name in dice.sample(listed, pairs):
        other = dice.choice(changes)(name.upper(), dice) if dice.random() < 0.7 else clean(1, dice.randrange(9**9))[0]
        scores.append([version, other, name, f"{explain_pairs(other, name, version)['score']:.4f}"])
    write(target, "frozen_models.csv", ("model", "file", "sha256"), digests)
    write(target, "frozen_scores.csv", ("model", "partner", "listed", "score"), scores)


if __name__ == "__main__":
    main(sys.argv[1])
