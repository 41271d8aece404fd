"""The manufacturer identification (MID): built from name and address, and looked up backwards.

Country (a Canadian maker: the province) + first three letters of each of the first two words of the
name (a single word: six) + up to four digits of the street line + first three letters of the city;
8 to 15 letters and digits (CATAIR AE July 2026 p.137; CBP Directive 3500-13). Words A, AN, AND, OF,
THE do not count, initials are one word, marks are dropped. The directive's readers differ on which
number of the street line is meant: the largest is built, the first is looked up too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import pyarrow as pa
from anyascii import anyascii

_SKIPPED = {"A", "AN", "AND", "OF", "THE"}
_PROVINCES = {
    "ALBERTA": "XA", "AB": "XA", "NEW BRUNSWICK": "XB", "NB": "XB", "BRITISH COLUMBIA": "XC", "BC": "XC",
    "MANITOBA": "XM", "MB": "XM", "NOVA SCOTIA": "XN", "NS": "XN", "ONTARIO": "XO", "ON": "XO",
    "PRINCE EDWARD ISLAND": "XP", "PE": "XP", "QUEBEC": "XQ", "QC": "XQ", "SASKATCHEWAN": "XS", "SK": "XS",
    "NORTHWEST TERRITORIES": "XT", "NT": "XT", "NUNAVUT": "XV", "NU": "XV", "NEWFOUNDLAND AND LABRADOR": "XW",
    "NEWFOUNDLAND": "XW", "NL": "XW", "YUKON": "XY", "YT": "XY",
}  # fmt: skip
"""CATAIR AE Table 5."""


_QUOTES, _WORDS, _NO_LETTERS = re.compile(r"['’`]"), re.compile(r"[A-Z0-9]+"), re.compile("[^A-Z]")
_INITIALS = re.compile(r"\b((?:[A-Z]\.?\s+|[A-Z]\.)+[A-Z]\b\.?)")
_SHAPE, _NUMBERS = re.compile(r"[A-Z]{2}[A-Z0-9]{6,13}"), re.compile(r"\d+")


def is_mid(text: str) -> bool:
    return _SHAPE.fullmatch(text) is not None


def construct_mid(name: str, country: str, city: str, address: str, region: str = "") -> str:
    """The MID of a maker; empty if country, name or city is missing."""
    variants = mid_variants(name, country, city, address, region)
    return variants[0] if variants else ""


def mid_variants(name: str, country: str, city: str, address: str, region: str = "") -> tuple[str, ...]:
    """Every MID that a maker may have been given, the one to build first."""
    prefix = _PROVINCES.get(region.upper(), "") if country == "CA" else country
    part, town = _of_name(name), _of_city(city)
    if not (prefix and part and town):
        return ()
    numbers = [digits[:4] for digits in _NUMBERS.findall(address)]
    ordered = [max(numbers, key=int), numbers[0], ""] if numbers else [""]
    mids = dict.fromkeys([f"{prefix}{part}{number}{town}" for number in ordered])
    return tuple(mid for mid in mids if _SHAPE.fullmatch(mid))


@lru_cache(4096)
def _of_name(name: str) -> str:
    words = name_words(name)
    if len(words) < 2:
        return words[0][:6] if words else ""
    return words[0][:3] + words[1][:3]


@lru_cache(4096)
def _of_city(city: str) -> str:
    return _letters(city)[:3]


def name_words(name: str) -> list[str]:
    """The words that count: upper case Latin letters and digits, initials run together."""
    plain = _QUOTES.sub("", _latin(name))
    words = _WORDS.findall(plain)
    if any(len(word) == 1 for word in words):
        words = _WORDS.findall(_INITIALS.sub(_run_together, plain))
    return [word for word in words if word not in _SKIPPED] or words


def _run_together(initials: re.Match[str]) -> str:
    return re.sub(r"[^A-Z]", "", initials[1]) + " "


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", _latin(text))


def _latin(text: str) -> str:
    return (text if text.isascii() else anyascii(text)).upper()


class MidIndex:
    """From MIDs to the list records whose names and addresses would be given them."""

    def __init__(self, records: pa.Table) -> None:
        records_of_mid: dict[str, set[str]] = defaultdict(set)
        columns = ("record", "kind", "names", "places", "identifiers")
        for row in records.select(list(columns)).to_pylist():
            if row["kind"] in ("individual", "vessel", "aircraft", "goods"):
                continue
            for mid in _mids(row):
                records_of_mid[mid].add(row["record"])
        self._records: Mapping[str, set[str]] = records_of_mid

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __contains__(self, mid: str) -> bool:
        return mid.upper() in self._records

    def find(self, mids: Iterable[str]) -> dict[str, str]:
        """Record to the MID by which it was found."""
        return {record: mid for mid in mids for record in sorted(self._records.get(mid.upper(), ()))}


def _mids(row: Mapping[str, list[dict[str, str]]]) -> set[str]:
    mids = {identifier["value"].upper() for identifier in row["identifiers"] if identifier["kind"] == "mid"}
    towns = [town for town in row["places"] if town["country"] and town["city"]]
    for name in row["names"]:
        if name["strength"] != "weak":
            for town in towns:
                mids |= set(mid_variants(name["name"], town["country"], town["city"], town["address"]))
    return mids
