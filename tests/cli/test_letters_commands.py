"""`continuity incident letters | pga | redelivery | discretion | handover` on the command line."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.files import digest_of
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.security.settings import PrivateDataSettings
from tests.entries import one
from tests.entries.house import book_of
from tests.incident.letters.test_stale_letters import revise
from tests.incident.paper_world import World, grant, open_world, pdf, text_of


@pytest.fixture
def world(journal: Journal, house: Settings, tmp_path: Path) -> World:
    return open_world(book_of(house, journal), tmp_path / "scratch", leave=False)


def test_from_incident_to_proof_of_sending(continuity, world: World) -> None:  # type: ignore[no-untyped-def]
    number = world.record("30")
    letters = ("incident", "letters")
    code, _, err = continuity(*letters, "issue", number, "--out", str(world.out()), by="jo")
    assert code == 1 and "continuity incident declare" in err
    assert continuity("incident", "declare", "--note", "ransomware", "--no-breach", by="ada")[0] == 0
    for step in ("disconnected", "downtime requested", "downtime authorised"):
        code, out, err = continuity("incident", "step", step, "--reference", "HQ-7", by="ada")
        assert code == 0, err
    code, out, _ = continuity(*letters, "attach", number, str(world.file("i.pdf", pdf())), "--type", "Invoice",
                              "--json", by="jo")  # fmt: skip
    assert code == 0 and json.loads(out)[0]["pages"] == 1
    folder = world.out()
    code, out, err = continuity(*letters, "issue", "--port", "2704", "--out", str(folder), "--json", by="jo")
    assert code == 0, err
    (row,) = json.loads(out)
    assert Path(row["file"]).is_file() and row["entries"] == 1
    code, out, _ = continuity(*letters, "list", "--json")
    (listed,) = json.loads(out)
    assert listed["signer"] == "Ada Vance" and listed["authorisation"].startswith("HQ-7, of ")
    code, out, err = continuity(*letters, "sent", row["letter"], "--way", "driver", "--to", "Officer 14",
                                "--proof", str(world.file("stamp.pdf", pdf())), by="jo")  # fmt: skip
    assert code == 0 and row["letter"] in out and "Officer 14" in out, err
    code, out, _ = continuity(*letters, "export", row["letter"], "--out", str(world.out()), "--json", by="jo")
    assert code == 0 and json.loads(out)[0]["entry_number"] == number
    copy = world.folder / "copy.pdf"
    assert continuity(*letters, "print", row["letter"], "--out", str(copy))[0] == 0
    assert copy.read_bytes() == Path(row["file"]).read_bytes()
    given = ("--broker", "B", "--filer", "XYZ", "--key", "k.pub", "--authorised", "a=b")
    code, _, err = continuity("incident", "handover", "prepare", number, *given, "--power", "a=b",
                              "--out", "x", by="jo")  # fmt: skip
    assert code == 1 and row["letter"] in err


def test_a_port_is_asked_for_what_waits_there(continuity, home: Path, world: World) -> None:  # type: ignore[no-untyped-def]
    grant(world.book)
    waits = world.record("30")
    day = {"release_date": date(2026, 11, 24), "release_time": "10:00"}
    gone = [world.record("30", paper_outcome="released", **day) for _ in range(2)]
    issue = ("incident", "letters", "issue", "--port", "2704", "--json", "--out")
    settings = home / "continuity.toml"
    kept = settings.read_text()
    settings.write_text("\n".join(line for line in kept.splitlines() if not line.startswith("permit")))
    out_of = world.out()
    code, out, err = continuity(*issue, str(out_of), by="jo")
    assert code == 2 and continuity.error.code == "letterhead-incomplete"
    assert [problem.column for problem in continuity.error.problems] == ["[broker] permit"]
    assert not out_of.exists() and out == ""
    settings.write_text(kept)
    code, out, err = continuity(*issue, str(world.out()), by="jo")
    (row,) = json.loads(out)
    assert code == 0 and row["entries"] == 1
    assert waits not in err and gone[0] in err and gone[1] in err
    code, out, err = continuity(*issue, str(world.out()), by="jo")
    assert code == 2 and gone[1] in err
    code, out, err = continuity(*issue, str(world.out()), gone[1], by="jo")
    assert code == 0 and json.loads(out)[0]["entries"] == 1 and gone[0] not in err


def test_bad_input_is_told_and_ends_with_2(continuity, world: World) -> None:  # type: ignore[no-untyped-def]
    number = world.record("11")
    huge = world.folder / "scan.pdf"
    with huge.open("wb") as sparse:
        sparse.truncate(300 << 20)
    none = world.file("none.pdf", b"not a PDF")
    for arguments, fact in (
        (("letters", "attach", number, str(huge), "--type", "Invoice"), "300 MiB"),
        (("letters", "attach", number, str(none), "--type", "Invoice"), "none.pdf"),
        (("letters", "attach", number, str(none), "--type", "Song"), "'Song'"),
        (("letters", "issue", "--port", "9999", "--out", "x"), "9999"),
        (("letters", "issue", "ABC-1", "--out", "x"), "ABC-1"),
        (("letters", "sent", "DL-1", "--way", "x", "--to", "y", "--on", "now", "--proof", "p"), "'now'"),
        (("pga", "load", "flags", "none.csv", "--as-of", "2026-01-01", "--source", "x"), "none.csv"),
        (("handover", "prepare", number, "--broker", "B", "--filer", "XYZ", "--key", str(none), "--authorised",
          "a=b", "--power", "a=b", "--out", "x"), "none.pdf"),
        (("discretion", "grant", "--reference", "r", "--from", "2026-11-01", "--to", "2026-11-02",
          "--reason", "x", "--act", "psc", "--proof", str(none)), "'psc'"),
    ):  # fmt: skip
        code, _, err = continuity("incident", *arguments, by="jo")
        assert code == 2 and fact in err, (arguments, err)


def test_agencies_on_the_command_line(continuity, world: World) -> None:  # type: ignore[no-untyped-def]
    path = world.file("f.csv", b"hts,flag\n8471,FD4\n")
    number = world.record("11")
    pga = ("incident", "pga")
    assert continuity(*pga, "list", number, "--held", "--json")[0] == 0
    code, out, err = continuity(
        *pga, "load", "flags", str(path), "--as-of", "2026-07-01", "--source", "CBP 0875-0419",
        "--json",
    )  # fmt: skip
    assert code == 0 and json.loads(out) == [
        {"table": "flags", "rows": 1, "file": "f.csv", "as_of": "2026-07-01",
         "source": "CBP 0875-0419"}
    ], err  # fmt: skip
    code, out, _ = continuity(*pga, "list", "--held", "--json")
    assert code == 1 and json.loads(out)[0]["agency"] == "FDA"
    code, out, err = continuity(*pga, "note", number, "--agency", "FDA", "--reference", "26110", "--json")
    assert code == 0 and json.loads(out)[0]["state"] == "in hand", err
    folder = world.out()
    assert continuity(*pga, "matrix", "--out", str(folder))[0] == 0
    assert sorted(p.name for p in folder.iterdir()) == ["pga-matrix.pdf", "pga-matrix.xlsx"]
    seen = b"client,importer,hts,agency,program\nAcme,12-3456789,8203200000,FDA,FOO\n"
    history = ("history", str(world.file("h.csv", seen)), "--as-of", "2026-07-01", "--source", "ACE")
    assert continuity(*pga, "load", *history)[0] == 0
    rows = json.loads(continuity(*pga, "matrix", "--json")[1])
    said = json.loads(continuity(*pga, "matrix", "--out", str(folder), "--json")[1])
    assert said["rows"] == len(rows) >= 1
    assert {one["file"]: (one["size"], one["sha256"]) for one in said["files"]} == {
        str(path): (path.stat().st_size, digest_of(path)) for path in folder.iterdir()
    }
    nobody = ("--client", "nobody by that name")
    said = json.loads(continuity(*pga, "matrix", "--out", str(folder), "--json", *nobody)[1])
    text = " ".join(text_of(folder / "pga-matrix.pdf").split())
    assert said["rows"] == 0 and rows[0]["client"] not in text and nobody[1] in text


@pytest.mark.parametrize(
    "listing",
    [("letters", "list"), ("letters", "chase"), ("letters", "forms"), ("pga", "matrix"), ("redelivery", "list"),
     ("discretion", "list"), ("handover", "list")],
)  # fmt: skip
def test_every_listing_takes_json(continuity, world: World, listing: tuple[str, str]) -> None:  # type: ignore[no-untyped-def]
    code, out, err = continuity("incident", *listing, "--json")
    assert code == 0 and isinstance(json.loads(out), list), err


def test_a_letter_older_than_its_record_is_named_everywhere(continuity, world: World) -> None:  # type: ignore[no-untyped-def]
    grant(world.book)
    number = world.record("11")
    letter = world.letter(number).letter
    revise(world, number, location_of_goods="Z999")
    _, out, _ = continuity("incident", "letters", "list", "--json")
    assert [(one["letter"], one["revised"]) for one in json.loads(out)] == [(letter, [number])]
    _, out, _ = continuity("incident", "status", "--json")
    assert [one["entry"] for one in json.loads(out)["letters"]] == [number]
    _, out, _ = continuity("incident", "status")
    assert number in " ".join(out.split())
    _, out, _ = continuity("status", "--json")
    assert any(number in str(need["fact"]) for need in json.loads(out)["needs"])


def test_private_data_is_purged_by_a_command_too(continuity, world: World) -> None:  # type: ignore[no-untyped-def]
    world.record("30")
    code, out, _ = continuity("journal", "purge")
    assert code == 0 and out.startswith("0 ")
    later = clock.now() + timedelta(days=world.book.settings(PrivateDataSettings).keep_days + 1)
    with clock.held(later):
        code, out, _ = continuity("journal", "purge")
    assert code == 0 and out.startswith("2 ")
    assert continuity("journal", "verify")[0] == 0


def test_an_entry_that_was_left_out_is_told_to_a_script_too(continuity, world: World) -> None:  # type: ignore[no-untyped-def]
    good, bad = world.record("30"), world.record("30", driver_name=None)
    grant(world.book)
    given = ("incident", "letters", "issue", good, bad, "--leave-out", "--json", "--out", str(world.out()))
    code, out, err = continuity(*given, by="jo")
    assert code == 1 and [row["entries"] for row in json.loads(out)] == [1]
    assert bad in err and good not in err
    err = continuity("incident", "letters", "list", "--json")[2]
    assert "2704" in err and bad in err and good not in err


def test_goods_that_an_agency_may_want_are_told_when_the_letter_is_made(continuity, world: World) -> None:  # type: ignore[no-untyped-def]
    grant(world.book)
    rows = one.rows()
    rows["tariffs"][-1]["hts_number"] = "0306170004"
    number = world.record_rows(rows)
    code, _, err = continuity("incident", "letters", "issue", number, "--out", str(world.out()), by="jo")
    assert code == 0 and "FDA" in err and "incident pga load flags" in err
