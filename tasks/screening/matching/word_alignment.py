"""Words of two names laid side by side: which word matches which, and how well (0..1).

All pairs of names at once: every word of the one against every word of the other is one long array
of cells, and only cells whose words share most letters are measured letter by letter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from tasks.screening.matching.candidate_pairs import BlockPair, NamePairs, WordJoins
from tasks.screening.matching.name_block import NameBlock, Tokens, starts

LEAST = 0.55
"""Likeness of two words below which they count as different."""
INITIAL = 0.6
"""Likeness of an initial and a word that begins with it."""
SAME_SOUND = 0.8
"""Least likeness of two words with one skeleton of at least three letters."""
HEARD = np.float32(0.97)
"""What likeness of the loose spellings counts beside that of the letters themselves."""


@dataclass(frozen=True)
class AlignedWords:
    """Words of one side of name pairs, one name after the other."""

    word: np.ndarray
    first: np.ndarray
    """Where each pair's words begin."""
    best: np.ndarray
    """float32: how well each word is matched by any word of the other name."""
    shared: np.ndarray
    """float32: the same times the weight of the lighter of the two words."""


@dataclass(frozen=True)
class Alignment:
    """Word matches of name pairs: place in the left side, place in the right side, likeness."""

    left: AlignedWords
    right: AlignedWords
    left_at: np.ndarray
    right_at: np.ndarray
    like: np.ndarray


def align_words(blocks: BlockPair, pairs: NamePairs) -> Alignment:
    """Match the words of `pairs`, neighbouring words that are one word on the other side too."""
    left, right = _side(blocks.left, pairs.left), _side(blocks.right, pairs.right)
    left_at, right_at = _cells(blocks, pairs, left, right)
    like = likeness(blocks, left.word[left_at], right.word[right_at])
    alike = like > 0
    left_at, right_at, like = left_at[alike], right_at[alike], like[alike]
    weight = np.minimum(blocks.left.tokens.weight[left.word[left_at]], blocks.right.tokens.weight[right.word[right_at]])
    for side, at in ((left, left_at), (right, right_at)):
        np.maximum.at(side.best, at, like)
        np.maximum.at(side.shared, at, like * weight)
    _join(blocks.left_joins, blocks.left, blocks.right, pairs.left, pairs.right, left, right)
    _join(blocks.right_joins, blocks.right, blocks.left, pairs.right, pairs.left, right, left)
    return Alignment(left, right, left_at, right_at, like)


def _side(block: NameBlock, names: np.ndarray) -> AlignedWords:
    word = block.words_of(names)
    best, shared = np.zeros(len(word), np.float32), np.zeros(len(word), np.float32)
    return AlignedWords(word, starts(block.count[names]), best, shared)


def _cells(
    blocks: BlockPair, pairs: NamePairs, left: AlignedWords, right: AlignedWords
) -> tuple[np.ndarray, np.ndarray]:
    """Places of the word pairs that may be alike, left and right."""
    pair = np.repeat(np.arange(len(pairs)), blocks.left.count[pairs.left])
    wide = blocks.right.count[pairs.right][pair]
    down = np.repeat(np.arange(len(left.word), dtype=np.int32), wide)
    across = np.arange(len(down)) - np.repeat(starts(wide) - right.first[pair], wide)
    left_words, right_words = left.word[down], right.word[across]
    a, b = blocks.left.tokens, blocks.right.tokens
    apart = np.bitwise_count(a.letters[left_words] ^ b.letters[right_words])
    may = apart <= np.minimum(a.letters_apart[left_words], b.letters_apart[right_words])
    may |= (a.single[left_words] == b.initial[right_words]) | (a.initial[left_words] == b.single[right_words])
    may |= blocks.equal[left_words] == right_words
    return down[may], across[may]


def likeness(blocks: BlockPair, left_words: np.ndarray, right_words: np.ndarray) -> np.ndarray:
    """float32: likeness of `left_words` and `right_words`, pair by pair."""
    left, right = blocks.left.tokens, blocks.right.tokens
    result = (blocks.equal[left_words] == right_words).astype(np.float32)
    # a legal form matches only itself
    unequal = np.flatnonzero((result == 0) & ~left.is_form[left_words] & ~right.is_form[right_words])
    keys = left_words[unequal].astype(np.int64) * len(right.text) + right_words[unequal]
    distinct, back = np.unique(keys, return_inverse=True)
    result[unequal] = _word_likeness(left, right, *np.divmod(distinct, len(right.text)))[back]
    return result


def _word_likeness(left: Tokens, right: Tokens, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Likeness of words that are not identical."""
    best = np.maximum(_ratio(left.text[a], right.text[b]), _ratio(left.loose[a], right.loose[b]) * HEARD)
    sound = (left.skeleton[a] == right.skeleton[b]) & left.sounds[a]
    best = np.where(sound, np.maximum(best, np.float32(SAME_SOUND)), best)
    best[best < LEAST] = 0.0
    single = np.minimum(left.length[a], right.length[b]) == 1
    initial = np.where(left.initial[a] == right.initial[b], np.float32(INITIAL), np.float32(0))
    return np.where(single, initial, best)


def _ratio(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return cpdist(left.tolist(), right.tolist(), scorer=OSA.normalized_similarity, score_cutoff=LEAST, dtype=np.float32)


def _join(
    joins: WordJoins,
    split_block: NameBlock,
    whole_block: NameBlock,
    rows: np.ndarray,
    columns: np.ndarray,
    split_side: AlignedWords,
    whole_side: AlignedWords,
) -> None:
    """Two neighbouring words of `rows` that are one word of `columns` match it wholly."""
    begin = np.searchsorted(joins.name, rows, "left")
    counts = np.searchsorted(joins.name, rows, "right") - begin
    pair = np.repeat(np.arange(len(rows)), counts)
    at = begin[pair] + np.arange(len(pair)) - starts(counts)[pair]
    count = whole_block.count[columns[pair]]
    wide = np.repeat(np.arange(len(pair)), count)
    position = np.arange(len(wide)) - starts(count)[wide]
    hit = whole_side.word[whole_side.first[pair[wide]] + position] == joins.word[at][wide]
    wide, position = wide[hit], position[hit]
    matched = whole_side.first[pair[wide]] + position
    first_part = split_side.first[pair[wide]] + joins.position[at[wide]]
    whole_side.best[matched] = 1.0
    whole_side.shared[matched] = whole_block.tokens.weight[whole_side.word[matched]]
    for part in (first_part, first_part + 1):
        split_side.best[part] = 1.0
        split_side.shared[part] = split_block.tokens.weight[split_side.word[part]]
