"""Country names as the lists write them, to the two letters of CATAIR Appendix B."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files


@cache
def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for folder, name in (("codes", "country.csv"), ("screening", "country_names.csv")):
        text = files("continuity_data").joinpath(folder, name).read_text(encoding="utf-8")
        for row in csv.DictReader(text.splitlines()):
            codes[_plain(row["meaning"])] = row["code"]
    return codes


@cache
def country_code(text: str) -> str:
    """ISO 3166 alpha-2 of a country name or code; empty if it names none that is known."""
    plain = _plain(text)
    if len(plain) == 2 and plain.upper() in _two_letters():
        return plain.upper()
    return _codes().get(plain, "")


@cache
def _two_letters() -> frozenset[str]:
    return frozenset(_codes().values())


def _plain(text: str) -> str:
    letters = re.sub(r"[^a-z ]", " ", text.lower().replace("&", " and "))
    return " ".join(word for word in letters.split() if word not in ("the", "of", "region"))
