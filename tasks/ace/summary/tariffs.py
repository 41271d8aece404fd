"""Tariff numbers of the 50 records by how they begin (AE 2026-07 p.161, 219)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tasks.ace.checks.deck import Rows, pack, pack_bytes
from tasks.ace.money import fees
from tasks.ace.wire.classes import Flags


def begins(tariffs: Rows, heads: Iterable[str]) -> Flags:
    """Which numbers begin with one of the heads, of at most eight digits each."""
    text = tariffs.raw("hts_number")
    found = np.zeros(len(tariffs), dtype=bool)
    for head in heads:
        found |= pack_bytes(text[:, : len(head)]) == pack(head, len(head))
    return found


def chapter_98(tariffs: Rows) -> Flags:
    """Numbers of the chapter whose articles are exempt from MPF."""
    return begins(tariffs, fees.exempt_codes(fees.MPF, "chapter"))


def owing_98(tariffs: Rows) -> Flags:
    """Numbers of that chapter that owe MPF all the same (9802.00.60 and .80)."""
    return begins(tariffs, fees.exempt_codes(fees.MPF, "not_chapter"))


def repeated(key: np.ndarray) -> Flags:
    """Which elements have stood before. Ascending keys, the usual case, need no sorting."""
    if not len(key) or (key[1:] > key[:-1]).all():
        return np.zeros(len(key), dtype=bool)
    _, first = np.unique(key, return_index=True)
    found = np.ones(len(key), dtype=bool)
    found[first] = False
    return found
