"""Makes the frozen word and letter-group weights of a model version, run by hand.

    python tests/benchmarks/screening_words.py DIR OUT

DIR is a folder of public lists, OUT a folder of `data/screening/`. How common a word is comes from
the OFAC list and, for words that are common among honest partners, from the parts of clean names
in `tests/data/screening/parts.csv` (U.S. Census 1990 name files and general trade words).
"""

from __future__ import annotations

import csv
import math
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from tasks.screening.groups import GROUPS, group_codes  # noqa: E402
from tasks.screening.names import form_words, words  # noqa: E402
from tasks.screening.spelling import skeleton  # noqa: E402
from tests.benchmarks.ofac_folder import listed_names  # noqa: E402
from tests.benchmarks.perturb import ADDED, DATA  # noqa: E402

CORPUS = 30_000
"""Names that frequencies refer to."""
COMMON = 150
"""Names in CORPUS that a general trade word, place or foreign name part is taken to stand in."""

LEAST_SURPRISE = 0.35
"""Letter groups met in more than about one name of 35 find nothing and cost most of the search."""


def clean_counts() -> Counter[str]:
    counts: Counter[str] = Counter()
    with (DATA / "parts.csv").open(encoding="utf-8") as source:
        for row in csv.DictReader(source):
            census = row["kind"] in ("given-us", "family-us")
            for word in words(row["part"]).content:
                counts[word] = max(
                    counts[word], round(float(row["share"]) * 300) if census else COMMON
                )
    for word in ADDED:
        counts[word] = max(counts[word], COMMON)
    return counts


def word_weights(names: list[str]) -> dict[str, float]:
    """Word -> 0..1: the share of surprise that meeting it holds, 1 for a word met at most once."""
    listed: Counter[str] = Counter()
    for name in names:
        listed.update(set(words(name).all))
    clean = clean_counts()
    weights = {}
    for word in listed | clean:
        count = max(listed[word], clean[word])
        if count > 1:
            weights[word] = round(math.log(CORPUS / count) / math.log(CORPUS), 3)
    return {**weights, **dict.fromkeys(form_words(), 0.05)}


def group_weights(names: list[str], weights: dict[str, float]) -> np.ndarray:
    """Weight of each letter group: rare groups weigh more, the commonest nothing."""
    import scipy.sparse as sp

    total = np.zeros(GROUPS)
    for name in names:
        content = words(name).content
        if not content:
            continue
        texts = np.array(content, dtype=object)
        heard = np.array([skeleton(word) for word in content], dtype=object)
        found = sp.csr_matrix(group_codes(texts, 0) + group_codes(heard, GROUPS // 2))
        total[np.unique(found.indices)] += 1
    surprise = np.log(len(names) / np.maximum(total, 1.0)) / math.log(len(names))
    surprise[surprise < LEAST_SURPRISE] = 0.0
    return np.rint(surprise * 1000).astype(int)


def main(folder: Path, out: Path) -> None:
    """Write `words.csv` and `groups.csv` (only groups that the list holds)."""
    names = listed_names(folder / "sdn.csv", folder / "alt.csv")["name"].to_pylist()
    weights = word_weights(names)
    groups = group_weights(names, weights)
    out.mkdir(parents=True, exist_ok=True)
    with (out / "words.csv").open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("word", "weight"))
        writer.writerows(sorted(weights.items()))
    with (out / "groups.csv").open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("group", "weight"))
        writer.writerows((n, w) for n, w in enumerate(groups.tolist()) if w != 1000)
    print(f"{len(weights)} words, {len(groups)} groups -> {out}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
