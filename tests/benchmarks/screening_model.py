"""Makes a model version: word weights, trees, thresholds. Run by hand.

    pip install faker==40.54.0 scikit-learn==1.9.1
    python tests/benchmarks/screening_model.py DIR data/screening/model-N
    python tests/benchmarks/screening_model.py DIR --pairs-only

DIR is a folder of OFAC files. Positive pairs are changed names of the records with an even number,
negative ones the best pairs of clean names (half of them put together from shipped parts, half from
Faker's countries FIRST). Measured on the records with an odd number, other clean names, and the
countries SECOND. Trained with FORGET of the clean words forgotten, since partners have words that
no table holds. Names are read with the tables of the version in use, which belong in the new folder
too. Everything comes from SEED, so that the same versions of the libraries make the same model.
`--pairs-only` measures the pairs with the model in use and trains nothing: neither library is needed.
"""

from __future__ import annotations

import dataclasses
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

from tasks.screening.matching.candidate_pairs import find_candidates, group_product, pair_blocks
from tasks.screening.matching.name_block import NameBlock, build_block
from tasks.screening.matching.name_words import MODEL, latin
from tasks.screening.matching.pair_features import measure_pairs, plausible_pairs
from tasks.screening.matching.scoring_model import FEATURES, LIMITS, ScoringModel, load_model, read_weights
from tests.benchmarks.ofac_folder import listed_names
from tests.benchmarks.perturb import clean
from tests.benchmarks.screening_queries import eighths
from tests.benchmarks.screening_words import group_weights, word_weights, write_weights

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

SEED = 20261125
EACH = 3000
CLEAN = 30_000
FORGET = 0.4
WORST = 3
"""Best pairs of a clean name that are shown as negatives."""
ALERTS = 0.01
"""Share of clean names that may alert."""
STRONG = 0.0005
"""Share of clean names that may be strong hits."""
FIRST = (
    "en_US", "es_MX", "de_DE", "fr_FR", "pl_PL", "tr_TR", "en_IN", "nl_NL", "pt_BR", "hr_HR",
    "ar_PS", "uk_UA", "zh_CN", "sv_SE", "es_CL", "el_GR", "ro_RO",
)  # fmt: skip
SECOND = (
    "en_GB", "es_CO", "it_IT", "de_AT", "fr_BE", "cs_CZ", "id_ID", "fi_FI", "ru_RU", "ar_AA",
    "es_ES", "hu_HU", "pt_PT", "bg_BG", "ka_GE", "en_PH", "ko_KR", "az_AZ",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """Pairs of a set of names: features, the name of each pair, and its listed row."""

    features: np.ndarray
    name: np.ndarray
    row: np.ndarray
    names: int

    def take(self, mask: np.ndarray) -> Measured:
        return Measured(self.features[mask], self.name[mask], self.row[mask], self.names)

    def best(self, score: np.ndarray) -> np.ndarray:
        """Best score of each name, -99 for a name without a pair."""
        result = np.full(self.names, -99.0)
        np.maximum.at(result, self.name, score)
        return result


def measured(names: list[str], listed: NameBlock, model: ScoringModel, least: float) -> Measured:
    parts: list[tuple[np.ndarray, ...]] = []
    for first in range(0, len(names), 4000):
        block = build_block(names[first : first + 4000], model)
        facing = pair_blocks(block, listed)
        pairs = find_candidates(facing, np.arange(len(block)), least)
        pairs = pairs.take(plausible_pairs(facing, pairs))
        features = measure_pairs(facing, pairs, group_product(facing, pairs)).features
        parts.append((features, pairs.left + first, pairs.right))
    return Measured(*(np.concatenate(part) for part in zip(*parts, strict=True)), len(names))


def faker_names(count: int, countries: tuple[str, ...]) -> list[str]:
    """Persons and companies of these countries in Latin letters."""
    from faker import Faker

    Faker.seed(SEED)
    makers = [Faker(country) for country in countries]
    dice = random.Random(SEED)
    return [latin(dice.choice(makers).name() if n % 2 else dice.choice(makers).company()) for n in range(count)]


def hardest(pairs: Measured, score: np.ndarray, count: int) -> np.ndarray:
    """Places of the `count` best pairs of each name."""
    order = np.lexsort((-score, pairs.name))
    name = pairs.name[order]
    return order[np.arange(len(order)) - np.searchsorted(name, name) < count]


def train(positive: Measured, negative: Measured) -> HistGradientBoostingClassifier:
    """Twice: the pairs shown are first those with most in common, then those the trees hold best."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    plus, minus = positive.features[:, 2], negative.features[:, 2]
    for _ in range(2):
        shown_plus, shown_minus = hardest(positive, plus, 1), hardest(negative, minus, WORST)
        trees = HistGradientBoostingClassifier(
            max_iter=160, max_leaf_nodes=12, learning_rate=0.1, min_samples_leaf=40,
            l2_regularization=1.0, monotonic_cst=[1] * len(FEATURES), early_stopping=False,
            random_state=SEED % 2**31,
        )  # fmt: skip
        shown = np.concatenate([positive.features[shown_plus], negative.features[shown_minus]])
        trees.fit(shown, np.repeat([1, 0], [len(shown_plus), len(shown_minus)]))
        plus = trees.decision_function(positive.features)
        minus = trees.decision_function(negative.features)
    return trees


def plain_trees(trees: HistGradientBoostingClassifier) -> dict:
    """The trees as columns of plain numbers; numbers of nodes count through all trees."""
    nodes: dict[str, list] = {name: [] for name in ("feature", "limit", "low", "high", "value")}
    roots = []
    for step in trees._predictors:
        first = len(nodes["feature"])
        roots.append(first)
        for node in step[0].nodes:
            leaf = bool(node["is_leaf"])
            nodes["feature"].append(-1 if leaf else int(node["feature_idx"]))
            nodes["limit"].append(0 if leaf else float(np.float32(node["num_threshold"])))
            nodes["low"].append(0 if leaf else first + int(node["left"]))
            nodes["high"].append(0 if leaf else first + int(node["right"]))
            nodes["value"].append(round(float(node["value"]), 5) if leaf else 0)
    return {"features": list(FEATURES), "roots": roots, "nodes": nodes}


def pairs_only(folder: Path, each: int = EACH, clean_names: int = CLEAN) -> dict[str, int]:
    """How many pairs changed names and clean names come to with the model in use, and how many changed
    names have their own record among them. Needs neither scikit-learn nor Faker."""
    listed, queries = eighths(listed_names(folder / "sdn.csv", folder / "alt.csv"), each, SEED)
    model = load_model()
    block = build_block(listed["name"].to_pylist(), model)
    changed = measured([query.name for query in queries], block, model, LIMITS["least"])
    honest = measured(clean(clean_names // 2, SEED), block, model, LIMITS["least"])
    record = np.array(listed["record"].to_pylist())
    wanted = np.array([query.record for query in queries])
    right = changed.take(record[changed.row] == wanted[changed.name])
    return {
        "queries": len(queries),
        "pairs": len(changed.name),
        "right": len(np.unique(right.name)),
        "clean": honest.names,
        "clean_pairs": len(honest.name),
        "shown": len(hardest(honest, honest.features[:, 2], WORST)),
    }


def main(folder: Path, out: Path) -> None:
    names = listed_names(folder / "sdn.csv", folder / "alt.csv")
    texts = names["name"].to_pylist()
    groups = group_weights(texts)
    pairs = list(zip(names["record"].to_pylist(), texts, strict=True))
    full = read_weights(MODEL, word_weights(pairs), groups / 1000)
    forgetful = dataclasses.replace(full, words=word_weights(pairs, FORGET))
    listed, queries = eighths(names, EACH, SEED)
    even = np.array([int(query.record) % 2 == 0 for query in queries])
    wanted = np.array([query.record for query in queries])
    record = np.array(listed["record"].to_pylist())
    sets = {}
    for key, model in (("forgetful", forgetful), ("full", full)):
        block = build_block(listed["name"].to_pylist(), model)
        found = measured([query.name for query in queries], block, model, LIMITS["least"])
        right = record[found.row] == wanted[found.name]
        sets[key] = {
            "query": found.take(right),
            "own": measured(clean(CLEAN // 2, SEED), block, model, LIMITS["least"]),
            "own other": measured(clean(CLEAN // 2, SEED + 1), block, model, LIMITS["least"]),
            "first": measured(faker_names(CLEAN // 2, FIRST), block, model, LIMITS["least"]),
            "second": measured(faker_names(CLEAN // 2, SECOND), block, model, LIMITS["least"]),
        }
        print(key, {name: len(part.name) for name, part in sets[key].items()}, flush=True)
    shown = sets["forgetful"]
    positive = shown["query"].take(even[shown["query"].name])
    own, first = shown["own"], shown["first"]
    negative = Measured(
        np.concatenate([own.features, first.features]),
        np.concatenate([own.name, first.name + own.names]),
        np.concatenate([own.row, first.row]),
        own.names + first.names,
    )
    trees = train(positive, negative)
    limits = thresholds(trees, sets, even, np.array([query.kind for query in queries]))
    body = plain_trees(trees) | limits
    write_weights(out, full.words, groups)
    text = json.dumps({"limits": LIMITS, "trees": body}, separators=(",", ":"))
    (out / "model.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(text):,} bytes of trees -> {out}")


def thresholds(trees, sets: dict, even: np.ndarray, kinds: np.ndarray) -> dict[str, float]:
    """Shift and scale that bring the alert threshold to LIMITS' scores; prints what is reached."""
    base = float(trees._baseline_prediction.ravel()[0])
    alerts, strong = [], []
    for key, parts in sets.items():
        score = {name: part.best(trees.decision_function(part.features)) for name, part in parts.items()}
        clean_scores = np.concatenate([score["own other"], score["second"]])
        alerts.append(np.quantile(clean_scores, 1 - ALERTS))
        strong.append(np.quantile(clean_scores, 1 - STRONG))
        hit = score["query"] > alerts[-1]
        print(
            f"{key}: recall on the other half {hit[~even].mean():.4f} at {ALERTS:.1%} alerts; "
            + ", ".join(f"{name} {np.mean(score[name] > alerts[-1]):.4f}" for name in parts if name != "query")
        )
        for kind in dict.fromkeys(kinds.tolist()):
            print(f"  {kind} {hit[~even & (kinds == kind)].mean():.3f}")
    low, high = float(np.mean(alerts)), float(np.mean(strong))
    logit = {name: float(np.log(LIMITS[name] / (0.97 - LIMITS[name]))) for name in ("alert", "strong")}
    scale = (high - low) / (logit["strong"] - logit["alert"])
    return {"shift": round(low - logit["alert"] * scale - base, 6), "scale": round(scale, 6)}


if __name__ == "__main__":
    if sys.argv[2] == "--pairs-only":
        print(json.dumps(pairs_only(Path(sys.argv[1]))))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
