"""Code lists of cargo release (SE v40 p.33-59)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from tasks.drill.ace_simulator.batches.input_records import code_set

Remark = tuple[int, str]
"""Index of the record in its transaction, and the condition code."""

TYPES = code_set("01 02 03 06 07 11 12 21 22 23 52 86")
MODES = code_set("10 11 12 20 21 30 31 32 33 34 40 41 50 60 70")
PORT_TYPES = code_set("02 06 07 12 21 22 23 86")
MANUAL = code_set("32 33 34 50 60 70")
ONE_LEVEL = MANUAL | {"20", "21", "30", "31"}
NO_ISSUER = code_set("32 33 34 40 41 50 60")
REASONS = frozenset(f"{number:02d}" for number in range(1, 13))
REPLACED = {"02": "IB", "03": "EN", "04": "FTZ"}
QUALIFIERS = code_set("CR EN IB FTZ DIS V1 AMT EXP KII RRN PER CES EDA")
PARTIES = code_set("MF SE BY ST LG CS CN BKP SH EX DR PK")
LIMITS = {"11": 2_500, "86": 800}


@cache
def code_list(name: str) -> frozenset[str]:
    """The codes of one of the lists that all parts share: `country`, `us_state`."""
    text = (files("continuity_data") / "codes" / f"{name}.csv").read_text(encoding="utf-8")
    return frozenset(row.split(",")[0] for row in text.splitlines()[1:])
