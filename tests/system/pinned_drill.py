"""The drill with its clock started at a fixed moment: its numbers and the bytes of its batches.

`python -m tests.system.pinned_drill` runs it and writes `tests/data/drill-batches.json`. Do this only
when a batch is meant to differ from what is recorded, and say why in the commit.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.drill.launcher import drill_environment

START = "2026-11-24T14:00:00.0Z"
RECORDED = Path(__file__).parents[1] / "data" / "drill-batches.json"
ENTRY = {"AE": ("10", 3, 8), "SE": ("SE10", 5, 10)}
"""By application: the record that begins an entry, and where in it the filer code and the entry
number with its check digit begin (CATAIR AE 2026-07 p.26, SE v40 p.33)."""


def play(folder: Path) -> dict[str, Any]:
    """Run the drill in an empty folder; what it left, in the form of `drill-batches.json`."""
    out = folder / "out"
    command = [sys.executable, "-m", "tasks.drill", "--home", str(folder / "home")]
    done = subprocess.run(
        [*command, "--out", str(out), "--start", START],
        env=drill_environment(folder), capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    sheet = pd.read_excel(out / "accounting.xlsx", sheet_name="Numbers", header=2, engine="calamine")
    batches = [_batch(path) for path in (out / "batches").glob("*.abi")]
    return {
        "start": START,
        "numbers": sorted(sheet["number"]),
        "batches": sorted(batches, key=lambda batch: str(batch["file"])),
    }


def _batch(path: Path) -> dict[str, Any]:
    """The minute is left out of the file's name: it depends on how fast the machine is."""
    data = path.read_bytes()
    application = data[25:27].decode("ascii")
    return {
        "file": re.sub(r"T\d{4}Z", "T....Z", path.name),
        "application": application,
        "numbers": list(_numbers(data.decode("ascii"), *ENTRY[application])),
        "sha256": sha256(data).hexdigest(),
    }


def _numbers(text: str, head: str, filer: int, number: int) -> Iterator[str]:
    for record in (text[at : at + 80] for at in range(0, len(text), 80)):
        if record.startswith(head):
            digits = record[number : number + 8]
            yield f"{record[filer : filer + 3]}-{digits[:7]}-{digits[7]}"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="pinned-drill-") as folder:
        left = play(Path(folder))
    RECORDED.write_text(json.dumps(left, indent=1) + "\n", encoding="utf-8")
    print(f"{len(left['numbers'])} numbers, {len(left['batches'])} batches: {RECORDED}")


if __name__ == "__main__":
    main()
