"""Two blocks turned to each other: which words they share, and which pairs of names to look at.

Every way by which a pair comes in asks about that pair alone (its letter-group product, its keys,
its rarest word). No pair is crowded out by others: a screening of a few names finds just what a
screening of the whole list finds for them. Products are sums of whole numbers, so it makes no
difference in which order they are added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from sparse_dot_topn import sp_matmul_topn

from tasks.core import arrow_compute as pc
from tasks.screening.matching.name_block import NameBlock, starts
from tasks.screening.matching.name_words import UNIT

ROW_CAPACITY = 256
"""Matches of one row that space is set aside for at first, which costs time; a row that fills it is
searched again."""


@dataclass(frozen=True)
class WordJoins:
    """Neighbouring words of `name` at `position` that together are the other block's word `word`."""

    name: np.ndarray
    position: np.ndarray
    word: np.ndarray


@dataclass(frozen=True)
class NamePairs:
    """Name pairs: `left[n]` of the partners' block and `right[n]` of the listed block."""

    left: np.ndarray
    right: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    def take(self, which: np.ndarray | slice) -> NamePairs:
        return NamePairs(self.left[which], self.right[which])


@dataclass(frozen=True)
class BlockPair:
    left: NameBlock
    right: NameBlock
    equal: np.ndarray
    """For each left word the right word that is the same, or -1."""
    left_joins: WordJoins
    right_joins: WordJoins
    left_keys: np.ndarray
    """int32, one row a key of `Block.keys`: equal numbers on both sides are equal keys; -1 is none."""
    right_keys: np.ndarray

    def warm(self) -> None:
        """Make now what is made once, so that threads find it ready."""
        _ = self.right.by_group, self.right.by_rarest_word, self.by_key
        _ = self.left.count, self.right.count, self.left.size, self.right.size

    @cached_property
    def by_key(self) -> tuple[np.ndarray, np.ndarray]:
        """Right names in the order of their keys' numbers, and where each number's names begin."""
        keys = self.right_keys.ravel()
        order = np.argsort(keys, kind="stable")
        most = max(self.left_keys.max(initial=-1), self.right_keys.max(initial=-1))
        return order % max(len(self.right), 1), np.searchsorted(keys[order], np.arange(most + 2))


def pair_blocks(left: NameBlock, right: NameBlock) -> BlockPair:
    return BlockPair(
        left,
        right,
        _numbers(left.tokens.spelled, right.tokens.spelled),
        _joins(left, right),
        _joins(right, left),
        *_keys(left, right),
    )


def _numbers(texts: pa.Array, texts_known: pa.Array) -> np.ndarray:
    """int32: for each text its position in `texts_known`, or -1."""
    return np.asarray(pc.fill_null(pc.index_in(texts, value_set=texts_known), -1))


def _keys(left: NameBlock, right: NameBlock) -> tuple[np.ndarray, np.ndarray]:
    fewer = min(left, right, key=len)
    shared = pc.unique(pa.chunked_array(fewer.keys, pa.string()))
    shared = shared.filter(pc.not_equal(shared, ""))
    numbers = [np.array([_numbers(key, shared) for key in side.keys]) for side in (left, right)]
    return numbers[0], numbers[1]


def _joins(pairs_of: NameBlock, whole_words: NameBlock) -> WordJoins:
    """Where two words of `pairs_of` are one word of `whole_words`."""
    word = _numbers(pairs_of.neighbours.text, whole_words.tokens.spelled)
    at = np.flatnonzero(word >= 0)
    return WordJoins(pairs_of.neighbours.name[at], pairs_of.neighbours.position[at], word[at])


def find_candidates(blocks: BlockPair, rows: np.ndarray, least: float, threads: int = 1) -> NamePairs:
    """Pairs of the left names `rows` (ascending) that are worth a look."""
    codes = [
        _close(blocks, rows, int(least * UNIT * UNIT), threads),
        _by_key(blocks, rows),
        _by_rarest_word(blocks, rows),
    ]
    return NamePairs(*np.divmod(np.unique(np.concatenate(codes)), len(blocks.right)))


def _close(blocks: BlockPair, rows: np.ndarray, least: int, threads: int) -> np.ndarray:
    """Pairs whose product exceeds `least`."""
    down, across = _multiply(blocks.left.groups[rows], blocks.right.by_group, least, threads)
    return rows[down] * len(blocks.right) + across


def _by_key(blocks: BlockPair, rows: np.ndarray) -> np.ndarray:
    """Pairs that have the same words but for order and legal form, or the same letters."""
    return _joined(blocks, np.tile(rows, len(blocks.left_keys)), blocks.left_keys[:, rows].ravel(), blocks.by_key)


def _by_rarest_word(blocks: BlockPair, rows: np.ndarray) -> np.ndarray:
    """Pairs in which the listed name's rarest distinctive word occurs."""
    who = np.repeat(rows, blocks.left.count[rows])
    word = blocks.equal[blocks.left.words_of(rows)]
    return _joined(blocks, who, word, blocks.right.by_rarest_word)


def _joined(blocks: BlockPair, who: np.ndarray, sign: np.ndarray, by_sign: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Pairs of the left names `who` and the right names that have the same sign; -1 is none."""
    names, bounds = by_sign
    who, sign = who[sign >= 0], sign[sign >= 0]
    count = bounds[sign + 1] - bounds[sign]
    at = np.repeat(bounds[sign] - starts(count), count) + np.arange(count.sum())
    return np.repeat(who, count) * len(blocks.right) + names[at]


def _multiply(a: sp.csr_matrix, b: sp.csr_matrix, least: int, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Row of a and column of b of each product above `least`."""
    columns = b.get_shape()[1]
    capacity = min(ROW_CAPACITY, columns)
    # it holds the interpreter's lock: only threads of its own use the other cores
    products = sp_matmul_topn(a, b, top_n=capacity, threshold=least, density=0.02, n_threads=threads)
    count = np.diff(products.indptr)
    down, across = np.repeat(np.arange(len(count)), count), products.indices.astype(np.int64)
    full = np.flatnonzero(count == capacity)
    if capacity == columns or not len(full):
        return down, across
    unfilled = count[down] < capacity
    refilled = sp_matmul_topn(a[full], b, top_n=columns, threshold=least, density=0.05)
    return (
        np.concatenate([down[unfilled], np.repeat(full, np.diff(refilled.indptr))]),
        np.concatenate([across[unfilled], refilled.indices.astype(np.int64)]),
    )


def group_product(blocks: BlockPair, pairs: NamePairs) -> np.ndarray:
    """Product of the letter-group rows of each pair, 0..1."""
    rows = blocks.left.groups[pairs.left].multiply(blocks.right.groups[pairs.right])
    return np.asarray(rows.sum(axis=1)).ravel() / UNIT**2
