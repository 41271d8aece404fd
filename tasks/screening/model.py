"""A model version: the frozen weights behind every score, read from `data/screening/<version>/`.

`legal_forms.csv`, `titles.csv`, `look_alikes.csv`: see `names.py`. `words.csv`: word, weight 0..1
(rarer is heavier; a word that is not there weighs `rare`). `groups.csv`: letter group, weight in
thousandths. `model.json`: limits, names of the features, trees.
A version is never edited: a change of weights is a new folder, and old ones stay loadable, so
that a screening of years ago can be done again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable

import numpy as np

from tasks.screening.features import FEATURES, Likeness
from tasks.screening.groups import GROUPS
from tasks.screening.score import NO_SCORER, Scorer, read_scorer
from tasks.screening.version import MODEL, folder
from tasks.shared.errors import BadInput, Problem


@dataclass(frozen=True)
class Model:
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
        `floor` may be told as 0.
        """
        scores = self.scorer.scores(like, floor)
        equal = like.features[:, FEATURES.index("weight_equal")]
        contained = like.contained & (equal >= self.enough)
        least = np.round(self.alert + (self.strong - self.alert) / 2 * scores, 4)
        return np.where(contained, np.maximum(scores, least), scores), contained

    def weight(self, word: str) -> float:
        return self.words.get(word, self.rare)


LIMITS = {
    "rare": 1.0, "distinctive": 0.74, "form_share": 0.25, "least": 0.3, "alert": 0.6, "strong": 0.85,
    "enough": 1.5, "grey": 0.45, "sure": 0.8, "opinion": 0.6,
}  # fmt: skip
"""Limits that a new model version is made with; each version keeps its own in `model.json`."""


@cache
def load_model(version: str = MODEL) -> Model:
    """The model of that version. Raises BadInput for a version that is not shipped."""
    where = folder(version)
    if not (where / "model.json").is_file():
        problem = Problem(column="model", value=version, code="model-version-unknown")
        raise BadInput("model-not-usable", [problem])
    body = json.loads((where / "model.json").read_text(encoding="utf-8"))
    groups = np.ones(GROUPS)
    for number, weight in _rows(where / "groups.csv"):
        groups[int(number)] = int(weight) / 1000
    words = {word: float(weight) for word, weight in _rows(where / "words.csv")}
    return Model(version, words, groups, read_scorer(body["trees"]), **body["limits"])


def _rows(path: Traversable) -> Iterator[list[str]]:
    """The two cells of each row; plain words and numbers, which need no CSV reader."""
    return (line.split(",") for line in path.read_text(encoding="utf-8").splitlines()[1:])


def read_weights(version: str, words: dict[str, float], groups: np.ndarray) -> Model:
    """A model whose trees are still to be made: it weighs names and cannot score them."""
    return Model(version, words, groups, NO_SCORER, **LIMITS)
