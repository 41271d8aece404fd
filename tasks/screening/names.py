"""A name as the matcher sees it: plain capital words, each known as a legal form, a title or neither.

`words` folds what writing does to a name and meaning does not: compatibility forms (NFKC), marks
that cannot be seen, look-alike letters of other alphabets, other scripts (spelled in Latin),
case, punctuation, and legal forms written out ("LIMITED LIABILITY COMPANY" is the word LLC).
Tables: `data/screening/legal_forms.csv`, `titles.csv`, `look_alikes.csv`.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from anyascii import anyascii

LONGEST = 400
"""Characters of a name that are read: the longest listed name has 260; the rest is not a name."""

APOSTROPHES = re.compile(r"['`´‘’ʻʼʾʿ]")
DOTTED = re.compile(r"\b(?:[A-Z0-9]\.){2,}(?:[A-Z0-9]\b)?")
SPLIT = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Words:
    """A name's words in their order; `forms` are its legal forms and titles, kept apart."""

    content: tuple[str, ...]
    forms: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return self.content + self.forms


def table(name: str) -> list[dict[str, str]]:
    """Rows of one of the room's data files."""
    text = (files("continuity_data") / "screening" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def legal_forms() -> dict[tuple[str, ...], str]:
    """Words of a legal form or title as written -> the one word that stands for it."""
    rows = table("legal_forms.csv") + table("titles.csv")
    return {tuple(row["written"].split()): row["word"] for row in rows}


@cache
def form_words() -> frozenset[str]:
    """The words that stand for legal forms and titles."""
    return frozenset(legal_forms().values())


@cache
def _first_words() -> dict[str, tuple[int, ...]]:
    """First word of a form -> lengths of the forms that begin with it, longest first."""
    lengths: dict[str, set[int]] = {}
    for written in legal_forms():
        lengths.setdefault(written[0], set()).add(len(written))
    return {word: tuple(sorted(found, reverse=True)) for word, found in lengths.items()}


@cache
def _look_alikes() -> dict[int, str]:
    return {ord(row["letter"]): row["latin"] for row in table("look_alikes.csv")}


def _is_mixed(word: str) -> bool:
    """Whether Latin letters stand beside letters of another alphabet."""
    letters = [letter for letter in word if letter.isalpha()]
    latin = sum("LATIN" in unicodedata.name(letter, "") for letter in letters)
    return 0 < latin < len(letters)


def latin(text: str) -> str:
    """`text` in plain ASCII: what cannot be seen dropped, look-alikes folded, scripts spelled out.

    Look-alikes are folded only inside a word that mixes alphabets: a Cyrillic word is spelled as
    what it is.
    """
    text = unicodedata.normalize("NFKC", text)
    if text.isascii():
        return text
    text = APOSTROPHES.sub("", text)
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    pieces = [
        piece.translate(_look_alikes()) if _is_mixed(piece) else piece for piece in text.split()
    ]
    return anyascii(" ".join(pieces))


def plain(text: str) -> list[str]:
    """Capital words of a name, dotted letters joined ("S.A." is SA)."""
    text = latin(text[:LONGEST]).upper()
    if "." in text:
        text = DOTTED.sub(lambda found: found[0].replace(".", "") + " ", text)
    text = APOSTROPHES.sub("", text).replace("&", " AND ")
    return [word for word in SPLIT.split(text) if word]


def words(text: str) -> Words:
    """The words of a name. A name that is nothing but legal forms is its own content."""
    found, firsts, forms = plain(text), _first_words(), legal_forms()
    content: list[str] = []
    kept: list[str] = []
    at = 0
    while at < len(found):
        for length in firsts.get(found[at], ()):
            form = forms.get(tuple(found[at : at + length]))
            if form is not None:
                kept.append(form)
                at += length
                break
        else:
            content.append(found[at])
            at += 1
    return Words(tuple(content), tuple(kept)) if content else Words(tuple(kept), ())
