"""A name as the matcher sees it: plain capital words, each known as a legal form, a title or neither.

`words` folds what writing does to a name and meaning does not: compatibility forms (NFKC), marks
that cannot be seen, look-alike letters of other alphabets, other scripts (spelled in Latin),
case, punctuation, and legal forms written out ("LIMITED LIABILITY COMPANY" is the word LLC).
Tables of each model version: `legal_forms.csv`, `titles.csv`, `look_alikes.csv`.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from anyascii import anyascii

from tasks.screening.version import MODEL, folder

LONGEST = 400
"""Characters of a name that are read: the longest listed name has 260; the rest is not a name."""

APOSTROPHES = re.compile(r"['`´‘’ʻʼʾʿ]")
DOTTED = re.compile(r"\b(?:[A-Z0-9]\.){2,}(?:[A-Z0-9]\b)?")
SPACED = {n: " " for n in range(128) if not chr(n).isalnum()}


class Words(NamedTuple):
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
class Tables:
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
def tables(version: str = MODEL) -> Tables:
    rows = _rows(version, "legal_forms.csv") + _rows(version, "titles.csv")
    forms = {tuple(row["written"].split()): row["word"] for row in rows}
    lengths: dict[str, set[int]] = {}
    for written in forms:
        lengths.setdefault(written[0], set()).add(len(written))
    return Tables(
        forms,
        {word: tuple(sorted(found, reverse=True)) for word, found in lengths.items()},
        frozenset(forms.values()),
        _parts(_rows(version, "legal_forms.csv")),
        {ord(row["letter"]): row["latin"] for row in _rows(version, "look_alikes.csv")},
    )


def _parts(rows: list[dict[str, str]]) -> frozenset[str]:
    written = [row["written"].split() for row in rows]
    # letters of "L L C" come joined; they must not take an initial for a legal form
    return frozenset(word for form in written if max(map(len, form)) > 1 for word in form)


def _rows(version: str, name: str) -> list[dict[str, str]]:
    text = (folder(version) / name).read_text(encoding="utf-8")
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
    look_alikes = tables(version).look_alikes
    pieces = [piece.translate(look_alikes) if _is_mixed(piece) else piece for piece in text.split()]
    return anyascii(" ".join(pieces))


def plain(text: str, version: str = MODEL) -> list[str]:
    """Capital words of a name, dotted letters joined ("S.A." is SA)."""
    text = latin(text[:LONGEST], version).upper()
    if "." in text:
        text = DOTTED.sub(lambda found: found[0].replace(".", "") + " ", text)
    text = text.replace("'", "").replace("`", "").replace("&", " AND ")
    return text.translate(SPACED).split()


def words(text: str, version: str = MODEL) -> Words:
    """The words of a name. Of a name that is nothing but legal forms the first is its content."""
    known, found = tables(version), plain(text, version)
    whole = tuple(found)
    if known.lengths.keys().isdisjoint(found):
        return Words(whole, (), whole, _bare(whole, known))
    content: list[str] = []
    kept: list[str] = []
    at = first = 0
    while at < len(found):
        length = _form_at(found, at, known) if found[at] in known.lengths else 0
        if length:
            kept.append(known.forms[whole[at : at + length]])
            first = first or length
        else:
            content.append(found[at])
        at += length or 1
    if not content:
        content, kept = found[:first], kept[1:]
    return Words(tuple(content), tuple(kept), whole, _bare(whole, known))


def _bare(found: tuple[str, ...], known: Tables) -> tuple[str, ...]:
    if known.parts.isdisjoint(found):
        return found
    return tuple(word for word in found if word not in known.parts)


def _form_at(found: list[str], at: int, known: Tables) -> int:
    """Words of the longest legal form or title that begins at that place; 0 when none does."""
    for length in known.lengths.get(found[at], ()):
        if tuple(found[at : at + length]) in known.forms:
            return length
    return 0
