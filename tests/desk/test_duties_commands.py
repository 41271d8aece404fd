from __future__ import annotations

import json
import shlex
from pathlib import Path

from tests.duties.conftest import FILLER


def test_the_way_of_a_duty(continuity, tmp_path: Path, home: Path) -> None:
    code, out, _ = continuity("duties", "list", "--json")
    assert code == 1
    rows = {row["duty"]: row for row in json.loads(out)}
    assert rows["isa"]["light"] == "red" and rows["contacts"]["mark"] == "G"
    proof = tmp_path / "accepted.pdf"
    proof.write_text("CBP accepts" + FILLER)
    code, _, err = continuity("duties", "fulfil", "isa", "--proof", str(proof))
    assert code == 2 and "--fact holder: is missing; self, vendor" in err
    code, out, err = continuity(
        "duties", "fulfil", "isa", "--proof", str(proof), "--fact", "holder=self",
        "--fact", "connection=sFTP", "--fact", "legal-name=Harbor & Vance",
    )  # fmt: skip
    assert code == 0, err
    assert "Stored: accepted.pdf, SHA-256 " in out and "isa: green: ends in " in out
    old = tmp_path / "old.pdf"
    old.write_text("CBP accepted, years ago" + FILLER)
    code, out, _ = continuity(
        "duties", "fulfil", "isa", "--proof", str(old), "--fact", "holder=self", "--on", "2020-05-01",
        "--fact", "connection=sFTP", "--fact", "legal-name=Harbor & Vance",
    )  # fmt: skip
    assert code == 0 and "Stored: old.pdf" in out and "isa: green" in out
    assert "It is of 2020-05-01: the newer proof" in out
    assert continuity("duties", "withdraw", "isa", "--reason", "too old")[0] == 0
    assert continuity("duties", "acknowledge", "isa")[0] == 1
    code, out, _ = continuity("duties", "change", "isa", "--what", "merger", "--json")
    assert (row := json.loads(out))["duty"] == "isa" and row["light"] in ("amber", "red")
    assert "sha256" not in row and continuity("duties", "change", "isa", "--what", "merger")[0] == 1
    code, out, _ = continuity("duties", "change", "isa", "--what", "vendor switch")
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


def test_what_status_says_next_can_be_run(continuity, tmp_path: Path) -> None:
    """Each command on the page, its blanks filled in, names all that its duty asks."""
    wanted = [row["next"] for row in json.loads(continuity("status", "--json")[1])["needs"]
              if row["next"].startswith("continuity duties fulfil")]  # fmt: skip
    assert len(wanted) > 10
    listed = json.loads(continuity("duties", "list", "--json")[1])
    assert set(wanted) <= {row.get("next") for row in listed}
    said = {"holder": "self", "connection": "sFTP", "functions": "GV", "risk": "low",
            "attestation": "ISO 27001", "breach-notice-hours": "24"}  # fmt: skip
    for line in wanted:
        proof = tmp_path / "proof.pdf"
        proof.write_text(line + FILLER)  # one file proves one duty
        words = shlex.split(line.replace("FILE", str(proof)).replace("DAY", "2999-01-01"))
        words = [f"{word[:-3]}{said.get(word[:-4], 'x')}" if word.endswith("=...") else word
                 for word in words[1:]]  # fmt: skip
        code, _, err = continuity(*words)
        scan = "vulnerability-scan" in words
        assert (code == 2 and "SARIF" in err) if scan else code == 0, (line, err)


def test_one_of_several_is_named(continuity, tmp_path: Path) -> None:
    proof = tmp_path / "bond.pdf"
    proof.write_text("paid" + FILLER)
    code, _, err = continuity("duties", "fulfil", "continuous-bond", "--proof", str(proof))
    assert code == 2 and "--for: is missing; which bond it is of" in err


def test_a_wrong_catalogue_is_refused_with_the_line(continuity, home: Path) -> None:
    (home / "duties.toml").write_text('[[duty]]\nid = "isa"\nevery = "-1 days"\n')
    code, _, err = continuity("duties", "list")
    assert code == 2 and "duties.toml, line 3, column duty.every: is no cadence" in err
    code, out, _ = continuity("status", "--json")
    assert code == 1, "the page is there all the same, with what ships"
    rows = {row["what"]: row for row in json.loads(out)["needs"]}
    assert "duties.toml, line " in rows["own catalogue of duties"]["fact"]
    assert "isa" in rows and "newest backup" in rows
