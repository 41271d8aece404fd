"""Which lists there are, who keeps them, how old they may grow, and which module reads each."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tasks.screening.lists import csl, dpl, forced_labor, further, ofac
from tasks.screening.lists.source import Source
from tasks.screening.lists.tables import Draft

OWN = "own"
Reader = Callable[[Source], list[Draft]]
READERS: dict[str, Reader] = {
    "ofac-sdn": ofac.read_sdn,
    "ofac-cons": ofac.read_consolidated,
    "csl": csl.read,
    "bis-dpl": dpl.read,
    "uflpa": forced_labor.read_uflpa,
    "cbp-wro": forced_labor.read_wro,
    "dod-1260h": further.read_dod,
    "fincen": further.read_fincen,
}
SIGNS: dict[str, tuple[str, ...]] = {
    "ofac-sdn": ofac.SDN.names,
    "ofac-cons": ofac.CONSOLIDATED.names,
    "csl": csl.FILES,
    "bis-dpl": dpl.FILES,
    "uflpa": forced_labor.UFLPA_FILES,
    "cbp-wro": forced_labor.WRO_FILES,
    "dod-1260h": further.DOD_FILES,
    "fincen": further.FINCEN_FILES,
}
"""The files by which a folder shows that it holds a list; the more of them, the wholer it is."""


@dataclass(frozen=True)
class Listing:
    """`limit_days`: older than that it turns screening red, 0 for no limit. `csl_codes`: parts of
    the CSL that this list makes superfluous. `needed`: screening is not green without it."""

    list: str
    title: str
    keeper: str
    limit_days: int
    csl_codes: frozenset[str]
    needed: bool


@cache
def listings() -> dict[str, Listing]:
    text = files("continuity_data").joinpath("screening", "lists.csv").read_text(encoding="utf-8")
    return {
        row["list"]: Listing(
            row["list"],
            row["title"],
            row["keeper"],
            int(row["limit_days"] or 0),
            frozenset(row["csl_codes"].split()),
            row["needed"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    }
