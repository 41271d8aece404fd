"""From features to one score 0..1: monotone trees, their weights data of the model version.

More in common never lowers a score: each tree rises with each feature. Names with the same words
but for order and legal form, or the same letters but for spaces, score at least SAME_WORDS
whatever the trees say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.screening.features import FEATURES, Likeness

MOST_ALIKE = 0.97
"""Score that likeness alone comes near to and never reaches."""
SAME_WORDS = 0.99
SAME_LETTERS = 0.98


@dataclass(frozen=True)
class Trees:
    """Node n of a tree: `feature[n]` at most `limit[n]` goes to `low[n]`, else to `high[n]`.

    A node whose `feature` is -1 is a leaf that adds `value[n]`.
    """

    feature: np.ndarray
    limit: np.ndarray
    low: np.ndarray
    high: np.ndarray
    value: np.ndarray
    roots: np.ndarray

    def raw(self, features: np.ndarray) -> np.ndarray:
        """float64, sum of the leaves that each row of `features` falls in."""
        columns = np.asfortranarray(features)
        total = np.zeros(len(features))
        for root in self.roots:
            total += self._value(int(root), columns)
        return total

    def _value(self, node: int, columns: np.ndarray) -> np.ndarray | float:
        feature = int(self.feature[node])
        if feature < 0:
            return float(self.value[node])
        return np.where(
            columns[:, feature] <= self.limit[node],
            self._value(int(self.low[node]), columns),
            self._value(int(self.high[node]), columns),
        )


@dataclass(frozen=True)
class Scorer:
    """Scores of one model version. `shift` and `scale` bring the sum of the trees to 0..1."""

    trees: Trees
    shift: float
    scale: float

    def scores(self, like: Likeness) -> np.ndarray:
        """float64 rounded to four places, so that a stored score compares equal years later."""
        raw = (self.trees.raw(like.features) - self.shift) / self.scale
        score = MOST_ALIKE / (1 + np.exp(-np.clip(raw, -30, 30)))
        score = np.where(like.glued, np.maximum(score, SAME_LETTERS), score)
        score = np.where(like.equal, np.maximum(score, SAME_WORDS), score)
        return np.round(score, 4)


def moved(scores: np.ndarray, by: np.ndarray) -> np.ndarray:
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
    trees = Trees(
        column[nodes["feature"]],
        nodes["limit"].astype(np.float64),
        nodes["low"],
        nodes["high"],
        nodes["value"].astype(np.float64),
        np.array(body["roots"]),
    )
    return Scorer(trees, body["shift"], body["scale"])


NO_SCORER = Scorer(Trees(*(np.zeros(0) for _ in range(6))), 0.0, 1.0)
"""Without trees: every score is the same."""
