from __future__ import annotations

import json
from pathlib import Path

from tasks.core import clock
from tasks.core.settings import Settings
from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.ace.made_record import number
from tests.reconciliation.restore.test_restore_queries import NOW, production_sends


def ready(house: Settings, folder: Path) -> None:
    """Folders and a password, so that questions can go out and answers come in."""
    for name in ("out", "in"):
        (folder / name).mkdir()
    secret = folder / "password"
    secret.write_text("S3CRET")
    toml = house.home / "continuity.toml"
    lines = {"outbound": folder / "out", "inbox": folder / "in", "password_file": secret}
    folders = "".join(f'{name} = "{path.as_posix()}"\n' for name, path in lines.items())
    toml.write_text(toml.read_text() + folders + '[filer]\nports = ["3801"]\n')


def test_a_restore_from_the_first_question_to_the_next_number(continuity, house: Settings, tmp_path: Path) -> None:
    ready(house, tmp_path)
    with clock.held(NOW):
        walk(continuity, tmp_path)


def walk(continuity, tmp_path: Path) -> None:
    today, state = NOW.date(), tmp_path / "ace.sqlite"
    with AceSimulator(state, today) as ace:
        ace.seed_filer("ABC")
        production_sends(ace, 1000, today)
    assert continuity("reconcile", "restored")[0] == 2
    assert continuity.error.code == "restore-not-recorded"
    code, out, _ = continuity("reconcile", "restored", "--last-backup", str(today), "--json")
    said = json.loads(out)
    assert code == 1 and said["next"] is None and len(list((tmp_path / "out").iterdir())) > 0
    folders = (str(tmp_path / "out"), str(tmp_path / "in"))
    continuity("ace", "stand-in", *folders, "--state", str(state))
    book = tmp_path / "restored.xlsx"
    code, out, _ = continuity("reconcile", "restored", "--margin", "0", "--out", str(book))
    assert code == 0 and number(1001) in out and number(1000) in out and book.is_file()
    code, out, _ = continuity("reconcile", "restored", "--margin", "0", "--json")
    said = json.loads(out)
    assert (said["lacking"], said["next"]["number"]) == (1, number(1001))
    assert [one["number"] for one in said["entries"]] == [number(1000)]
    listing = tmp_path / "production.csv"
    listing.write_text(f"number\n{number(1000)}\n")
    known = ("--known", str(listing), "--json")
    said = json.loads(continuity("reconcile", "restored", *known)[1])
    assert said["lacking"] == 0 and said["found"] == 1


def test_an_export_without_settled_entries_is_refused(continuity, house: Settings, tmp_path: Path) -> None:
    assert continuity("reconcile", "export", "--out", str(tmp_path / "e"))[0] == 1
    assert continuity.error.code == "settled-entry-missing"


def test_a_report_is_checked_and_what_was_changed_in_it_told(continuity, tmp_path: Path) -> None:
    out = tmp_path / "report"
    continuity("reconcile", "report", "--out", str(out), "--incident", "x")
    code, said, _ = continuity("reconcile", "check", str(out), "--json")
    (found,) = json.loads(said)
    assert code == 0 and found["ok"] and found["key"] and "accounting x" in found["what"]
    with (out / "accounting-x.xlsx").open("ab") as book:
        book.write(b"more")
    (out / "extra.txt").write_text("a page more")
    code, said, _ = continuity("reconcile", "check", str(out), "--json")
    (found,) = json.loads(said)
    assert code == 1 and not found["ok"]
    assert {one["file"] for one in found["problems"]} == {"accounting-x.xlsx", "extra.txt"}
    manifest = out / "manifest.json"
    manifest.write_text(manifest.read_text().replace("accounting x", "accounting y"))
    assert continuity("reconcile", "check", str(out))[0] == 1
    assert continuity.error.code == "signature-mismatch"
    assert continuity("reconcile", "check", str(tmp_path))[0] == 2
    assert continuity.error.code == "signed-folder-invalid"
