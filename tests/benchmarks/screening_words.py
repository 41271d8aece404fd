"""The frozen word and letter-group weights of a model version; `screening_model.py` writes them.

How common a word is comes from
the OFAC list and, for words that are common among honest partners, from the parts of clean names
in `tests/data/screening/parts.csv` (U.S. Census 1990 name files and general trade words) and from
the name, word and place lists of many countries in the package Faker (pip install faker==40.54.0).
"""

from __future__ import annotations

import csv
import importlib
import math
import pkgutil
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from tasks.screening.matching.name_words import GROUPS, consonant_skeleton, group_codes, name_tables, split_name
from tests.benchmarks.perturb import ADDED, DATA, STARTS

CORPUS = 30_000
"""Names that frequencies refer to."""
PART = 3
"""Least names in CORPUS that a known given or family name is taken to stand in."""
EVERYDAY = 40
"""The same for an everyday word, a country or a province."""
PLACE = 10
"""The same for a town."""
LISTED = 0.5
"""What a listed record that has a word counts beside an honest partner that has it."""
MOST_PLACES = 1000
"""A longer list of towns names every village, which says nothing about how common a word is."""
COMMON = 150
"""Names in CORPUS that a general trade word, place or foreign name part is taken to stand in."""

LEAST_SURPRISE = 0.35
"""Letter groups met in more than about one name of 35 find nothing and cost most of the search."""


def clean_counts() -> Counter[str]:
    """Word -> names in CORPUS honest partners' names of the whole world are taken to have it in."""
    counts: Counter[str] = Counter()
    for text, count in [*part_counts(), *world_counts()]:
        for word in split_name(text).content:
            counts[word] = max(counts[word], count)
    return counts


def part_counts() -> Iterator[tuple[str, int]]:
    with (DATA / "parts.csv").open(encoding="utf-8") as source:
        for row in csv.DictReader(source):
            census = row["kind"] in ("given-us", "family-us")
            yield row["part"], max(PART, round(float(row["share"]) * 300)) if census else COMMON
    for word in (*ADDED, *" ".join(STARTS).split(), "SONS", "SON", "BROTHERS", "BROS", "HIJOS", "FILS"):
        yield word, COMMON


def world_counts() -> Iterator[tuple[str, int]]:
    """Given and family names, everyday words and places of some eighty countries, out of Faker."""
    locales: Counter[str] = Counter()
    for provider in providers("person"):
        locales.update(
            {name for key in dir(provider) if re.match(r"(first|last)_name|surname", key)
             for name in texts(getattr(provider, key))}
        )  # fmt: skip
    yield from ((name, min(PART + 5 * met, COMMON)) for name, met in locales.items())
    for provider in providers("lorem"):
        yield from ((word, EVERYDAY) for word in texts(getattr(provider, "word_list", ())))
    for provider in providers("address"):
        for key, count in (("cities", PLACE), ("city_names", PLACE), ("countries", EVERYDAY), ("states", EVERYDAY)):
            places = list(texts(getattr(provider, key, ())))
            yield from ((place, count) for place in places if len(places) <= MOST_PLACES)


def providers(kind: str) -> Iterator[type]:
    package = importlib.import_module(f"faker.providers.{kind}")
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
        yield importlib.import_module(f"{package.__name__}.{found.name}").Provider


def texts(values: object) -> Iterator[str]:
    if isinstance(values, (list, tuple, set, dict)):
        yield from (one for one in values if isinstance(one, str))


def word_weights(names: Iterable[tuple[str, str]], forget: float = 0.0) -> dict[str, float]:
    """Word -> 0..1: the share of surprise that meeting it holds, 1 for a word met at most once.

    `names`: record and name. Aliases of one record do not make its words commoner, and what is
    common on the list alone (names of one sanctioned group) counts LISTED of that.
    `forget`: share of the clean words, drawn by their digest, that are left out. A model is trained
    with some left out, since the partners of the real world have words that no table holds.
    """
    records: dict[str, set[str]] = defaultdict(set)
    for record, name in names:
        for word in split_name(name).all:
            records[word].add(record)
    listed = {word: round(len(found) * LISTED) for word, found in records.items()}
    clean = {
        word: count for word, count in clean_counts().items()
        if zlib.crc32(word.encode()) % 1000 >= forget * 1000
    }  # fmt: skip
    weights = {}
    for word in listed.keys() | clean.keys():
        count = max(listed.get(word, 0), clean.get(word, 0))
        if count > 1:
            weights[word] = round(math.log(CORPUS / count) / math.log(CORPUS), 3)
    return {**weights, **dict.fromkeys(name_tables().form_words, 0.05)}


def group_weights(names: list[str]) -> np.ndarray:
    """Weight of each letter group: rare groups weigh more, the commonest nothing."""
    total = np.zeros(GROUPS)
    for name in names:
        content = split_name(name).content
        if not content:
            continue
        texts = np.array(content, dtype=object)
        heard = np.array([consonant_skeleton(word) for word in content], dtype=object)
        found = sp.csr_matrix(group_codes(texts, 0) + group_codes(heard, GROUPS // 2))
        total[np.unique(found.indices)] += 1
    surprise = np.log(len(names) / np.maximum(total, 1.0)) / math.log(len(names))
    surprise[surprise < LEAST_SURPRISE] = 0.0
    return np.rint(surprise * 1000).astype(int)


def write_weights(out: Path, weights: dict[str, float], groups: np.ndarray) -> None:
    """Write `words.csv` and `groups.csv` (groups of full weight are left out)."""
    out.mkdir(parents=True, exist_ok=True)
    rows = [f"{word},{weight:g}" for word, weight in sorted(weights.items())]
    (out / "words.csv").write_text("\n".join(["word,weight", *rows]) + "\n", encoding="utf-8")
    rows = [f"{n},{weight}" for n, weight in enumerate(groups.tolist()) if weight != 1000]
    (out / "groups.csv").write_text("\n".join(["group,weight", *rows]) + "\n", encoding="utf-8")
