"""What two names have in common, in numbers that all say "more is more alike" (monotone).

A feature of a pair follows from the two names and the model alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import OSA, Indel
from rapidfuzz.process import cpdist

from tasks.screening.align import best_of, grid, likeness
from tasks.screening.block import Block, starts
from tasks.screening.facing import Facing, Joins, Pairs

SAME = 0.999
"""Likeness from which two words count as one."""
FORM = 0.1
"""Weight up to which a word is a legal form or title."""

FEATURES = (
    "listed_covered", "partner_covered", "least_covered", "groups", "weight_matched", "weight_equal",
    "listed_unmatched", "partner_unmatched", "glued", "sorted", "best_word", "words_matched",
    "letters_matched", "distinctive_covered", "length",
)  # fmt: skip
"""Order of the features. The trees of a model name them; a new order is a new model."""


@dataclass(frozen=True)
class Likeness:
    """Features of pairs (pairs x FEATURES, float32), and the plain facts the rules use."""

    features: np.ndarray
    equal: np.ndarray
    """Same words but for legal form and order."""
    glued: np.ndarray
    """Same letters but for spaces, legal form."""
    contained: np.ndarray
    """All distinctive words of the listed name occur."""


def measure(facing: Facing, pairs: Pairs, groups: np.ndarray) -> Likeness:
    """Features of `pairs`; `groups` are their letter-group products over UNIT squared."""
    left, right = facing.left, facing.right
    of_left, of_right, l_first, r_first = aligned(facing, pairs)
    l_word, r_word = left.words_of(pairs.left), right.words_of(pairs.right)
    lw, rw = left.tokens.weight[l_word], right.tokens.weight[r_word]
    length = right.tokens.length[r_word]
    l_cov = np.add.reduceat(lw * of_left, l_first) / np.add.reduceat(lw, l_first)
    r_sum = np.add.reduceat(rw * of_right, r_first)
    r_cov = r_sum / np.add.reduceat(rw, r_first)
    d_weight = rw * right.tokens.is_distinctive[r_word]
    d_total = np.add.reduceat(d_weight, r_first)
    d_found = np.add.reduceat(d_weight * (of_right >= SAME), r_first)
    left_size, right_size = left.size[pairs.left], right.size[pairs.right]
    plain = rw > FORM
    features = np.column_stack([
        r_cov, l_cov, np.minimum(l_cov, r_cov), groups,
        r_sum, np.add.reduceat(rw * (of_right >= SAME), r_first),
        -np.maximum.reduceat(rw * (1 - of_right), r_first),
        -np.maximum.reduceat(lw * (1 - of_left), l_first),
        _ratio(left.ordered[pairs.left], right.ordered[pairs.right], OSA),
        _ratio(left.content_key[pairs.left], right.content_key[pairs.right], Indel),
        np.maximum.reduceat(rw * of_right * np.minimum(length / 6, 1), r_first),
        np.add.reduceat((of_right >= 0.8) & plain, r_first, dtype=np.float32),
        np.add.reduceat(length * of_right * plain, r_first),
        d_found / np.maximum(d_total, 1e-6),
        np.minimum(left_size, right_size) / np.maximum(np.maximum(left_size, right_size), 1),
    ]).astype(np.float32)  # fmt: skip
    return Likeness(
        features,
        _same(left.content_key, right.content_key, pairs)
        | _same(left.full_key, right.full_key, pairs),
        _same(left.ordered, right.ordered, pairs),
        (d_total > 0) & (d_found >= d_total * SAME),
    )


def aligned(facing: Facing, pairs: Pairs) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Best likeness of every left word and every right word, and where each pair's words begin."""
    left, right = facing.left, facing.right
    cells = grid(left, right, pairs.left, pairs.right)
    like = likeness(cells, left.tokens, right.tokens, facing.equal)
    of_left, of_right = best_of(cells, like)
    l_first, r_first = starts(cells.left_count), starts(cells.right_count)
    _join(
        facing.left_joins, right, pairs.left, pairs.right, (of_left, of_right), (l_first, r_first)
    )
    _join(
        facing.right_joins, left, pairs.right, pairs.left, (of_right, of_left), (r_first, l_first)
    )
    return of_left, of_right, l_first, r_first


def _same(left: np.ndarray, right: np.ndarray, pairs: Pairs) -> np.ndarray:
    return (left[pairs.left] == right[pairs.right]).astype(bool)


def _join(joins: Joins, one: Block, rows, columns, best, first) -> None:
    """Two neighbouring words of `rows` that are one word of `columns` match it wholly."""
    begin = np.searchsorted(joins.name, rows, "left")
    counts = np.searchsorted(joins.name, rows, "right") - begin
    pair = np.repeat(np.arange(len(rows)), counts)
    at = begin[pair] + np.arange(len(pair)) - starts(counts)[pair]
    count = one.count[columns[pair]]
    wide = np.repeat(np.arange(len(pair)), count)
    place = np.arange(len(wide)) - starts(count)[wide]
    hit = one.words[one.offsets[columns[pair]][wide] + place] == joins.word[at][wide]
    wide, place = wide[hit], place[hit]
    spot = first[0][pair[wide]] + joins.place[at[wide]]
    best[0][spot] = 1.0
    best[0][spot + 1] = 1.0
    best[1][first[1][pair[wide]] + place] = 1.0


def _ratio(left: np.ndarray, right: np.ndarray, measure) -> np.ndarray:
    return cpdist(
        left.tolist(), right.tolist(), scorer=measure.normalized_similarity, dtype=np.float32
    )
