from __future__ import annotations

import json
import shlex
from hashlib import sha256
from pathlib import Path

from tests.duties.conftest import FILLER


def test_the_way_of_a_duty(continuity, tmp_path: Path, home: Path) -> None:
    code, out, _ = continuity("duties", "list", "--json")
    assert code == 1
    rows = {row["duty"]: row for row in json.loads(out)}
    assert rows["isa"]["light"] == "red" and rows["contacts"]["mark"] == "G"
    proof = tmp_path / "accepted.pdf"
    proof.write_text("CBP accepts" + FILLER)
    assert continuity("duties", "fulfil", "isa", "--proof", str(proof))[0] == 2
    (problem,) = (one for one in continuity.error.problems if one.column == "--fact holder")
    assert "self, vendor" in problem.right
    code, out, err = continuity(
        "duties", "fulfil", "isa", "--proof", str(proof), "--fact", "holder=self",
        "--fact", "connection=sFTP", "--fact", "legal-name=Harbor & Vance", "--json",
    )  # fmt: skip
    assert code == 0, err
    row = json.loads(out)
    assert (row["duty"], row["light"], row["file"]) == ("isa", "green", "accepted.pdf")
    assert row["sha256"] == sha256(proof.read_bytes()).hexdigest()
    old = tmp_path / "old.pdf"
    old.write_text("CBP accepted, years ago" + FILLER)
    code, out, _ = continuity(
        "duties", "fulfil", "isa", "--proof", str(old), "--fact", "holder=self", "--on", "2020-05-01",
        "--fact", "connection=sFTP", "--fact", "legal-name=Harbor & Vance",
    )  # fmt: skip
    # the newer proof goes on counting
    assert code == 0 and "old.pdf" in out and "2020-05-01" in out and "isa: green" in out
    assert continuity("duties", "withdraw", "isa", "--reason", "too old")[0] == 0
    assert continuity("duties", "acknowledge", "isa")[0] == 1
    code, out, _ = continuity("duties", "change", "isa", "--what", "merger", "--json")
    assert (row := json.loads(out))["duty"] == "isa" and row["light"] in ("amber", "red")
    assert "sha256" not in row and continuity("duties", "change", "isa", "--what", "merger")[0] == 1
    code, out, _ = continuity("duties", "change", "isa", "--what", "vendor switch")
    assert code == 0 and "isa: " in out and "SHA-256" not in out
    code, out, _ = continuity("duties", "acknowledge", "isa", "--note", "with counsel", "--json")
    assert code == 0 and json.loads(out)["acknowledged"][-1] == "T-0"
    code, out, _ = continuity("duties", "withdraw", "isa", "--reason", "not ours", "--json")
    assert code == 0 and json.loads(out)["light"] == "red"
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
    code, out, _ = continuity("duties", "remind", "--json")
    told = json.loads(out)
    assert code == 1 and "[mail]" in told["reason"] and told["sent"] == 0
    assert len(list((home / "outbox").glob("*.eml"))) == len(told["letters"]) > 2
    code, out, _ = continuity("status")
    assert code == 1 and "policy-review [W]" in out
    code, out, _ = continuity("status", "--json")
    page = json.loads(out)
    assert [row for row in page["needs"] if "[mail]" in row["fact"] + row["next"]]
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
        assert code == (2 if scan else 0), (line, err)
        # a scan must be a report that a program wrote
        assert not scan or continuity.error.problems[0].file == proof.name


def test_one_of_several_is_named(continuity, tmp_path: Path) -> None:
    proof = tmp_path / "bond.pdf"
    proof.write_text("paid" + FILLER)
    assert continuity("duties", "fulfil", "continuous-bond", "--proof", str(proof))[0] == 2
    (problem,) = (one for one in continuity.error.problems if one.column == "--for")
    assert problem.code == "duty-item-missing" and problem.values == {"each": "bond"}


def test_a_wrong_catalogue_is_refused_with_the_line(continuity, home: Path) -> None:
    (home / "duties.toml").write_text('[[duty]]\nid = "isa"\nevery = "-1 days"\n')
    assert continuity("duties", "list")[0] == 2
    (problem,) = (one for one in continuity.error.problems if one.column == "duty.every")
    assert problem.file.endswith("duties.toml, line 3")
    code, out, _ = continuity("status", "--json")
    assert code == 1, "the page is there all the same, with what ships"
    needs = json.loads(out)["needs"]
    assert [row for row in needs if "duties.toml, line " in row["fact"]]
    assert {"isa", "newest backup"} <= {row["what"] for row in needs}
