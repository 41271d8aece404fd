"""Two blocks turned to each other: which words they share, and which pairs of names to look at.

Every way by which a pair comes in asks about that pair alone (its letter-group product, its keys,
its rarest word). No pair is crowded out by others: a screening of a few names finds just what a
screening of the whole list finds for them. Products are sums of whole numbers, so it makes no
difference which side is multiplied with which.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sparse_dot_topn import sp_matmul_topn

from tasks.screening.block import Block, Tokens, starts
from tasks.screening.groups import UNIT

ROOM = 4096
"""Finds of one row that are made room for at first; a row that fills it is searched anew."""


@dataclass(frozen=True)
class Joins:
    """Neighbouring words of `name` at `place` that together are the other block's word `word`."""

    name: np.ndarray
    place: np.ndarray
    word: np.ndarray


@dataclass(frozen=True)
class Pairs:
    """Name pairs: `left[n]` of the partners' block and `right[n]` of the listed block."""

    left: np.ndarray
    right: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    def take(self, which: np.ndarray | slice) -> Pairs:
        return Pairs(self.left[which], self.right[which])


@dataclass(frozen=True)
class Facing:
    left: Block
    right: Block
    equal: np.ndarray
    """For each left word the right word that is the same, or -1."""
    left_joins: Joins
    right_joins: Joins

    @property
    def turned(self) -> bool:
        """Whether the listed side is the smaller, and is searched name by name."""
        return len(self.right) * 4 < len(self.left)

    def warm(self) -> None:
        """Make now what is made once, so that threads find it ready."""
        side = self.left if self.turned else self.right
        _ = side.by_group, side.by_key, self.right.by_rarest_word
        if self.turned:
            _ = self.left.by_word
        _ = self.left.count, self.right.count, self.left.size, self.right.size


def face(left: Block, right: Block) -> Facing:
    return Facing(
        left,
        right,
        _same_words(left.tokens, right.tokens),
        _joins(left, right),
        _joins(right, left),
    )


def _same_words(left: Tokens, right: Tokens) -> np.ndarray:
    """For each word of `left` its number in `right`, or -1."""
    if len(left.text) <= len(right.text):
        return np.array([right.place.get(text, -1) for text in left.text], dtype=np.int32)
    result = np.full(len(left.text), -1, dtype=np.int32)
    for n, text in enumerate(right.text):
        if (at := left.place.get(text)) is not None:
            result[at] = n
    return result


def _joins(two: Block, one: Block) -> Joins:
    """Where two words of `two` are one word of `one`."""
    known, texts = two.neighbours.by_text, one.tokens.place
    if len(texts) < len(known):
        hits = [(known[text], n) for text, n in texts.items() if text in known]
    else:
        hits = [(places, texts[text]) for text, places in known.items() if text in texts]
    at = np.array([place for places, _ in hits for place in places], dtype=np.int64)
    word = np.array([n for places, n in hits for _ in places], dtype=np.int64)
    order = np.argsort(at, kind="stable")
    at = at[order]
    return Joins(two.neighbours.name[at], two.neighbours.place[at], word[order])


def find(facing: Facing, rows: np.ndarray, least: float) -> tuple[Pairs, np.ndarray]:
    """Pairs of the left names `rows` (ascending) worth measuring, and their products (0..1)."""
    left, right = facing.left, facing.right
    found = [
        _close(left, rows, right, int(least * UNIT * UNIT)),
        _by_key(left, rows, right),
        _by_rarest_word(facing, rows),
    ]
    pairs = Pairs(*np.divmod(np.unique(np.concatenate(found)), len(right)))
    return pairs, product(left, right, pairs) / UNIT**2


def _close(left: Block, rows: np.ndarray, right: Block, least: int) -> np.ndarray:
    """Pairs whose product exceeds `least`. The smaller side goes row by row."""
    if _turned(left, rows, right):
        across, down = _multiply(right.groups, left.by_group, least)
        return down * len(right) + across
    down, across = _multiply(left.groups[rows], right.by_group, least)
    return rows[down] * len(right) + across


def _turned(left: Block, rows: np.ndarray, right: Block) -> bool:
    return len(right) < len(rows) == len(left)


def _by_key(left: Block, rows: np.ndarray, right: Block) -> np.ndarray:
    """Pairs that have the same words but for order and legal form, or the same letters."""
    found: list[int] = []
    if _turned(left, rows, right):
        for n in range(len(right)):
            for key in right.keys(n):
                found += [m * len(right) + n for m in left.by_key.get(key, ())]
    else:
        for m in rows.tolist():
            for key in left.keys(m):
                found += [m * len(right) + n for n in right.by_key.get(key, ())]
    return np.array(found, dtype=np.int64)


def _by_rarest_word(facing: Facing, rows: np.ndarray) -> np.ndarray:
    """Pairs in which the listed name's rarest distinctive word occurs."""
    left, right = facing.left, facing.right
    names, bounds = right.by_rarest_word
    if _turned(left, rows, right):
        word, listed = np.flatnonzero(np.diff(bounds)), right.tokens.text
        places = [(left.tokens.place.get(listed[n], -1), n) for n in word.tolist()]
        pairs = [
            (holders[:, None] * len(right) + names[bounds[n] : bounds[n + 1]]).ravel()
            for place, n in places
            if place >= 0 and len(holders := left.with_word(place))
        ]
        return np.concatenate([np.zeros(0, dtype=np.int64), *pairs])
    word = facing.equal[left.words_of(rows)]
    who = np.repeat(rows, left.count[rows])[word >= 0]
    word = word[word >= 0]
    count = bounds[word + 1] - bounds[word]
    at = np.repeat(bounds[word] - starts(count), count) + np.arange(count.sum())
    return np.repeat(who, count) * len(right) + names[at]


def _multiply(a: sp.csr_matrix, b: sp.csr_matrix, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Row of a and column of b of each product above `least`."""
    columns = b.get_shape()[1]
    found = sp_matmul_topn(a, b, top_n=min(ROOM, columns), threshold=least, density=0.02)
    count = np.diff(found.indptr)
    if count.max(initial=0) >= ROOM:
        found = sp_matmul_topn(a, b, top_n=columns, threshold=least, density=0.05)
        count = np.diff(found.indptr)
    return np.repeat(np.arange(len(count)), count), found.indices.astype(np.int64)


def product(left: Block, right: Block, pairs: Pairs) -> np.ndarray:
    """int64: product of the letter-group rows of each pair."""
    rows = left.groups[pairs.left].multiply(right.groups[pairs.right])
    return np.asarray(rows.sum(axis=1)).ravel()
