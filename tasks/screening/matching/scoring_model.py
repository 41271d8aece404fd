"""A model version: the frozen weights behind every score, read from `data/screening/<version>/`.

`legal_forms.csv`, `titles.csv`, `look_alikes.csv`: see `name_words.py`. `words.csv`: word, weight 0..1
(rarer is heavier; a word that is not there weighs `rare`). `groups.csv`: letter group, weight in
thousandths. `model.json`: limits, names of the features, trees.
A version is never edited: a change of weights is a new folder, and old ones stay loadable, so
that a screening of years ago can be done again.

Monotone trees make one score 0..1 of the features: more in common never lowers it. Names with the same
words but for order and legal form, or the same letters but for spaces, score at least SAME_WORDS
whatever the trees say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources.abc import Traversable

import numpy as np

from tasks.core.errors import BadInput, Problem
from tasks.screening.matching.name_words import GROUPS, MODEL, model_folder

FEATURES = (
    "listed_covered", "partner_covered", "least_covered", "groups", "weight_matched", "weight_equal",
    "listed_unmatched", "partner_unmatched", "glued", "sorted", "best_word", "words_matched", "letters_matched",
    "distinctive_covered", "length", "listed_missing", "partner_missing", "weight_shared", "partner_shared",
    "groups_shared", "groups_of_listed", "groups_of_partner", "second_word",
)  # fmt: skip
"""Features in the order of their columns. A model names those it uses; new ones go to the end."""


@dataclass(frozen=True)
class Likeness:
    """Features of pairs (pairs x FEATURES, float32), and the plain facts the rules use."""

    features: np.ndarray
    equal: np.ndarray
    """Same words but for legal form and order."""
    glued: np.ndarray
    """Same letters but for spaces and legal form."""
    contained: np.ndarray
    """All distinctive words of the listed name occur."""


MOST_ALIKE = 0.97
"""Score that likeness alone comes near to and never reaches."""
SAME_WORDS = 0.99
SAME_LETTERS = 0.98
LOOK, FEWER = 10, 0.8
"""Every so many trees it is looked whether at most this share of the pairs can still come to a hit."""


@dataclass(frozen=True)
class ScoreTrees:
    """Node n of a tree: `feature[n]` at most `limit[n]` goes to `low[n]`, else to `high[n]`.

    A node whose `feature` is -1 is a leaf that adds `value[n]`.
    """

    feature: np.ndarray
    limit: np.ndarray
    """float32, as features are."""
    low: np.ndarray
    high: np.ndarray
    value: np.ndarray
    roots: np.ndarray

    @cached_property
    def most(self) -> np.ndarray:
        """What each tree and all after it can add at most."""
        leaves = [self._highest(int(root)) for root in self.roots]
        return np.cumsum(leaves[::-1])[::-1]

    def raw(self, features: np.ndarray, least: float, anyway: np.ndarray) -> np.ndarray:
        """float64, sum of the leaves that each row of `features` falls in; -inf for a row that
        cannot come to `least`, unless it is wanted `anyway`."""
        columns, rows = np.asfortranarray(features), np.arange(len(features))
        total = np.zeros(len(features))
        for n, root in enumerate(self.roots):
            if n % LOOK == 0 and len(rows):
                able = (total + self.most[n] > least - 1e-6) | anyway[rows]
                if able.mean() < FEWER:
                    rows, total = rows[able], total[able]
                    columns = np.asfortranarray(columns[able])
            total += self._value(int(root), columns)
        result = np.full(len(features), -np.inf)
        result[rows] = total
        return result

    def _value(self, node: int, columns: np.ndarray) -> np.ndarray | float:
        feature = int(self.feature[node])
        if feature < 0:
            return float(self.value[node])
        return np.where(
            columns[:, feature] <= self.limit[node],
            self._value(int(self.low[node]), columns),
            self._value(int(self.high[node]), columns),
        )

    def _highest(self, node: int) -> float:
        if self.feature[node] < 0:
            return float(self.value[node])
        return max(self._highest(int(side[node])) for side in (self.low, self.high))


@dataclass(frozen=True)
class Scorer:
    """Scores of one model version. `shift` and `scale` bring the sum of the trees to 0..1."""

    trees: ScoreTrees
    shift: float
    scale: float

    def scores(self, like: Likeness, floor: float = 0.0) -> np.ndarray:
        """float64 rounded to four places, so that a stored score compares equal years later. A pair
        whose score is below `floor` may be returned as 0, unless a rule concerns it."""
        anyway = like.equal | like.glued | like.contained
        raw = (self.trees.raw(like.features, self._least(floor), anyway) - self.shift) / self.scale
        score = MOST_ALIKE / (1 + np.exp(-np.clip(raw, -30, 30)))
        score = np.where(like.glued, np.maximum(score, SAME_LETTERS), score)
        score = np.where(like.equal, np.maximum(score, SAME_WORDS), score)
        return np.round(score, 4)

    def _least(self, floor: float) -> float:
        """Sum of the trees below which a score, rounded, is below `floor`."""
        share = (floor - 1e-4) / MOST_ALIKE
        if share <= 0:
            return -np.inf
        return np.inf if share >= 1 else self.shift + self.scale * np.log(share / (1 - share))


def shift_scores(scores: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Scores of likeness moved by so many logits, and still below MOST_ALIKE."""
    share = np.clip(scores / MOST_ALIKE, 1e-6, 1 - 1e-6)
    return np.round(MOST_ALIKE / (1 + (1 - share) / share * np.exp(-by)), 4)


def read_scorer(body: dict) -> Scorer:
    """A scorer from the `trees` part of `model.json`, whose nodes number its own `features`.

    A newer program may know more features than an old model uses. Raises ValueError for a model
    that uses one the program does not know.
    """
    unknown = sorted(set(body["features"]) - set(FEATURES))
    if unknown:
        raise ValueError(f"the model uses features this program does not know: {unknown}")
    column = np.array([*(FEATURES.index(name) for name in body["features"]), -1])
    nodes = {name: np.array(values) for name, values in body["nodes"].items()}
    trees = ScoreTrees(
        column[nodes["feature"]],
        _below(nodes["limit"].astype(np.float64)),
        nodes["low"],
        nodes["high"],
        nodes["value"].astype(np.float64),
        np.array(body["roots"]),
    )
    return Scorer(trees, body["shift"], body["scale"])


def _below(limits: np.ndarray) -> np.ndarray:
    """The largest float32 up to each limit: a float32 is at most the one if at most the other."""
    near = limits.astype(np.float32)
    return np.where(near > limits, np.nextafter(near, np.float32(-np.inf)), near)


NO_SCORER = Scorer(ScoreTrees(*(np.zeros(0) for _ in range(6))), 0.0, 1.0)
"""Without trees: every score is the same."""


@dataclass(frozen=True)
class ScoringModel:
    version: str
    words: dict[str, float]
    group_weight: np.ndarray
    scorer: Scorer
    rare: float
    """Weight of a word that the table does not have."""
    distinctive: float
    """Weight from which a word is distinctive."""
    form_share: float
    """Share of their weight that letter groups of a legal form keep."""
    least: float
    """Letter-group product (0..1) from which a pair is measured."""
    alert: float
    """Score from which a pair of names is a hit."""
    strong: float
    """Score from which a hit is strong: two persons decide on it."""
    enough: float
    """Weight that the distinctive words of a listed name need to be an alert by themselves."""

    grey: float
    sure: float
    """Scores between which the model is not sure, and a second opinion is asked."""
    opinion: float
    """What a second opinion of 1 adds beside one of 0, in logits."""

    def judge(self, like: Likeness, floor: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Score of each pair, and where all distinctive words of the listed name make an alert.

        Such a pair scores at least `alert`, the more alike it is otherwise, the more. A score below
        `floor` may be returned as 0.
        """
        scores = self.scorer.scores(like, floor)
        equal = like.features[:, FEATURES.index("weight_equal")]
        contained = like.contained & (equal >= self.enough)
        least = np.round(self.alert + (self.strong - self.alert) / 2 * scores, 4)
        return np.where(contained, np.maximum(scores, least), scores), contained

    def weight(self, word: str) -> float:
        return self.words.get(word, self.rare)


LIMITS = {
    "rare": 1.0,
    "distinctive": 0.74,
    "form_share": 0.25,
    "least": 0.3,
    "alert": 0.6,
    "strong": 0.85,
    "enough": 1.5,
    "grey": 0.45,
    "sure": 0.8,
    "opinion": 0.6,
}
"""Limits that a new model version is made with; each version keeps its own in `model.json`."""


@cache
def load_model(version: str = MODEL) -> ScoringModel:
    """The model of that version. Raises BadInput for a version that is not shipped."""
    where = model_folder(version)
    if not (where / "model.json").is_file():
        problem = Problem(column="model", value=version, code="model-version-unknown")
        raise BadInput("model-not-usable", [problem])
    body = json.loads((where / "model.json").read_text(encoding="utf-8"))
    groups = np.ones(GROUPS)
    for number, weight in _rows(where / "groups.csv"):
        groups[int(number)] = int(weight) / 1000
    words = {word: float(weight) for word, weight in _rows(where / "words.csv")}
    return ScoringModel(version, words, groups, read_scorer(body["trees"]), **body["limits"])


def _rows(path: Traversable) -> Iterator[list[str]]:
    """The two cells of each row; plain words and numbers, which need no CSV reader."""
    return (line.split(",") for line in path.read_text(encoding="utf-8").splitlines()[1:])


def read_weights(version: str, words: dict[str, float], groups: np.ndarray) -> ScoringModel:
    """A model whose trees are still to be made: it weighs names and cannot score them."""
    return ScoringModel(version, words, groups, NO_SCORER, **LIMITS)
