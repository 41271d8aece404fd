from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, HostileFile
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.entries.record import trade_history
from tasks.entries.record.trade_history import history_table, latest_history, load_history, recorded_history
from tasks.entries.validation.entry_type_warnings import entry_type_hints, type_warnings
from tests.entries import house as desks, legal
from tests.entries.desk_cells import read_report
from tests.errors import refused

ROW = {
    "Importer": "Acme Tools, Inc.", "IOR": "12-3456789", "HTS": "8481.80.5090", "Origin": "cn",
    "Entry types": "01; 03", "Last entry": "2026-10-02", "AD case": "A570123000",
    "Chapter 99": "9903.88.03", "Quota": "", "Entries": "3", "Rate": "3%", "MID": "CNACME1SHA",
}  # fmt: skip


def report(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_report_is_read_by_its_headings(tmp_path: Path) -> None:
    (row,) = read_report(report(tmp_path / "h.csv", ROW))
    assert row["hts_number"] == "8481805090" and row["country_of_origin"] == "CN"
    assert row["chapter_99"] == ["99038803"] and row["entry_types"] == ["01", "03"]
    assert row["importer_number"] == "12-3456789" and row["entries"] == 3
    pd.DataFrame([ROW]).to_excel(tmp_path / "h.xlsx", index=False)
    assert read_report(tmp_path / "h.xlsx") == [row]


def test_a_social_security_number_is_not_kept(tmp_path: Path) -> None:
    (row,) = read_report(report(tmp_path / "h.csv", {**ROW, "IOR": desks.SSN}))
    assert row["importer_number"] == "" and row["importer"] == "Acme Tools, Inc."


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    bad = {**ROW, "HTS": "848180509", "Origin": "XX", "Last entry": "10/02/2026", "Importer": ""}
    special = {**ROW, "HTS": "9903.88.0300", "IOR": "900551234x"}
    with pytest.raises(BadInput) as told:
        read_report(report(tmp_path / "h.csv", bad, ROW, special))
    found = {(one.row, one.column) for one in told.value.problems}
    assert found == {(2, "HTS number"), (2, "Country of origin"), (2, "Last entry"),
                     (2, "Importer"), (4, "HTS number"), (4, "Importer number")}  # fmt: skip
    with refused("workbook-has-problems", BadInput) as caught:
        read_report(report(tmp_path / "h.csv", {"Importer": "Acme", "HTS": "8481805090"}))
    assert set(caught.codes) == {"history-column-missing"}
    with refused("workbook-has-problems", BadInput) as caught:
        (tmp_path / "e.csv").write_text("Importer,HTS,Origin\n")
        read_report(tmp_path / "e.csv")
    assert caught.codes == ["history-without-rows"]
    with pytest.raises(HostileFile):
        (tmp_path / "h.pdf").write_bytes(b"%PDF")
        read_report(tmp_path / "h.pdf")


def test_a_formula_is_refused(tmp_path: Path) -> None:
    pd.DataFrame([{**ROW, "Rate": "=1+1"}]).to_excel(tmp_path / "h.xlsx", index=False)
    with refused("workbook-has-formulas", BadInput):
        read_report(tmp_path / "h.xlsx")


@pytest.fixture
def book(journal: Journal, house: Settings):
    return desks.book_of(house, journal)


def recorded(book, tmp_path: Path, seed: int = 3, count: int = 6) -> list[str]:
    numbers = desks.issue(book.journal, book.settings, "truck", count)
    record = desks.filled(seed, numbers, "truck")
    (taken,) = desks.hand_in(book, desks.workbook(tmp_path, f"{seed}.xlsx", "truck", record))
    assert len(taken.recorded) == count, taken.problems
    return numbers


def test_the_book_tells_what_it_recorded(book, content: ContentStore, journal: Journal, tmp_path: Path) -> None:
    recorded(book, tmp_path)
    rows = list(recorded_history(journal, content))
    said = load_history(journal, content, "it")
    assert said is not None and said.rows == len(rows) > 5 and said.file == ""
    assert all(len(row["hts_number"]) == 10 and row["country_of_origin"] for row in rows)
    assert not any(trade_history.is_special(row["hts_number"]) for row in rows)
    known = entry_type_hints(latest_history(journal, content))
    only = [row for row in rows if row["entry_types"] == ["03"]]
    assert only and all(known[row["hts_number"], row["country_of_origin"]].cases for row in only)
    assert load_history(journal, content, "it") is None, "nothing new is not told again"
    assert verify_journal(journal, content).ok


def test_a_report_replaces_the_one_before_and_keeps_the_book(
    book, content: ContentStore, journal: Journal, tmp_path: Path
) -> None:
    recorded(book, tmp_path)
    day = legal.TODAY
    first = read_report(report(tmp_path / "one.csv", ROW, {**ROW, "Origin": "VN"}))
    load_history(journal, content, "it", ("one.csv", first, day))
    second = read_report(report(tmp_path / "two.csv", {**ROW, "Origin": "TH"}))
    load_history(journal, content, "it", ("two.csv", second, day))
    held = latest_history(journal, content)
    assert held is not None
    sources = set(held["source"].to_pylist())
    assert sources - {None} == {"two.csv"} and None in sources
    assert load_history(journal, content, "it") is None


def of_line(hts: str, origin: str, kind: str, **more: str):
    (number,) = legal.numbers(1)
    rows = {name: [] for name in ("entries", "lines", "tariffs")}
    rows["entries"].append({"entry_number": number, "entry_type": kind})
    rows["lines"].append({"entry_number": number, "line": 1, "country_of_origin": origin, **more})
    rows["tariffs"].append({"entry_number": number, "line": 1, "position": 1, "hts_number": hts})
    return legal.of_rows(rows)


def hint(tmp_path: Path, kind: str, hts: str = "8481805090", origin: str = "CN", **seen: str):
    rows = read_report(report(tmp_path / "h.csv", {**ROW, "AD case": "", **seen}))
    known = entry_type_hints(history_table(rows))
    return list(type_warnings(of_line(hts, origin, kind), known, "f.xlsx", {}))


@pytest.mark.parametrize(
    ("kind", "seen", "suggested"),
    [
        ("01", {"Quota": "Y"}, "02"),
        ("01", {"AD case": "A570123000"}, "03"),
        ("01", {"AD case": "A570123000", "Quota": "Y"}, "07"),
        ("02", {"AD case": "A570123000", "Quota": "Y"}, "07"),
        ("03", {"Quota": "?"}, "07"),
        ("11", {"Quota": "Y"}, "12"),
        ("11", {"AD case": "C570123000"}, "03"),
        ("31", {"AD case": "A570123000", "Quota": "Y"}, "38"),
        ("03", {"AD case": "A570123000"}, ""),
        ("02", {"Quota": "Y"}, ""),
        ("06", {"AD case": "A570123000"}, ""),
        ("01", {"Entry types": "03"}, "03"),
        ("01", {"Entry types": "02; 12"}, "02"),
        ("01", {"Entry types": "02", "Quota": "N"}, ""),
        ("01", {}, ""),
    ],
)
def test_the_type_that_history_suggests(tmp_path: Path, kind: str, seen: dict[str, str], suggested: str) -> None:
    found = hint(tmp_path, kind, **seen)
    assert [one.right.split()[3] for one in found] == ([suggested] if suggested else [])


def test_other_origins_and_numbers_are_quiet_but_the_last_two_digits_do_not_count(tmp_path: Path) -> None:
    seen = {"AD case": "A570123000"}
    assert not hint(tmp_path, "01", origin="VN", **seen)
    assert not hint(tmp_path, "01", hts="8481806090", **seen)
    (told,) = hint(tmp_path, "01", hts="8481805000", **seen)
    assert "A570123000" in told.wrong and "3 earlier entries, last 2026-10-02" in told.wrong


def test_recording_warns_and_records_all_the_same(
    book, content: ContentStore, journal: Journal, tmp_path: Path
) -> None:
    numbers = desks.issue(journal, book.settings, "truck", 4)
    record = desks.with_values(desks.filled(5, numbers, "truck"), entry_type="01")
    line = record.lines.to_pylist()[0]
    hts = next(row["hts_number"] for row in record.tariffs.to_pylist()
               if row["entry_number"] == line["entry_number"] and row["line"] == line["line"]
               and not trade_history.is_special(row["hts_number"]))  # fmt: skip
    known = {**ROW, "HTS": hts, "Origin": line["country_of_origin"]}
    rows = read_report(report(tmp_path / "h.csv", known))
    load_history(journal, content, "it", ("h.csv", rows, legal.TODAY))
    path = desks.workbook(tmp_path, "truck.xlsx", "truck", record)
    (taken,) = desks.hand_in(book, path, accept_clean=True)
    told = {one.wrong.split(":")[0]: one for one in taken.warnings}
    assert line["entry_number"] in told
    assert told[line["entry_number"]].row == numbers.index(line["entry_number"]) + 2
    assert taken.recorded or taken.problems
