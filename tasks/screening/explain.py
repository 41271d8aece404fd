"""The explanation of a pair of names: which word matched what, and how well."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tasks.screening.align import Alignment, align
from tasks.screening.facing import Facing, Pairs, product
from tasks.screening.features import FEATURES, FORM, measure
from tasks.screening.groups import UNIT
from tasks.screening.model import Model


def word_matches(facing: Facing, pairs: Pairs) -> list[dict]:
    """For each pair `words`, one a word of the listed name, and `unmatched`.

    A word has `listed`, `partner` (the words it matched best, empty when none), `likeness` 0..1 and
    `weight` 0..1 (rare words weigh more). `unmatched` are the partner's words that matched nothing.
    """
    if not len(pairs):
        return []
    words = Words.of(facing, align(facing, pairs))
    return [
        {
            "words": [words.told(n, at) for at in range(*words.listed_bounds[n : n + 2])],
            "unmatched": [words.partner[at] for at in range(*words.partner_bounds[n : n + 2])
                          if words.is_unmatched[at]],
        }
        for n in range(len(pairs))
    ]  # fmt: skip


def explanation(facing: Facing, pairs: Pairs, model: Model) -> list[dict]:
    """For each pair model, score, what `word_matches` tells, and the features that the score is of."""
    groups = product(facing.left, facing.right, pairs) / UNIT**2
    like = measure(facing, pairs, groups)
    scores = model.judge(like)[0].tolist()
    values = np.round(like.features.astype(np.float64), 3).tolist()
    return [
        {
            "model": model.version,
            "score": scores[n],
            **matches,
            "features": dict(zip(FEATURES, values[n], strict=True)),
        }
        for n, matches in enumerate(word_matches(facing, pairs))
    ]


@dataclass(frozen=True)
class Words:
    """An alignment in plain lists: words of all pairs, one pair after the other."""

    partner: list[str]
    partner_bounds: list[int]
    is_unmatched: list[bool]
    listed: list[str]
    listed_bounds: list[int]
    like: list[float]
    weight: list[float]
    best: list[int]
    """For each listed word the place of the partner's word it matched best, or -1."""

    @classmethod
    def of(cls, facing: Facing, found: Alignment) -> Words:
        left, right = found.left, found.right
        best = np.full(len(right.word), -1, dtype=np.int64)
        order = np.argsort(found.like, kind="stable")
        best[found.right_at[order]] = found.left_at[order]
        plain = facing.left.tokens.weight[left.word] > FORM
        return cls(
            facing.left.tokens.text[left.word].tolist(),
            [*left.first.tolist(), len(left.word)],
            (plain & (left.best == 0)).tolist(),
            facing.right.tokens.text[right.word].tolist(),
            [*right.first.tolist(), len(right.word)],
            np.round(right.best.astype(np.float64), 3).tolist(),
            np.round(facing.right.tokens.weight[right.word].astype(np.float64), 3).tolist(),
            best.tolist(),
        )

    def told(self, pair: int, at: int) -> dict:
        """The listed word at that place, and what it matched."""
        listed, like = self.listed[at], self.like[at]
        matched = self.partner[self.best[at]] if self.best[at] >= 0 else ""
        if like == 1.0 and matched != listed:
            matched = _joined(self.partner[slice(*self.partner_bounds[pair : pair + 2])], listed)
        return {"listed": listed, "partner": matched, "likeness": like, "weight": self.weight[at]}


def _joined(spelled: list[str], word: str) -> str:
    """The neighbouring words that make up `word`, or the word it is a part of."""
    for one, two in pairwise(spelled):
        if one + two == word:
            return f"{one} {two}"
    return next((one for one in spelled if word in one), "")
