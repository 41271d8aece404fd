from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from tasks.ace.check import check_file
from tasks.shared import manifest
from tasks.shared.journal_copy import read

SSN = re.compile(rb"(?<![\d-])(?!000)\d{3}-\d{2}-\d{4}(?![\d-])")


def test_it_leaves_what_it_promises(drilled: tuple[Path, str]) -> None:
    out, _ = drilled
    names = {path.name for path in out.iterdir()}
    assert {"accounting.xlsx", "accounting.txt", "batches", "journal", "what-happened.txt",
            "manifest.json"} <= names  # fmt: skip
    assert manifest.verify(out) == []


def test_every_batch_passes_the_check_and_is_marked(drilled: tuple[Path, str]) -> None:
    out, _ = drilled
    batches = sorted((out / "batches").glob("*.abi"))
    assert len(batches) >= 3
    for path in batches:
        assert check_file(path).errors == ()
        assert path.read_bytes()[59:65] == b"DRILL-"


def test_every_number_is_in_one_place(drilled: tuple[Path, str]) -> None:
    out, said = drilled
    totals = pd.read_excel(
        out / "accounting.xlsx", sheet_name="Totals", header=2, engine="calamine"
    )
    numbers = pd.read_excel(
        out / "accounting.xlsx", sheet_name="Numbers", header=2, engine="calamine"
    )
    assert numbers["number"].is_unique
    used = totals[totals["desk"] != "(reserve)"]
    assert used["in all"].sum() == len(numbers)
    places = Counter(numbers["place"])
    assert places["void"] >= 1 and places["UNACCOUNTED"] >= 1 and places["no filing"] >= 1
    assert set(numbers[numbers["place"] == "UNACCOUNTED"]["desk"]) >= {"rail"}
    assert "rail" in said


def test_no_entry_is_in_two_batches(drilled: tuple[Path, str]) -> None:
    out, _ = drilled
    named = [
        number
        for event in read(out / "journal")
        if event.kind == "batch.named"
        for number in event.said.numbers  # type: ignore[attr-defined]
    ]
    assert len(named) == len(set(named)) >= 30


@pytest.mark.parametrize(
    "caught",
    ["voided by two persons", "unchanged", "was issued to the desk ocean", "left out",
     "sign-off refused", "AwaitingApproval", "none a second time"],
)  # fmt: skip
def test_it_tells_how_each_mishap_is_caught(drilled: tuple[Path, str], caught: str) -> None:
    assert caught in drilled[1]
    assert caught in (drilled[0] / "what-happened.txt").read_text()


def test_a_secret_scan_finds_nothing(drilled: tuple[Path, str]) -> None:
    """No password, one-time-code secret, Social Security number or birth date anywhere."""
    out, said = drilled
    kept = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    kept[Path("said")] = said.encode()
    secrets = sample_secrets()
    assert secrets
    for path, data in kept.items():
        for text in (data, *unpacked(path)):
            assert not SSN.search(text), path
            for secret in secrets:
                assert secret not in text, path
            assert b"otpauth" not in text, path


def sample_secrets() -> list[bytes]:
    """What the sample's desks wrote down that must not come out again."""
    from importlib.resources import files

    from tasks.entries.intake import read_files

    found: list[bytes] = []
    folder = files("continuity_data") / "sample" / "handed_in"
    for intake in read_files([Path(str(one)) for one in folder.iterdir()]):
        for name in ("driver_birth_date", "driver_licence", "vehicle_plate"):
            values = intake.record.entries[name].to_pylist()
            found += [value.encode() for value in values if value]
    return found


def unpacked(path: Path) -> list[bytes]:
    """The text inside workbooks and records, which are compressed."""
    if path.suffix == ".xlsx":
        sheets = pd.read_excel(path, sheet_name=None, header=None, dtype=str, engine="calamine")
        return [sheet.to_csv().encode() for sheet in sheets.values()]
    if path.parent.parent.name == "content" and path.read_bytes()[:7] == b"entries":
        from tasks.entries.record import from_bytes

        record = from_bytes(path.read_bytes())
        return [str(table.to_pylist()).encode() for _, table in record.items()]
    return []


def test_the_batches_are_shown_for_a_person(drilled: tuple[Path, str]) -> None:
    from tasks.ace.show import show_bytes

    path = next((drilled[0] / "batches").glob("*.abi"))
    lines = list(show_bytes(path.read_bytes()))
    assert len(lines) > 50 and not any("PASSWD" in line for line in lines)
