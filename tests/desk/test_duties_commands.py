from __future__ import annotations

import json
from pathlib import Path


def test_the_way_of_a_duty(continuity, tmp_path: Path, home: Path) -> None:
    code, out, _ = continuity("duties", "list", "--json")
    assert code == 1
    rows = {row["duty"]: row for row in json.loads(out)}
    assert rows["isa"]["light"] == "red" and rows["contacts"]["mark"] == "G"
    proof = tmp_path / "accepted.pdf"
    proof.write_text("CBP accepts")
    code, _, err = continuity("duties", "fulfil", "isa", "--proof", str(proof))
    assert code == 2 and "--fact holder: is missing; self, vendor" in err
    code, out, err = continuity(
        "duties", "fulfil", "isa", "--proof", str(proof), "--fact", "holder=self",
        "--fact", "connection=sFTP", "--fact", "legal-name=Harbor & Vance",
    )  # fmt: skip
    assert code == 0, err
    assert "Stored: accepted.pdf, SHA-256 " in out and "isa: green: ends in " in out
    assert continuity("duties", "acknowledge", "isa")[0] == 1
    code, out, _ = continuity("duties", "change", "isa", "--what", "merger")
    assert code == 0 and "to be done again by" in out and "Stored" not in out
    code, out, _ = continuity("duties", "acknowledge", "isa", "--note", "with counsel")
    assert code == 0 and "acknowledged up to T-0" in out
    code, out, _ = continuity("duties", "withdraw", "isa", "--reason", "not ours")
    assert code == 0 and "never done" in out
    assert continuity("journal", "verify")[0] == 0


def test_files_for_the_wall_and_the_auditor(continuity, tmp_path: Path) -> None:
    code, out, _ = continuity("duties", "calendar", "--year", "2027", "--out", str(tmp_path))
    assert code == 0 and "duties-2027.ics" in out
    assert (tmp_path / "duties-2027.pdf").read_bytes().startswith(b"%PDF")
    code, out, err = continuity("duties", "calendar", "--out", str(tmp_path / "now"))
    assert code == 0, err
    assert len(list((tmp_path / "now").iterdir())) == 2
    code, out, _ = continuity("duties", "export", "--out", str(tmp_path / "evidence"))
    assert code == 0 and "manifest.json" in out
    assert continuity("duties", "export", "--out", str(tmp_path / "evidence"))[0] == 2
    code, out, _ = continuity("duties", "export", "--json")
    assert code == 0 and json.loads(out)[0]["about"] == "P1"


def test_reminders_wait_in_the_outbox_and_status_says_so(continuity, home: Path) -> None:
    code, out, _ = continuity("duties", "remind")
    assert code == 1 and "no mail server is set: [mail] server" in out
    assert len(list((home / "outbox").glob("*.eml"))) == out.count("told: ") > 2
    code, out, _ = continuity("status")
    assert code == 1 and "letters in the outbox" in out and "[mail]" in out
    assert "[W] weak source" in out and "policy-review [W]" in out
    code, out, _ = continuity("status", "--json")
    page = json.loads(out)
    assert [one["id"] for one in page["readiness"]] == [f"P{n}" for n in range(1, 11)]
    assert page["needs"][0]["since"] >= page["needs"][-1]["since"]


def test_a_wrong_catalogue_is_refused_with_the_line(continuity, home: Path) -> None:
    (home / "duties.toml").write_text('[[duty]]\nid = "isa"\nevery = "-1 days"\n')
    code, _, err = continuity("duties", "list")
    assert code == 2 and "duties.toml, line 3, column duty.every: is no cadence" in err
