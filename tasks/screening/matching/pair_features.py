"""What two names have in common, in numbers that all say "more is more alike" (monotone).

A feature of a pair follows from the two names and the model alone.
"""

from __future__ import annotations

import numpy as np
from rapidfuzz.distance import OSA, Indel
from rapidfuzz.process import cpdist

from tasks.screening.matching.candidate_pairs import BlockPair, NamePairs
from tasks.screening.matching.name_block import texts_at
from tasks.screening.matching.scoring_model import FEATURES, Likeness
from tasks.screening.matching.word_alignment import Alignment, align_words

SAME = 0.999
"""Likeness from which two words count as one."""
ALIKE = 0.8
"""Likeness from which a word counts as matched."""
FORM = 0.1
"""Weight up to which a word is a legal form or title."""
LONG = 6
"""Letters from which a word says all that its weight says."""
LEAST_COVERED = 0.36
LEAST_MATCHED = 0.5
"""Share and weight of the listed name's words that must be matched, or the pair is not looked at:
of a thousand hits one has less, and nine of ten pairs do."""


def equal_names(blocks: BlockPair, pairs: NamePairs) -> tuple[np.ndarray, np.ndarray]:
    """Which pairs have the same words but for order and form, and which the same letters."""
    left, right = blocks.left_keys[:, pairs.left], blocks.right_keys[:, pairs.right]
    letters, *words = (left == right) & (left >= 0)
    return np.logical_or.reduce(words), letters


def plausible_pairs(blocks: BlockPair, pairs: NamePairs) -> np.ndarray:
    """Which pairs have enough in common to be measured in full."""
    right = align_words(blocks, pairs).right
    weight = blocks.right.tokens.weight[right.word]
    matched = np.add.reduceat(weight * right.best, right.first)
    enough = matched >= np.maximum(LEAST_MATCHED, LEAST_COVERED * np.add.reduceat(weight, right.first))
    words, letters = equal_names(blocks, pairs)
    return enough | words | letters


def measure_pairs(blocks: BlockPair, pairs: NamePairs, groups: np.ndarray) -> Likeness:
    """Features of `pairs`; `groups` are their letter-group products over UNIT squared."""
    alignment = align_words(blocks, pairs)
    right, weight = alignment.right, blocks.right.tokens.weight[alignment.right.word]
    distinct = weight * blocks.right.tokens.is_distinctive[right.word]
    needed = np.add.reduceat(distinct, right.first)
    met = np.add.reduceat(distinct * (right.best >= SAME), right.first)
    by_name = {
        **_of_listed(blocks, alignment),
        **_of_partner(blocks, alignment),
        **_of_letters(blocks, pairs, groups),
        "distinctive_covered": met / np.maximum(needed, 1e-6),
    }
    by_name["least_covered"] = np.minimum(by_name["listed_covered"], by_name["partner_covered"])
    features = np.column_stack([by_name[name] for name in FEATURES]).astype(np.float32)
    words, letters = equal_names(blocks, pairs)
    return Likeness(features, words, letters, (needed > 0) & (met >= needed * SAME))


def _of_listed(blocks: BlockPair, alignment: Alignment) -> dict[str, np.ndarray]:
    tokens, side = blocks.right.tokens, alignment.right
    first, best = side.first, side.best
    weight, length = tokens.weight[side.word], tokens.length[side.word]
    matched = np.add.reduceat(weight * best, first)
    plain = weight > FORM
    return {
        "listed_covered": matched / np.add.reduceat(weight, first),
        "weight_matched": matched,
        "weight_equal": np.add.reduceat(weight * (best >= SAME), first),
        "listed_unmatched": -np.maximum.reduceat(weight * (1 - best), first),
        "listed_missing": -np.add.reduceat(weight * (1 - best), first),
        "best_word": np.maximum.reduceat(weight * best * np.minimum(length / LONG, 1), first),
        "words_matched": np.add.reduceat((best >= ALIKE) & plain, first, dtype=np.float32),
        "letters_matched": np.add.reduceat(length * best * plain, first),
        "weight_shared": np.add.reduceat(side.shared, first),
        "second_word": _second(side.shared * np.minimum(length / LONG, 1), first),
    }


def _of_partner(blocks: BlockPair, alignment: Alignment) -> dict[str, np.ndarray]:
    side = alignment.left
    weight = blocks.left.tokens.weight[side.word]
    total = np.add.reduceat(weight, side.first)
    return {
        "partner_covered": np.add.reduceat(weight * side.best, side.first) / total,
        "partner_unmatched": -np.maximum.reduceat(weight * (1 - side.best), side.first),
        "partner_missing": -np.add.reduceat(weight * (1 - side.best), side.first),
        "partner_shared": np.add.reduceat(side.shared, side.first),
    }


def _of_letters(blocks: BlockPair, pairs: NamePairs, groups: np.ndarray) -> dict[str, np.ndarray]:
    left, right = blocks.left, blocks.right
    norms = left.norm[pairs.left], right.norm[pairs.right]
    sizes = left.size[pairs.left], right.size[pairs.right]
    return {
        "groups": groups,
        "groups_shared": groups * norms[0] * norms[1],
        "groups_of_listed": groups * norms[0] / norms[1],
        "groups_of_partner": groups * norms[1] / norms[0],
        "glued": _ratio(texts_at(left.ordered, pairs.left), texts_at(right.ordered, pairs.right), OSA),
        "sorted": _ratio(texts_at(left.content_key, pairs.left), texts_at(right.content_key, pairs.right), Indel),
        "length": np.minimum(*sizes) / np.maximum(np.maximum(*sizes), 1),
    }


def _second(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Second largest value of each run; 0 for a run of one."""
    top = np.maximum.reduceat(values, first)
    run = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(values))))
    at = np.flatnonzero(values == top[run])
    lead = at[np.unique(run[at], return_index=True)[1]]
    others_only = values.copy()
    others_only[lead] = 0
    return np.maximum.reduceat(others_only, first)


def _ratio(left: list[str], right: list[str], scorer: type) -> np.ndarray:
    return cpdist(left, right, scorer=scorer.normalized_similarity, dtype=np.float32)
