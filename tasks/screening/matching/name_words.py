"""A name as the matcher sees it: plain capital words, each known as a legal form, a title or neither.

`split_name` folds what writing does to a name and meaning does not: compatibility forms (NFKC), marks
that cannot be seen, look-alike letters of other alphabets, other scripts (spelled in Latin),
case, punctuation, and legal forms written out ("LIMITED LIABILITY COMPANY" is the word LLC).
Tables of each model version: `legal_forms.csv`, `titles.csv`, `look_alikes.csv`.

Two coarser spellings of a word. Loose: letters that one original letter is spelled with become one
(KH, GH, H; OU, OO, U; IE, EI, Y, I), doubles become single. Skeleton: the first letter and the
consonants after it, voiced as unvoiced, so that MOHAMMED, MUHAMMAD and MEHMET come near each other.
Letter groups: three signs of a padded word, or of its skeleton, each group a number.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from anyascii import anyascii

MODEL = "1"
"""The version that new screenings use."""

UNIT = 1000
"""Length of a row of letter groups. Whole numbers: a sum of products has no order."""

SIGNS = " ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
BASE = len(SIGNS)
GROUPS = 2 * BASE**3
"""Numbers of letter groups: three signs of a word, then three signs of its skeleton."""

_CODE = np.zeros(128, dtype=np.int64)
_CODE[[ord(sign) for sign in SIGNS]] = np.arange(BASE)


def group_codes(texts: np.ndarray, first: int) -> sp.csr_matrix:
    """Words x letter groups, 1 where the padded word has the three signs; numbers from `first`."""
    padded = "".join(f" {text} " for text in texts)
    codes = _CODE[np.frombuffer(padded.encode("ascii"), dtype=np.uint8)]
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    starts = np.concatenate([[0], np.cumsum(lengths + 2)])[:-1]
    at = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)])[:-1], lengths)
    at += np.arange(len(at))
    numbers = (codes[at] * BASE + codes[at + 1]) * BASE + codes[at + 2] + first
    groups = sp.csr_matrix(
        (np.ones(len(at)), numbers, np.concatenate([[0], np.cumsum(lengths)])), shape=(len(texts), GROUPS)
    )
    groups.sum_duplicates()
    groups.data[:] = 1.0
    return groups


LOOSE = (
    ("SHCH", "S"), ("TSCH", "C"), ("SCH", "S"), ("DZH", "J"), ("ZH", "J"), ("SH", "S"), ("CH", "C"), ("TCH", "C"),
    ("KH", "H"), ("GH", "G"), ("PH", "F"), ("TH", "T"), ("DH", "D"), ("TS", "Z"), ("TZ", "Z"), ("CK", "K"),
    ("KS", "X"), ("DJ", "J"), ("QU", "K"), ("Q", "K"), ("OU", "U"), ("OO", "U"), ("EE", "I"), ("EI", "I"),
    ("IE", "I"), ("IY", "I"), ("YI", "I"), ("EY", "I"), ("AY", "AI"), ("YA", "IA"), ("YU", "IU"), ("YE", "E"),
    ("YO", "O"), ("IO", "O"), ("Y", "I"), ("W", "V"), ("J", "I"), ("AE", "E"), ("OE", "O"), ("UE", "U"),
)  # fmt: skip
"""What is written -> what stands for it, longest first at each place of a word."""

_TABLE = dict(LOOSE)
_PATTERN = re.compile("|".join(sorted(_TABLE, key=len, reverse=True)))
_DOUBLE = re.compile(r"(.)\1+")
_VOWELS = re.compile(r"[AEIOU]")
_VOICED = str.maketrans("BDGZVCX", "PTKSFKS")


@lru_cache(maxsize=200_000)
def loose_spelling(word: str) -> str:
    """`word` with the choices of transliteration evened out; never empty for a word."""
    folded = _PATTERN.sub(lambda match: _TABLE[match[0]], _DOUBLE.sub(r"\1", word))
    return _DOUBLE.sub(r"\1", folded)


@lru_cache(maxsize=200_000)
def consonant_skeleton(word: str) -> str:
    """First letter and later consonants of the loose form, voiced as unvoiced."""
    folded = loose_spelling(word).translate(_VOICED)
    return folded[:1] + _DOUBLE.sub(r"\1", _VOWELS.sub("", folded[1:]).replace("H", ""))


LONGEST = 400
"""Characters of a name that are read: the longest listed name has 260; the rest is not a name."""

APOSTROPHES = re.compile(r"['`´‘’ʻʼʾʿ]")
DOTTED = re.compile(r"\b(?:[A-Z0-9]\.){2,}(?:[A-Z0-9]\b)?")
SPACED = {n: " " for n in range(128) if not chr(n).isalnum()}


class NameWords(NamedTuple):
    """A name's words in their order; `forms` are its legal forms and titles, kept apart."""

    content: tuple[str, ...]
    forms: tuple[str, ...]
    plain: tuple[str, ...]
    """All words as they are written."""
    bare: tuple[str, ...]
    """What is left without every word that a legal form is written with, in whatever order."""

    @property
    def all(self) -> tuple[str, ...]:
        return self.content + self.forms


@dataclass(frozen=True)
class NameTables:
    """What a model version knows of legal forms, titles and look-alike letters."""

    forms: dict[tuple[str, ...], str]
    """Words of a legal form or title as written -> the one word that stands for it."""
    lengths: dict[str, tuple[int, ...]]
    """First word of a form -> lengths of the forms that begin with it, longest first."""
    form_words: frozenset[str]
    """The words that stand for legal forms and titles."""
    parts: frozenset[str]
    """All words that legal forms are written with."""
    look_alikes: dict[int, str]


@cache
def name_tables(version: str = MODEL) -> NameTables:
    rows = _rows(version, "legal_forms.csv") + _rows(version, "titles.csv")
    forms = {tuple(row["written"].split()): row["word"] for row in rows}
    lengths: dict[str, set[int]] = {}
    for written in forms:
        lengths.setdefault(written[0], set()).add(len(written))
    return NameTables(
        forms,
        {word: tuple(sorted(counts, reverse=True)) for word, counts in lengths.items()},
        frozenset(forms.values()),
        _parts(_rows(version, "legal_forms.csv")),
        {ord(row["letter"]): row["latin"] for row in _rows(version, "look_alikes.csv")},
    )


def _parts(rows: list[dict[str, str]]) -> frozenset[str]:
    written = [row["written"].split() for row in rows]
    # letters of "L L C" come joined; they must not take an initial for a legal form
    return frozenset(word for form in written if max(map(len, form)) > 1 for word in form)


def _rows(version: str, name: str) -> list[dict[str, str]]:
    text = (model_folder(version) / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _is_mixed(word: str) -> bool:
    """Whether Latin letters stand beside letters of another alphabet."""
    letters = [letter for letter in word if letter.isalpha()]
    latin = sum("LATIN" in unicodedata.name(letter, "") for letter in letters)
    return 0 < latin < len(letters)


def latin(text: str, version: str = MODEL) -> str:
    """`text` in plain ASCII: what cannot be seen dropped, look-alikes folded, scripts spelled out.

    Look-alikes are folded only inside a word that mixes alphabets: a Cyrillic word is spelled as
    what it is.
    """
    if text.isascii() or (text := unicodedata.normalize("NFKC", text)).isascii():
        return text
    text = APOSTROPHES.sub("", text)
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    look_alikes = name_tables(version).look_alikes
    pieces = [piece.translate(look_alikes) if _is_mixed(piece) else piece for piece in text.split()]
    return anyascii(" ".join(pieces))


def plain_name(text: str, version: str = MODEL) -> list[str]:
    """Capital words of a name, dotted letters joined ("S.A." is SA)."""
    text = latin(text[:LONGEST], version).upper()
    if "." in text:
        text = DOTTED.sub(lambda match: match[0].replace(".", "") + " ", text)
    text = text.replace("'", "").replace("`", "").replace("&", " AND ")
    return text.translate(SPACED).split()


def split_name(text: str, version: str = MODEL) -> NameWords:
    """The words of a name. Of a name that is nothing but legal forms the first is its content."""
    tables, parts = name_tables(version), plain_name(text, version)
    written = tuple(parts)
    if tables.lengths.keys().isdisjoint(parts):
        return NameWords(written, (), written, _bare(written, tables))
    content: list[str] = []
    forms: list[str] = []
    at = first = 0
    while at < len(parts):
        length = _form_at(parts, at, tables) if parts[at] in tables.lengths else 0
        if length:
            forms.append(tables.forms[written[at : at + length]])
            first = first or length
        else:
            content.append(parts[at])
        at += length or 1
    if not content:
        content, forms = parts[:first], forms[1:]
    return NameWords(tuple(content), tuple(forms), written, _bare(written, tables))


def _bare(written: tuple[str, ...], tables: NameTables) -> tuple[str, ...]:
    if tables.parts.isdisjoint(written):
        return written
    return tuple(word for word in written if word not in tables.parts)


def _form_at(parts: list[str], at: int, tables: NameTables) -> int:
    """Words of the longest legal form or title that begins at that place; 0 when none does."""
    for length in tables.lengths.get(parts[at], ()):
        if tuple(parts[at : at + length]) in tables.forms:
            return length
    return 0


def model_folder(version: str) -> Traversable:
    """`data/screening/model-<version>`: tables of names, weights of words, trees."""
    return files("continuity_data") / "screening" / f"model-{version}"
