"""Lists above their floors, in their publishers' layouts, with made-up names: for tests that need what the
excerpts are not."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

HIZBALLAH = "HIZBALLAH"
SOURCES: Mapping[str, tuple[str, int]] = {
    "SDN": ("Specially Designated Nationals (SDN) - Treasury Department", 8200),
    "EL": ("Entity List (EL) - Bureau of Industry and Security", 2800),
    "DPL": ("Denied Persons List (DPL) - Bureau of Industry and Security", 900),
    "MEU": ("Military End User (MEU) List - Bureau of Industry and Security", 60),
    "CMIC": ("Non-SDN Chinese Military-Industrial Complex Companies List (CMIC) - Treasury", 60),
    "SSI": ("Sectoral Sanctions Identifications List (SSI) - Treasury Department", 280),
    "PLC": ("Palestinian Legislative Council List (PLC) - Treasury Department", 70),
    "DTC": ("ITAR Debarred (DTC) - State Department", 400),
    "ISN": ("Nonproliferation Sanctions (ISN) - State Department", 200),
    "UVL": ("Unverified List (UVL) - Bureau of Industry and Security", 150),
}
"""Source code of the CSL to its title and how many rows `csl` writes of it."""


def csl(folder: Path, **counts: int) -> Path:
    """A CSL in the layout of 2025 with its needed columns; `counts`: rows of a source, if not the usual.
    Hizballah is the first row of SDN."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "consolidated.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["_id", "source", "name", "addresses", "alt_names", "ids"])
        for code, (title, usual) in SOURCES.items():
            for number in range(counts.get(code, usual)):
                first = code == "SDN" and not number
                name = HIZBALLAH if first else f"Qorvex{number:05d} Zhulten {code}"
                out.writerow([f"{code}{number}", title, name, "", "", ""])
    return path


def forced_labor(folder: Path, uflpa: int = 144, wro: int = 60) -> None:
    """The UFLPA Entity List and CBP's orders, in the product's own columns."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [[f"Wextul{number:03d} Textile", "2022-06-21", ""] for number in range(uflpa)]
    _write(folder / "uflpa_list.csv", ["name_as_published", "effective_date", "note"], names)
    orders = [[f"Drovik{number:03d} Fishery", "China", "Seafood", "2021-05-28", "WRO"]
              for number in range(wro)]  # fmt: skip
    _write(folder / "cbp_wro.csv", ["entity_as_published", "country", "industry", "date", "status"],
           orders)  # fmt: skip


def consolidated(folder: Path, records: int = 442) -> None:
    """OFAC's consolidated non-SDN files, each record with three aliases."""
    folder.mkdir(parents=True, exist_ok=True)
    blank = ["-0- "]
    prime = [[1000 + n, f"Orlik{n:04d} Bank", "-0- ", "UKRAINE-EO13662", *blank * 8]
             for n in range(records)]  # fmt: skip
    other = [[1000 + n, 3 * n + k, "aka", f"Orlik{n:04d} Zemstvo{k}", *blank]
             for n in range(records) for k in range(3)]  # fmt: skip
    for name, rows in (("cons_prim.csv", prime), ("cons_alt.csv", other),
                       ("cons_add.csv", [[1000, 1, "Street 1", "City", "Russia", *blank]]),
                       ("cons_comments.csv", [[1000, "a remark"]])):  # fmt: skip
        _write(folder / name, [], rows)
        with (folder / name).open("ab") as file:
            file.write(b"\x1a")


def _write(path: Path, heading: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\r\n")
        out.writerows([heading, *rows] if heading else rows)
