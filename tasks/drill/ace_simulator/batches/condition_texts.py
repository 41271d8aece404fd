"""Texts of conditions and statuses, by application: codes mean different things in each.

`data/ace/simulator_conditions.csv` holds them as CBP prints them, each with its source. SX: numbers without
a letter come from third-party sources [T]. 997 and codes of Z and two digits are the simulator's own.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from importlib.resources import files

BATCH_REJECTED = "BATCH REJECTED"
FAILURE = "** ACE SYSTEM FAILURE **"


def _texts() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    source = files("continuity_data") / "ace" / "simulator_conditions.csv"
    for row in csv.DictReader(source.read_text(encoding="utf-8").splitlines()):
        texts[row["table"]][row["code"]] = row["text"]
    return dict(texts)


_TEXTS = _texts()
ENVELOPE, SX, AX, ER, C1 = (_TEXTS[name] for name in ("envelope", "SX", "AX", "ER", "C1"))
BILL_STATUS, ENTRY_STATUS = _TEXTS["bill_status"], _TEXTS["entry_status"]
