from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from tasks.cli.incident.incident_options import incident_workspace
from tasks.core.clock import washington
from tasks.core.files import digest_of
from tasks.entries.events import EntriesRecorded, EntryLine
from tasks.entries.tables import NUMBERS
from tasks.incident.timeline.incident_state import take_step
from tests.incident.world import CONTACTS, PROVED, signed


def test_an_incident_by_the_command_line(continuity) -> None:
    code, out, _ = continuity("incident", "status", "--json")
    assert code == 0 and json.loads(out) == []
    declare = ("incident", "declare", "--json")
    code, out, _ = continuity(*declare, "--note", "files are encrypted", by="ada")
    assert code == 0 and (json.loads(out)["new"], json.loads(out)["state"]) == (True, "declared")
    code, out, _ = continuity(*declare, by="bo")
    assert code == 0 and json.loads(out)["new"] is False
    assert continuity("incident", "step", "disconnected", "--note", "by CBP")[0] == 0
    code, _, err = continuity("incident", "step", "reconnected", "--reference", "x")
    assert code == 1 and "downtime_requested" in err
    code, out, _ = continuity("incident", "status", "--json")
    said = json.loads(out)
    assert said["state"] == "disconnected" and len(said["discovered"]) == 1
    assert [one["by"] for one in said["steps"]] == ["ada", "it"]
    assert [row["rule"][:4] for row in said["clocks"]] == ["STAT", "BR72"] and code == 0
    left = {row["rule"]: row["left"] for row in said["clocks"]}
    assert "2 days 23 h" in left["BR72"] and "BR72" in continuity("incident", "status")[1]
    code, out, _ = continuity("status", "--json")
    needs = json.loads(out)["needs"]
    assert any(one["what"] == "incident 2026-01" for one in needs)


def test_the_accounting_report_bears_the_name_of_the_incident(continuity, tmp_path: Path) -> None:
    reserve = ("numbers", "reserve", "--first", "9000000", "--count", "20", "--range-check", "it")
    assert continuity(*reserve)[0] == 0
    assert "accounting-current.pdf" in continuity("reconcile", "report", "--out", str(tmp_path / "a"))[1]
    assert continuity("incident", "declare", "--no-breach")[0] == 0
    code, out, _ = continuity("reconcile", "report", "--out", str(tmp_path / "b"))
    assert code == 0 and "-01.pdf" in out and "accounting-current" not in out
    code, out, _ = continuity("reconcile", "report", "--out", str(tmp_path / "b"), "--json")
    said = json.loads(out)
    assert code == 0 and said["counts"]["numbers reserved"] == 20 and "NOT SIGNED" in said["status"]
    assert len(said["files"]) == 4 and said["files"][-1]["file"].endswith("manifest.json")
    for one in said["files"]:
        path = Path(one["file"])
        assert (one["size"], one["sha256"]) == (path.stat().st_size, digest_of(path))


def test_hour_zero_by_the_command_line(continuity, home: Path) -> None:
    settings = home / "continuity.toml"
    settings.write_text(settings.read_text() + '[incident]\nopen_work = [{ file = "w.csv" }]\n')
    (home / "w.csv").write_text("work,reference,starts,importer_number\nisf,A1,2026-11-20,123-45-6789\n"
                                "isf,,2026-11-20,\n")  # fmt: skip
    code, out, err = continuity("incident", "declare", "--no-breach")
    assert code == 0 and "w.csv, row 3, column reference: " in err
    assert continuity("incident", "work", "take")[0] == 2
    code, out, _ = continuity("incident", "work", "take", "--accept-clean", "--json")
    (file,) = json.loads(out)
    assert code == 2 and (file["file"], file["items"], file["left_out"]) == ("w.csv", 1, 1)
    assert [(one["row"], one["column"], one["code"]) for one in file["problems"]] == [
        (3, "reference", "work-reference-missing")]  # fmt: skip
    code, out, _ = continuity("incident", "work", "list", "--json")
    (row,) = json.loads(out)
    assert row["item"] == "isf:A1" and row["overdue"] and row["importer"] == "***-**-****"
    assert continuity("incident", "status")[0] == 1, "a clock is red"
    code, out, _ = continuity("incident", "work", "close", "A1", "--how", "filed", "--note", "portal", "--json")
    assert code == 0 and json.loads(out) == [{"item": "isf:A1", "how": "filed"}]
    code, out, _ = continuity("incident", "work", "report", "--out", str(home / "r"))
    assert code == 0 and (home / "r" / "open-work.pdf").read_bytes()[:5] == b"%PDF-"
    assert "123-45-6789" not in (home / "r" / "open-work.csv").read_text()
    assert continuity("incident", "close")[0] == 1, "the accounting is not signed"


def test_closing_says_which_goods_cbp_still_wants_back(continuity, home: Path) -> None:
    """The demand outlives the incident."""
    continuity("numbers", "reserve", "--first", "9000000", "--count", "9", "--range-check", "it")
    continuity("numbers", "issue", "--desk", "truck", "--port", "2304", "--count", "1")
    continuity("incident", "declare", "--no-breach")
    office = incident_workspace()
    number = office.journal.rows(sa.select(NUMBERS.c.number).where(NUMBERS.c.state == "issued"))[0][0]
    line = EntryLine(number=number, digest="d", entry_type="01", route="se", outcome="released",
                           port="2304", importer="12-3456789AB", complete=True,
                           released=str(washington().date()))  # fmt: skip
    file = EntriesRecorded(content="", source="", file="x", desk="truck", entries=[line])
    office.journal.append(file, "desk/truck", "it")
    (home / "4647.pdf").write_bytes(b"%PDF-1.4 notice")
    today = str(washington().date())
    code, out, err = continuity(
        "incident", "redelivery", "demanded", number, "--notice", "4647-77", "--on", today,
        "--what", "mark the goods", "--proof", str(home / "4647.pdf"))  # fmt: skip
    assert code == 0, out + err
    for step in ("remediating", "remediated", "keying_backlog"):
        take_step(office, step, PROVED, "ada")
    signed(office)
    code, out, err = continuity("incident", "close", "--note", "no open work")
    assert code == 0, err
    (line,) = (line for line in out.splitlines() if number in line)
    assert "4647-77" in line and "mark the goods" in line


def test_notices_by_the_command_line(continuity, home: Path, tmp_path: Path) -> None:
    (home / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    continuity("incident", "declare")
    assert continuity("incident", "fact", "cause=a stolen password", "site=Laredo")[0] == 0
    code, _, err = continuity("incident", "fact", "colour=red", "nonsense")
    assert code == 2 and "'colour'" in err and "'nonsense'" in err
    notify = ("incident", "notify", "--json", "--out", str(tmp_path / "n"))
    code, out, err = continuity(*notify)
    said = json.loads(out)
    notice = "2026-01/breach/cbp-soc/1"
    assert {one["notice"]: one["new"] for one in said["drafted"]}[notice] is True
    missing = {(one["value"], one["code"]) for one in said["missing"]}
    assert code == 1 and ("cbp-client-rep", "contact-without-number-or-address") in missing
    text = next((tmp_path / "n").glob("*breach*.txt")).read_text()
    assert "a stolen password" in text
    code, out, _ = continuity(*notify, "breach", "--send")
    assert code == 1 and json.loads(out)["waiting"] == [notice]
    code, out, _ = continuity("incident", "sent", "2026-01/breach", "--how", "call")
    assert code == 0 and "--how mail|portal --evidence FILE" in out
    assert list((home / "outbox").iterdir())
    portal = ("incident", "sent", "2026-01/breach", "--how", "portal", "--reference", "S-1")
    assert continuity(*portal)[0] == 2, "it needs its proof"
    rows = json.loads(continuity("incident", "notices", "--json")[1])
    states = {row["notice"]: (row["state"], [one["how"] for one in row["logged"]]) for row in rows}
    assert states[notice] == ("drafted", ["call"])
    code, out, _ = continuity("incident", "status")
    assert "BR72" in out and "--how mail|portal --evidence FILE" in " ".join(out.split())
    (home / "receipt.pdf").write_bytes(b"%PDF-1.7 receipt")
    code, out, _ = continuity(*portal, "--evidence", str(home / "receipt.pdf"))
    assert code == 0 and not list((home / "outbox").iterdir())
    assert continuity("incident", "acknowledge", "2026-01/breach", "--who", "Officer Diaz")[0] == 0
    rows = json.loads(continuity("incident", "notices", "--json")[1])
    assert [row["state"] for row in rows if "breach" in row["notice"]] == ["acknowledged"]
    assert continuity("incident", "contacts", "--verify", "laredo", "--how", "rang")[0] == 0
    code, out, _ = continuity("incident", "contacts", "--json")
    lights = {row["contact"]: row["light"] for row in json.loads(out)}
    assert code == 1 and lights["laredo"] == "green" and lights["cbp-client-rep"] == "red"
    code, _, err = continuity("incident", "notify", "client", "--incident", "2025-07")
    assert code == 1 and "2026-01" in err
    assert continuity("incident", "notify", "--incident", "2026-01")[0] == 2
    code, _, err = continuity("incident", "notify", "gossip")
    assert code == 2 and "call-sheet" in err


def test_exposure_by_the_command_line(continuity, home: Path, tmp_path: Path) -> None:
    settings = home / "continuity.toml"
    settings.write_text(settings.read_text() + '[incident]\nsystems = [{ name = "crm", holds = "clients", '
                        'file = "crm.csv" }]\n')  # fmt: skip
    (home / "crm.csv").write_text("importer_number\n123-45-6789\n12-3456789AB\n")
    continuity("incident", "declare")
    rows = json.loads(continuity("incident", "exposure", "--inventory", "--json")[1])
    assert [row["system"] for row in rows] == ["crm", "book"]
    code, out, _ = continuity("incident", "exposure", "--json")
    assert code == 0 and "123-45-6789" not in out and len(json.loads(out)) == 2
    for flags, seen in (((), False), (("--clear",), True)):
        path = tmp_path / f"list{len(flags)}.csv"
        assert continuity("incident", "exposure", "--out", str(path), *flags)[0] == 0
        assert ("123-45-6789" in path.read_text(encoding="utf-8-sig")) is seen
    path.write_text("edited")
    code, _, err = continuity("incident", "exposure", "--out", str(path))
    assert code == 1 and "--force" in err and path.read_text() == "edited"
    assert continuity("incident", "exposure", "--out", str(path), "--force")[0] == 0


def test_evidence_by_the_command_line(continuity, home: Path, tmp_path: Path, monkeypatch) -> None:
    continuity("incident", "declare")
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF-1.7 how they got in, and that the way is closed: examiner's report, signed")
    code, out, _ = continuity("incident", "evidence", "attach", "cause", str(report), "--json")
    assert code == 0 and json.loads(out)[0]["sha256"] == digest_of(report)
    assert continuity("incident", "evidence", "waive", "scope", "--reason", "one laptop")[0] == 0
    code, out, _ = continuity("incident", "evidence", "list", "--json")
    found = {row["item"]: (row["state"], row["evidence"]) for row in json.loads(out)}
    assert code == 1 and found["cause"] == ("proved", "report.pdf")
    assert (found["scans"][0], found["scope"][0]) == ("missing", "waived")
    pack = str(tmp_path / "pack")
    assert continuity("incident", "evidence", "build", "--out", pack)[0] == 1
    assert continuity("incident", "evidence", "build", "--out", pack, "--incomplete")[0] == 0
    key = (tmp_path / "pack" / "public-key.txt").read_text().strip()
    code, out, _ = continuity("incident", "evidence", "verify", pack, "--key", key, "--journal")
    assert code == 0, out
    monkeypatch.setenv("CONTINUITY_HOME", str(tmp_path / "nowhere"))
    (tmp_path / "pack" / "cover.pdf").write_bytes(b"x")
    code, out, _ = continuity("incident", "evidence", "verify", pack, "--key", key)
    assert code == 1 and "cover.pdf: " in out


@pytest.mark.parametrize("when", ["2026-11-01T01:30", "tomorrow", "2199-01-01T00:00Z"])
def test_a_moment_that_cannot_be(continuity, when: str) -> None:
    code, _, err = continuity("incident", "declare", "--discovered", when)
    assert code == 2 and "--discovered" in err


def test_a_social_security_number_among_words_is_refused(continuity) -> None:
    assert continuity("incident", "declare", "--no-breach")[0] == 0
    for words in (("step", "disconnected", "--note"), ("fact",), ("letters", "withdraw", "DL-1", "--reason")):
        code, _, err = continuity("incident", *words, "cause=of Abe Doe, 123-45-6789")
        assert code == 2 and err and "6789" not in err
    assert continuity("incident", "fact", "cause=call 956-555-0142")[0] == 0
