"""Many names prepared for matching: their words as numbers, and their letter groups as a matrix.

Both sides of a screening, the listed names and the partners', are blocks made with one model.
All of a name's row follows from its text and the model alone, never from the names beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from tasks.core import arrow_compute as pc
from tasks.screening.matching.name_words import (
    GROUPS,
    UNIT,
    consonant_skeleton,
    group_codes,
    loose_spelling,
    name_tables,
    split_name,
)
from tasks.screening.matching.scoring_model import ScoringModel

Strings = np.ndarray
"""Object array of str."""


@dataclass(frozen=True)
class Tokens:
    """The distinct words of a block. All arrays have one place a word."""

    text: Strings
    loose: Strings
    skeleton: Strings
    letters: np.ndarray
    """uint32: bit n set where the loose form has the n-th letter; digits share the high bits."""
    letters_apart: np.ndarray
    """uint8: in how many letters a word may differ that is still worth measuring."""
    initial: np.ndarray
    """uint8: first letter of the word, as a number."""
    single: np.ndarray
    """uint8: the same for a word of one letter, 0 for a longer one."""
    sounds: np.ndarray
    """Whether the skeleton has the three letters that it takes to say anything."""
    weight: np.ndarray
    """float32, the model's weight of the word: rare words weigh more."""
    length: np.ndarray
    """int16, letters of the word."""
    is_form: np.ndarray
    is_distinctive: np.ndarray

    @cached_property
    def spelled(self) -> pa.Array:
        """`text` as a column."""
        return pa.array(self.text, pa.string())


@dataclass(frozen=True)
class Neighbours:
    """Two neighbouring content words of a name, written as one: `text` has a row a pair."""

    name: np.ndarray
    position: np.ndarray
    text: pa.Array


@dataclass(frozen=True)
class NameBlock:
    """`words[offsets[n]:offsets[n + 1]]` are the words of name n, content in order, then forms."""

    names: pa.Array
    tokens: Tokens
    words: np.ndarray
    offsets: np.ndarray
    ordered: pa.Array
    """Content words without spaces, in their order."""
    content_key: pa.Array
    """Content words in alphabetical order: the same for two orders of one name."""
    full_key: pa.Array
    """All words as they are written, in alphabetical order."""
    bare_key: pa.Array
    """The same of the bare words, which stay when the words of a legal form are scattered."""
    norm: np.ndarray
    """float32, length of each name's row before it was brought to UNIT."""
    groups: sp.csr_matrix
    """int32, names x letter groups, each row of length UNIT."""

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def by_group(self) -> sp.csr_matrix:
        """`groups` turned: letter groups x names, as the candidate search multiplies it."""
        return sp.csr_matrix(self.groups.T)

    @cached_property
    def count(self) -> np.ndarray:
        """Words of each name."""
        return np.diff(self.offsets)

    @cached_property
    def size(self) -> np.ndarray:
        """float32, letters of each name's content words."""
        return np.asarray(pc.binary_length(self.ordered)).astype(np.float32)

    @property
    def keys(self) -> tuple[pa.Array, ...]:
        """What a name that differs only by order, spaces or legal form has in common with it."""
        return self.ordered, self.content_key, self.full_key, self.bare_key

    @cached_property
    def by_rarest_word(self) -> tuple[np.ndarray, np.ndarray]:
        """Names in the order of their rarest distinctive word, and where each word's names begin."""
        here = np.repeat(np.arange(len(self)), self.count)
        spelled = np.argsort(np.asarray(pc.array_sort_indices(self.tokens.spelled)))
        distinctive = self.tokens.is_distinctive[self.words]
        order = np.lexsort((spelled[self.words], -self.tokens.weight[self.words], ~distinctive, here))
        lead = order[starts(self.count)[self.count > 0]]
        lead = lead[distinctive[lead]]
        word, name = self.words[lead], here[lead]
        by_word = np.argsort(word, kind="stable")
        bounds = np.searchsorted(word[by_word], np.arange(len(self.tokens.text) + 1))
        return name[by_word], bounds

    def words_of(self, names: np.ndarray) -> np.ndarray:
        """Words of the given names, one name after the other."""
        count = self.count[names]
        first = starts(count)
        at = np.repeat(self.offsets[names] - first, count) + np.arange(count.sum())
        return self.words[at]

    @cached_property
    def neighbours(self) -> Neighbours:
        here = np.repeat(np.arange(len(self)), self.count)
        start = np.arange(len(self.words))[:-1]
        plain = ~self.tokens.is_form[self.words]
        start = start[(here[:-1] == here[1:]) & plain[:-1] & plain[1:]]
        first, second = (self.words[at] for at in (start, start + 1))
        spelled = self.tokens.spelled
        texts = pc.binary_join_element_wise(spelled.take(first), spelled.take(second), "")
        return Neighbours(here[start], start - self.offsets[here[start]], texts)


def starts(count: np.ndarray) -> np.ndarray:
    """Where each of several runs of `count` places begins when they stand one after the other."""
    return np.cumsum(count) - count


def texts_at(column: pa.Array, rows: np.ndarray) -> list[str]:
    """The texts of some rows of a column."""
    return column.take(rows).to_numpy(zero_copy_only=False).tolist()


def strings(values: Sequence[str]) -> Strings:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def build_block(names: Sequence[str], model: ScoringModel) -> NameBlock:
    """A block of `names`, with the weights of `model`."""
    parsed = [split_name(name or "", model.version) for name in names]
    number: dict[str, int] = {}
    each = [split.all for split in parsed]
    flat = [number.setdefault(word, len(number)) for all_ in each for word in all_]
    offsets = np.zeros(len(parsed) + 1, dtype=np.int64)
    np.cumsum([len(all_) for all_ in each], out=offsets[1:])
    tokens = build_tokens(list(number), model)
    flat_words = np.array(flat, dtype=np.int32)
    return NameBlock(
        pa.array(names, pa.string()),
        tokens,
        flat_words,
        offsets,
        pa.array(["".join(split.content) for split in parsed], pa.string()),
        pa.array([" ".join(sorted(split.content)) for split in parsed], pa.string()),
        pa.array([" ".join(sorted(split.plain)) for split in parsed], pa.string()),
        pa.array([" ".join(sorted(split.bare)) for split in parsed], pa.string()),
        *_groups(tokens, flat_words, offsets, model),
    )


def build_tokens(texts: list[str], model: ScoringModel) -> Tokens:
    folded = [loose_spelling(text) for text in texts]
    forms = name_tables(model.version).form_words
    heard = [consonant_skeleton(text) for text in texts]
    length = np.array([len(text) for text in texts], dtype=np.int16)
    initial = np.array([ord(text[0]) for text in texts], dtype=np.uint8)
    weight = np.array([model.weight(text) for text in texts], dtype=np.float32)
    is_form = np.array([text in forms for text in texts], dtype=bool)
    return Tokens(
        strings(texts),
        strings(folded),
        strings(heard),
        np.array([_letters(text) for text in folded], dtype=np.uint32),
        _letters_apart(length, is_form),
        initial,
        np.where(length == 1, initial, 0).astype(np.uint8),
        np.array([len(text) > 2 for text in heard], dtype=bool),
        weight,
        length,
        is_form,
        (weight >= model.distinctive) & ~is_form & (length > 2),
    )


def _letters_apart(length: np.ndarray, is_form: np.ndarray) -> np.ndarray:
    """Of the shorter word's length; a legal form is measured with none but its own."""
    return np.where(is_form, 0, np.where(length > 6, 3, 2)).astype(np.uint8)


def _letters(text: str) -> int:
    bits = 0
    for sign in text:
        code = ord(sign)
        bits |= 1 << (code - 65 if code >= 65 else 26 + (code - 48) % 6)
    return bits


def _groups(
    tokens: Tokens, flat: np.ndarray, offsets: np.ndarray, model: ScoringModel
) -> tuple[np.ndarray, sp.csr_matrix]:
    """Letter groups of each name: the groups of its words, weighted, brought to length UNIT."""
    spelled = group_codes(tokens.text, 0)
    heard = group_codes(tokens.skeleton, GROUPS // 2)
    of_word = spelled + heard
    share = np.where(tokens.is_form, model.form_share, 1.0)[flat]
    holds = sp.csr_matrix((share, flat, offsets), shape=(len(offsets) - 1, len(tokens.text)))
    rows = sp.csr_matrix(holds @ of_word)
    rows.sort_indices()
    rows.data = np.minimum(rows.data, 1.0) * model.group_weight[rows.indices]
    norm = np.sqrt(np.add.reduceat(np.append(rows.data**2, 0.0), rows.indptr[:-1]))
    norm[norm == 0] = 1.0
    scaled = np.rint(rows.data * (UNIT / np.repeat(norm, np.diff(rows.indptr)))).astype(np.int32)
    result = sp.csr_matrix((scaled, rows.indices.astype(np.int32), rows.indptr.astype(np.int32)), shape=rows.shape)
    result.eliminate_zeros()
    return norm.astype(np.float32), result
