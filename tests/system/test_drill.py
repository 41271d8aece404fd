from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader

from tasks.ace.file_check import check_file
from tasks.core.journal.copies import read_copy
from tasks.incident.after_release.release_events import DiscretionGranted, DiscretionRelied
from tasks.reconciliation.events import AnswerRead, BatchNamed
from tasks.security.manifest import verify_manifest
from tests.system import pinned_drill

SSN = re.compile(rb"(?<![\d-])(?!000)\d{3}-\d{2}-\d{4}(?![\d-])")


def test_it_leaves_what_it_promises(drilled: tuple[Path, str]) -> None:
    out, _ = drilled
    names = {path.name for path in out.iterdir()}
    assert {"accounting.xlsx", "accounting.txt", "batches", "journal", "report", "what-happened.txt",
            "manifest.json"} <= names  # fmt: skip
    assert verify_manifest(out) == []


def test_every_batch_passes_the_check_and_is_marked(drilled: tuple[Path, str]) -> None:
    out, _ = drilled
    batches = sorted((out / "batches").glob("*.abi"))
    assert len(batches) >= 3
    for path in batches:
        assert check_file(path).errors == ()
        assert path.read_bytes()[59:65] == b"DRILL-"


def test_its_numbers_and_the_bytes_of_its_batches_are_as_recorded(tmp_path: Path) -> None:
    """At a pinned moment. A change of the code must not change what goes to CBP unseen."""
    left, recorded = pinned_drill.play(tmp_path), json.loads(pinned_drill.RECORDED.read_text())
    assert len(recorded["numbers"]) == 70
    assert left["numbers"] == recorded["numbers"]
    assert [batch["file"] for batch in left["batches"]] == [batch["file"] for batch in recorded["batches"]]
    for batch, before in zip(left["batches"], recorded["batches"], strict=True):
        assert batch == before


def test_chapter_98_and_99_numbers_go_out_with_eight_digits(drilled: tuple[Path, str]) -> None:
    """AE 50 and SE60 (AE 2026-07 p.90, 219; error 60B); 9813.00.0520 has a suffix (error 664)."""
    fields = Counter(_special_numbers(drilled[0] / "batches"))
    assert fields == {
        ("AE", "99038803  "): 9, ("SE", "99038803  "): 10, ("AE", "99038815  "): 6,
        ("SE", "99038815  "): 4, ("AE", "99038191  "): 4, ("SE", "99038191  "): 4,
        ("AE", "99038508  "): 4, ("SE", "99038508  "): 2, ("AE", "99039406  "): 1,
        ("SE", "99039406  "): 1, ("AE", "9813000520"): 1, ("SE", "9813000520"): 1,
    }  # fmt: skip


def _special_numbers(folder: Path) -> Iterator[tuple[str, str]]:
    """Application and the ten positions of each chapter 98 and 99 number."""
    for path in folder.glob("*.abi"):
        text = path.read_text(encoding="ascii")
        application, head = text[25:27], {"AE": "50", "SE": "SE60"}.get(text[25:27])
        for record in (text[at : at + 80] for at in range(0, len(text), 80)):
            field = record[len(head) :][:10] if head and record.startswith(head) else ""
            if field[:2] in ("98", "99"):
                yield application, field


def test_every_number_is_in_one_place(drilled: tuple[Path, str]) -> None:
    out, said = drilled
    totals = pd.read_excel(out / "accounting.xlsx", sheet_name="Totals", header=2, engine="calamine")
    numbers = pd.read_excel(out / "accounting.xlsx", sheet_name="Numbers", header=2, engine="calamine")
    assert numbers["number"].is_unique
    used = totals[totals["desk"] != "(reserve)"]
    assert used["in all"].sum() == len(numbers)
    places = Counter(numbers["place"])
    assert set(places) == {"void", "settled"} and places["settled"] == 60
    assert "UNACCOUNTED" not in totals.columns
    assert "rail: 6" in said and "sign-off refused" in said and "the accounting is signed" in said


def test_the_simulator_holds_each_entry_once(drilled: tuple[Path, str]) -> None:
    assert "the stand-in's own book holds each of 59 entries once" in drilled[1]
    assert "officers keyed 7" in drilled[1]


def test_letters_and_the_restore_are_there(drilled: tuple[Path, str]) -> None:
    out, said = drilled
    assert {path.name for path in (out / "letters").iterdir()} == {
        "importers", "sureties", "manifest.json",
    }  # fmt: skip
    assert len(list((out / "letters" / "importers").glob("*.pdf"))) > 3
    assert "ACE took 3 entries after the backup" in said
    assert "it goes on with QZ9-0048233-" in said
    settled = pd.read_csv(out / "production" / "settled" / "entries.csv", dtype=str)
    assert len(settled) >= 50
    assert (out / "production" / "restored.xlsx").is_file()


def test_the_report_is_there_and_signed(drilled: tuple[Path, str]) -> None:
    folder = drilled[0] / "report"
    assert verify_manifest(folder) == []
    names = {path.suffix for path in folder.iterdir()}
    assert {".pdf", ".xlsx", ".parquet", ".json"} <= names


def test_the_report_tells_what_ace_did_wrong(drilled: tuple[Path, str]) -> None:
    book = drilled[0] / "report" / "accounting-drill.xlsx"
    matters = pd.read_excel(book, sheet_name="Matters", header=3, engine="calamine")
    found = Counter(matters["Kind"])
    assert {kind: found[kind] for kind in ("batch rejected", "no answer", "answered twice")} == {
        "batch rejected": 1, "no answer": 1, "answered twice": 1,
    }  # fmt: skip
    assert found["entry rejected"] == 2 and set(matters["Open"]) == {"no"}


def test_nothing_is_sent_again_but_what_was_refused(drilled: tuple[Path, str]) -> None:
    """An entry is named again for an application only after its batch or itself was refused."""
    open_: set[tuple[str, str]] = set()
    batches: dict[str, tuple[str, list[str]]] = {}
    for event in read_copy(drilled[0] / "journal"):
        said = event.said
        if isinstance(said, BatchNamed):
            named = {(said.application, number) for number in said.numbers}
            assert not named & open_
            open_ |= named
            batches[said.batch] = (said.application, said.numbers)
        if isinstance(said, AnswerRead) and said.batch in batches:
            application, numbers = batches[said.batch]
            refused = {line.number for line in said.lines if line.disposition == "rejected"}
            gone = set(numbers) if said.rejected else refused
            open_ -= {(application, number) for number in gone}
    assert len(open_) >= 80


@pytest.mark.parametrize(
    "caught",
    ["voided by two persons", "unchanged", "was issued to the desk ocean", "left out",
     "sign-off refused", "AwaitingApproval", "back to the desk", "accepted by the licence holder",
     "declared once more by another it is one", "10 item(s) lack their evidence",
     "close refused, as it must be",
     "eBond is confirmed", "quota entry", "OFAC 50 percent rule", "cleared, a strong one by two persons"],
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

    from tasks.entries.workbook.file_intake import read_entry_files

    found: list[bytes] = []
    folder = files("continuity_data") / "sample" / "handed_in"
    for intake in read_entry_files([Path(str(one)) for one in folder.iterdir()]):
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
        from tasks.entries.record.entry_record import from_bytes

        record = from_bytes(path.read_bytes())
        return [str(table.to_pylist()).encode() for _, table in record.items()]
    return []


def test_the_batches_are_shown_for_a_person(drilled: tuple[Path, str]) -> None:
    from tasks.ace.file_display import show_bytes

    paths = sorted((drilled[0] / "batches").glob("*.abi"))
    lines = [line for path in paths for line in show_bytes(path.read_bytes())]
    assert len(lines) > 1000 and not any("PASSWD" in line for line in lines)


def test_the_incident_goes_through_it_all(drilled: tuple[Path, str]) -> None:
    from tasks.incident.evidence.pack_verifier import public_key, verify

    out, said = drilled
    folder = out / "incident"
    pack = folder / "evidence"
    assert verify(pack, public_key(str(pack / "public-key.txt"))).ok
    notices = {path.name.split("Z-", 1)[1] for path in (folder / "notices").glob("*.pdf")}
    assert {"breach-cbp-soc.pdf", "port-port-laredo.pdf", "close-out-cbp-hq.pdf"} <= notices
    for path in (folder / "notices").glob("*.txt"):
        assert path.read_text(encoding="utf-8").startswith("*** DRILL")
    assert (folder / "open-work" / "open-work.pdf").is_file()
    states = [e.kind for e in read_copy(out / "journal") if e.subject == "incident/2026-01"]
    assert states[0] == "incident.declared" and states[-1] == "incident.closed"
    assert "incident 2026-01 is closed" in said and "1 of them an SSN, masked here" in said


def test_discretion_goes_from_asking_to_the_report(drilled: tuple[Path, str]) -> None:
    out, said = drilled
    reference, number = "DRILL-2304-26", "QZ9-0048101-4"
    asked = next((out / "incident" / "notices").glob("*-discretion-request-port-laredo.txt"))
    words = asked.read_text(encoding="utf-8")
    assert words.startswith("*** DRILL") and number in words and "2704" not in words
    assert "port 2304 grants it" in said and "'psc'" in said
    folder = out / "incident" / "discretion"
    assert (folder / f"granted-{reference}.pdf").is_file()
    assert verify_manifest(folder / "attachments") == []
    (paper,) = (folder / "attachments").glob("*.pdf")
    page = PdfReader(paper).pages[0].extract_text()
    assert paper.name == f"discretion-{number}-late-summary.pdf"
    assert "DRILL" in page and reference in page and number in page
    events = {event.kind: event.said for event in read_copy(out / "journal") if event.kind.startswith("discretion.")}
    granted, relied = events["discretion.granted"], events["discretion.relied"]
    assert isinstance(granted, DiscretionGranted) and granted.acts == ["late-summary"]
    assert isinstance(relied, DiscretionRelied) and relied.reference == reference
    book = out / "report" / "accounting-drill.xlsx"
    sheet = pd.read_excel(book, sheet_name="Discretion", header=3, engine="calamine")
    assert list(sheet["Kind"]) == ["discretion granted", *["rests on discretion"] * 2]
    ends = next((out / "incident" / "notices").glob("*-close-out-cbp-hq.txt")).read_text(encoding="utf-8")
    assert f"{reference} (late-summary" in ends and "2" in ends and number in ends


def test_readiness_is_told_and_its_evidence_is_there(drilled: tuple[Path, str]) -> None:
    out, said = drilled
    assert "red   P6  Backups: sealed, off-site, proved: backup-taken [W]: never done" in said
    assert verify_manifest(out / "evidence") == []
    assert len(list((out / "evidence" / "proofs").iterdir())) == 2


def test_the_brokerage_stays_where_it_was_told_to(drilled: tuple[Path, str]) -> None:
    """`--home NEW`: a book to go on playing with; one that exists is never taken for it."""
    home = drilled[0].parent / "home"
    assert cli("--home", str(home), "journal", "verify").returncode == 0
    again = cli("--home", str(home), "drill", "--out", str(drilled[0].parent / "other"))
    assert again.returncode == 1 and "Name a new folder" in again.stderr


def cli(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tasks.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True)
