"""Two coarser spellings of a word: `loose` evens out transliteration, `skeleton` keeps consonants.

Loose: letters that one original letter is spelled with become one (KH, GH, H; OU, OO, U; IE, EI,
Y, I), doubles become single. Skeleton: the first letter and the consonants after it, with voiced
and unvoiced pairs joined, so that MOHAMMED, MUHAMMAD and MEHMET come near each other.
"""

from __future__ import annotations

import re
from functools import lru_cache

LOOSE = (
    ("SHCH", "S"), ("TSCH", "C"), ("SCH", "S"), ("DZH", "J"), ("ZH", "J"), ("SH", "S"),
    ("CH", "C"), ("TCH", "C"), ("KH", "H"), ("GH", "G"), ("PH", "F"), ("TH", "T"), ("DH", "D"),
    ("TS", "Z"), ("TZ", "Z"), ("CK", "K"), ("KS", "X"), ("DJ", "J"), ("QU", "K"), ("Q", "K"),
    ("OU", "U"), ("OO", "U"), ("EE", "I"), ("EI", "I"), ("IE", "I"), ("IY", "I"), ("YI", "I"),
    ("EY", "I"), ("AY", "AI"), ("YA", "IA"), ("YU", "IU"), ("YE", "E"), ("YO", "O"), ("IO", "O"),
    ("Y", "I"), ("W", "V"), ("J", "I"), ("AE", "E"), ("OE", "O"), ("UE", "U"),
)  # fmt: skip
"""What is written -> what stands for it, longest first at each place of a word."""

_TABLE = dict(LOOSE)
_PATTERN = re.compile("|".join(sorted(_TABLE, key=len, reverse=True)))
_DOUBLE = re.compile(r"(.)\1+")
_VOWELS = re.compile(r"[AEIOU]")
_VOICED = str.maketrans("BDGZVCX", "PTKSFKS")


@lru_cache(maxsize=200_000)
def loose(word: str) -> str:
    """`word` with the choices of transliteration evened out; never empty for a word."""
    folded = _PATTERN.sub(lambda found: _TABLE[found[0]], _DOUBLE.sub(r"\1", word))
    return _DOUBLE.sub(r"\1", folded)


@lru_cache(maxsize=200_000)
def skeleton(word: str) -> str:
    """First letter and later consonants of the loose form, voiced as unvoiced."""
    folded = loose(word).translate(_VOICED)
    return folded[:1] + _DOUBLE.sub(r"\1", _VOWELS.sub("", folded[1:]).replace("H", ""))
