"""Words of two names laid side by side: which word matches which, and how well (0..1).

All pairs of names at once: every word of the one against every word of the other is one long
array, `Grid`, and only word pairs that share most letters are measured letter by letter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from tasks.screening.block import Block, Tokens

LEAST = 0.55
"""Likeness of two words below which they count as different."""
INITIAL = 0.6
"""Likeness of an initial and a word that begins with it."""
SAME_SOUND = 0.8
"""Least likeness of two words with one skeleton of at least three letters."""


@dataclass(frozen=True)
class Grid:
    """Word pairs of name pairs; `first[n]` is where pair n begins, its left words outermost."""

    pair: np.ndarray
    first: np.ndarray
    left: np.ndarray
    right: np.ndarray
    left_count: np.ndarray
    right_count: np.ndarray


def grid(left: Block, right: Block, rows: np.ndarray, columns: np.ndarray) -> Grid:
    """Word pairs of the name pairs (`rows` of left, `columns` of right)."""
    high, wide = left.count[rows], right.count[columns]
    size = high * wide
    first = np.concatenate([[0], np.cumsum(size)])
    pair = np.repeat(np.arange(len(rows)), size)
    within = np.arange(first[-1]) - first[:-1][pair]
    down, across = np.divmod(within, wide[pair])
    return Grid(
        pair,
        first[:-1],
        left.words[left.offsets[rows][pair] + down],
        right.words[right.offsets[columns][pair] + across],
        high,
        wide,
    )


def same(left: Tokens, right: Tokens) -> np.ndarray:
    """For each word of `left` its number in `right`, or -1."""
    if len(left.text) <= len(right.text):
        found = [right.place.get(text, -1) for text in left.text]
        return np.array(found, dtype=np.int32)
    result = np.full(len(left.text), -1, dtype=np.int32)
    for n, text in enumerate(right.text):
        if (at := left.place.get(text)) is not None:
            result[at] = n
    return result


def likeness(cells: Grid, left: Tokens, right: Tokens, equal: np.ndarray) -> np.ndarray:
    """float32 for each word pair of the grid; `equal` as `same` gives it."""
    result = np.zeros(len(cells.pair), dtype=np.float32)
    identical = equal[cells.left] == cells.right
    result[identical] = 1.0
    apart = np.bitwise_count(left.letters[cells.left] ^ right.letters[cells.right])
    short = np.minimum(left.length[cells.left], right.length[cells.right])
    near = (apart <= 2 + (short > 6)) & ~identical & (short > 0)
    # a legal form matches only itself
    near &= ~(left.is_form[cells.left] | right.is_form[cells.right])
    at = np.flatnonzero(near | ((short == 1) & ~identical))
    keys = cells.left[at].astype(np.int64) * len(right.text) + cells.right[at]
    found, back = np.unique(keys, return_inverse=True)
    result[at] = word_likeness(left, right, *np.divmod(found, len(right.text)))[back]
    return result


def word_likeness(left: Tokens, right: Tokens, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Likeness of words `a` of left and `b` of right, not identical ones."""
    spelled = _ratio(left.text[a], right.text[b])
    heard = _ratio(left.loose[a], right.loose[b]) * np.float32(0.97)
    best = np.maximum(spelled, heard)
    skeletons = left.skeleton[a] == right.skeleton[b]
    long = np.fromiter((len(text) > 2 for text in left.skeleton[a]), dtype=bool, count=len(a))
    best = np.where(skeletons & long, np.maximum(best, np.float32(SAME_SOUND)), best)
    best[best < LEAST] = 0.0
    single = np.minimum(left.length[a], right.length[b]) == 1
    starts = np.fromiter(
        (x[0] == y[0] for x, y in zip(left.text[a], right.text[b], strict=True)), bool, len(a)
    )
    return np.where(single, np.where(starts, np.float32(INITIAL), 0), best).astype(np.float32)


def _ratio(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return cpdist(
        left.tolist(), right.tolist(), scorer=OSA.normalized_similarity,
        score_cutoff=LEAST, dtype=np.float32,
    )  # fmt: skip


def best_of(cells: Grid, like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best likeness of each left word (pair after pair), and of each right word."""
    wide = cells.right_count[cells.pair]
    starts = np.flatnonzero((np.arange(len(like)) - cells.first[cells.pair]) % wide == 0)
    of_left = np.maximum.reduceat(like, starts)
    high = cells.left_count[cells.pair]
    within = np.arange(len(like)) - cells.first[cells.pair]
    across, down = np.divmod(within, high)
    turned = like[cells.first[cells.pair] + down * wide + across]
    of_right = np.maximum.reduceat(turned, np.flatnonzero(down == 0))
    return of_left, of_right
