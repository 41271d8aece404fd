"""The explanation of a pair of names: which word matched what, and how well."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tasks.screening.align import Alignment, align
from tasks.screening.facing import Facing, Pairs, product
from tasks.screening.features import FEATURES, FORM, measure
from tasks.screening.groups import UNIT
from tasks.screening.model import Model


def explanation(facing: Facing, pairs: Pairs, model: Model) -> list[dict]:
    """For each pair: model, score, features, and `words`, one a word of the listed name.

    A word has `listed`, `partner` (the words it matched best, empty when none), `likeness` 0..1 and
    `weight` 0..1 (rare words weigh more). `unmatched` are the partner's words that matched nothing.
    """
    if not len(pairs):
        return []
    groups = product(facing.left, facing.right, pairs) / UNIT**2
    like = measure(facing, pairs, groups)
    scores = model.judge(like)[0].tolist()
    values = np.round(like.features.astype(np.float64), 3).tolist()
    found = align(facing, pairs)
    partner = _best_partner(found, facing)
    spelled = (facing.left.tokens.text[found.left.word], facing.right.tokens.text[found.right.word])
    bounds = [np.append(side.first, len(side.word)).tolist() for side in (found.left, found.right)]
    told = []
    for n in range(len(pairs)):
        mine, listed = slice(*bounds[0][n : n + 2]), slice(*bounds[1][n : n + 2])
        told.append({
            "model": model.version,
            "score": scores[n],
            "words": _words(found, facing, spelled, partner, mine, listed),
            "unmatched": _unmatched(found, facing, spelled[0], mine),
            "features": dict(zip(FEATURES, values[n], strict=True)),
        })  # fmt: skip
    return told


def _best_partner(found: Alignment, facing: Facing) -> np.ndarray:
    """For each listed word the place of the partner's word it matched best, or -1."""
    best = np.full(len(found.right.word), -1, dtype=np.int64)
    order = np.argsort(found.like, kind="stable")
    best[found.right_at[order]] = found.left_at[order]
    return best


def _words(found, facing: Facing, spelled, partner: np.ndarray, mine: slice, listed: slice) -> list:
    words = []
    for n in range(listed.start, listed.stop):
        like = float(found.right.best[n])
        matched = spelled[0][partner[n]] if partner[n] >= 0 else ""
        if like == 1.0 and matched != spelled[1][n]:
            matched = _joined(spelled[0][mine].tolist(), spelled[1][n])
        words.append({
            "listed": spelled[1][n],
            "partner": matched,
            "likeness": round(like, 3),
            "weight": round(float(facing.right.tokens.weight[found.right.word[n]]), 3),
        })  # fmt: skip
    return words


def _unmatched(found: Alignment, facing: Facing, spelled: np.ndarray, mine: slice) -> list[str]:
    plain = facing.left.tokens.weight[found.left.word[mine]] > FORM
    return spelled[mine][plain & (found.left.best[mine] == 0)].tolist()


def _joined(spelled: list[str], word: str) -> str:
    """The neighbouring words that make up `word`, or the word it is a part of."""
    for one, two in pairwise(spelled):
        if one + two == word:
            return f"{one} {two}"
    return next((one for one in spelled if word in one), "")
