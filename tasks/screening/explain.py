"""The explanation of a pair of names: which word matched what, and how well."""

from __future__ import annotations

import numpy as np

from tasks.screening.align import grid, likeness
from tasks.screening.facing import Facing, Pairs, product
from tasks.screening.features import FEATURES, FORM, aligned, measure
from tasks.screening.groups import UNIT
from tasks.screening.model import Model


def explanation(facing: Facing, pairs: Pairs, model: Model) -> list[dict]:
    """For each pair: model, score, features, and `words`, one a word of the listed name.

    A word has `listed`, `partner` (the word it matched best, empty when none), `likeness` 0..1 and
    `weight` 0..1 (rare words weigh more). `unmatched` are the partner's words that matched nothing.
    """
    if not len(pairs):
        return []
    groups = product(facing.left, facing.right, pairs) / UNIT**2
    like = measure(facing, pairs, groups)
    scores = model.scorer.scores(like)
    words = _words(facing, pairs)
    return [
        {
            "model": model.version,
            "score": float(scores[n]),
            **words[n],
            "features": {
                name: round(float(value), 3)
                for name, value in zip(FEATURES, like.features[n], strict=True)
            },
        }
        for n in range(len(pairs))
    ]


def _words(facing: Facing, pairs: Pairs) -> list[dict]:
    left, right = facing.left, facing.right
    cells = grid(left, right, pairs.left, pairs.right)
    like = likeness(cells, left.tokens, right.tokens, facing.equal)
    of_left, of_right, l_first, r_first = aligned(facing, pairs)
    result = []
    for n in range(len(pairs)):
        high, wide = int(cells.left_count[n]), int(cells.right_count[n])
        first = int(cells.first[n])
        table = like[first : first + high * wide].reshape(high, wide)
        result.append(
            _one(
                facing,
                left.words_of(pairs.left[n : n + 1]),
                right.words_of(pairs.right[n : n + 1]),
                table,
                of_left[l_first[n] : l_first[n] + high],
                of_right[r_first[n] : r_first[n] + wide],
            )
        )
    return result


def _one(facing: Facing, partner, listed, table, of_left, of_right) -> dict:
    texts, weights = facing.right.tokens.text, facing.right.tokens.weight
    spelled = [facing.left.tokens.text[word] for word in partner]
    words = []
    for n, word in enumerate(listed):
        best = int(np.argmax(table[:, n]))
        joined = of_right[n] > table[best, n]
        matched = _joined(spelled, texts[word]) if joined else spelled[best]
        words.append({
            "listed": texts[word],
            "partner": matched if of_right[n] > 0 else "",
            "likeness": round(float(of_right[n]), 3),
            "weight": round(float(weights[word]), 3),
        })  # fmt: skip
    plain = facing.left.tokens.weight[partner] > FORM
    unmatched = [spelled[n] for n in range(len(partner)) if of_left[n] == 0 and plain[n]]
    return {"words": words, "unmatched": unmatched}


def _joined(spelled: list[str], word: str) -> str:
    """The neighbouring words that `word` is written from, or is a part of."""
    for one, two in zip(spelled, spelled[1:], strict=False):
        if one + two == word:
            return f"{one} {two}"
    return next((one for one in spelled if word in one), "")
