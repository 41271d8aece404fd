"""The explanation of a pair of names: which word matched what, and how well."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tasks.screening.align import Alignment, align
from tasks.screening.facing import Facing, Pairs, product
from tasks.screening.features import FEATURES, FORM, measure
from tasks.screening.model import Model


def word_matches(facing: Facing, pairs: Pairs) -> list[dict]:
    """For each pair `words`, one a word of the listed name, and `unmatched`.

    A word has `listed`, `partner` (the words it matched best, empty when none), `likeness` 0..1 and
    `weight` 0..1 (rare words weigh more). `unmatched` are the partner's words that matched nothing.
    """
    if not len(pairs):
        return []
    found = align(facing, pairs)
    told, left = _told(facing, found), found.left
    lone = (facing.left.tokens.weight[left.word] > FORM) & (left.best == 0)
    unmatched = facing.left.tokens.text[left.word[lone]].tolist()
    listed = [*found.right.first.tolist(), len(told)]
    ends = np.cumsum(np.add.reduceat(lone.astype(np.int64), left.first)).tolist()
    return [
        {"words": told[slice(*bounds)], "unmatched": unmatched[slice(*apart)]}
        for bounds, apart in zip(pairwise(listed), pairwise([0, *ends]), strict=True)
    ]


def explanation(facing: Facing, pairs: Pairs, model: Model) -> list[dict]:
    """For each pair model, score, what `word_matches` tells, and the features that the score is of."""
    like = measure(facing, pairs, product(facing, pairs))
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


def _told(facing: Facing, found: Alignment) -> list[dict]:
    """Each listed word of all pairs, one pair after the other, and what it matched."""
    left, right = found.left, found.right
    best = np.full(len(right.word), -1, dtype=np.int64)
    order = np.argsort(found.like, kind="stable")
    best[found.right_at[order]] = found.left_at[order]
    spelled = facing.left.tokens.text[left.word]
    listed = facing.right.tokens.text[right.word]
    matched = np.where(best >= 0, spelled[best], "")
    like = np.round(right.best.astype(np.float64), 3)
    bounds = [*left.first.tolist(), len(left.word)]
    for at in np.flatnonzero((like == 1.0) & (matched != listed)).tolist():
        pair = int(np.searchsorted(right.first, at, "right")) - 1
        matched[at] = _joined(spelled[slice(*bounds[pair : pair + 2])].tolist(), listed[at])
    weight = np.round(facing.right.tokens.weight[right.word].astype(np.float64), 3)
    columns = (column.tolist() for column in (listed, matched, like, weight))
    return [
        {"listed": word, "partner": partner, "likeness": alike, "weight": heavy}
        for word, partner, alike, heavy in zip(*columns, strict=True)
    ]


def _joined(spelled: list[str], word: str) -> str:
    """The neighbouring words that make up `word`, or the word it is a part of."""
    for one, two in pairwise(spelled):
        if one + two == word:
            return f"{one} {two}"
    return next((one for one in spelled if word in one), "")
