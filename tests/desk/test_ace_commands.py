from __future__ import annotations

import json
from pathlib import Path

from tests.ace import golden, golden_entries


def test_check_and_show_by_the_command_line(continuity, tmp_path: Path) -> None:
    path = tmp_path / "batch.abi"
    path.write_bytes(good())
    code, out, _ = continuity("ace", "check", str(path))
    assert code == 0 and "0 errors" in out and "rules of cargo release" in out
    code, out, _ = continuity("ace", "show", str(path))
    assert code == 0 and "SE10" in out
    path.write_bytes(good().replace(b"SE13", b"SE99", 1))
    code, out, _ = continuity("ace", "check", str(path), "--json")
    told = json.loads(out)
    assert code == 1 and not told["ok"] and "X34" in told["counts"]


def test_an_empty_file_is_told(continuity, tmp_path: Path) -> None:
    path = tmp_path / "empty.abi"
    path.write_bytes(b"")
    code, out, _ = continuity("ace", "check", str(path))
    assert code == 1 and "C001" in out


def test_the_profile_is_judged_when_asked_for(continuity, tmp_path: Path) -> None:
    path = tmp_path / "batch.abi"
    path.write_bytes(good())
    code, out, _ = continuity("ace", "check", str(path), "--profile")
    assert code == 1 and "X09" in out


def test_disclaimers_that_nobody_judged_are_told(continuity, tmp_path: Path) -> None:
    lines = golden.put("ocean", "PG01", "disclaimer", "A")(golden_entries.release())
    path = tmp_path / "batch.abi"
    path.write_bytes(golden.data(lines))
    code, out, _ = continuity("ace", "check", str(path))
    assert code == 0 and "disclaimers not judged by agency" in out
    assert " A: 1" in out.split("may allow fewer:")[1]
    _, out, _ = continuity("ace", "check", str(path), "--json")
    (told,) = json.loads(out)["unjudged"].items()
    assert told[0].startswith("FDA") and told[1] == 1


def test_the_stand_in_misbehaves_when_told_to(continuity, home: Path, tmp_path: Path) -> None:
    settings = home / "continuity.toml"
    settings.write_text(settings.read_text().replace('filer_code = "ABC"', 'filer_code = "B76"'))
    inbox, outbox = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    (inbox / "batch.abi").write_bytes(good())
    stand_in = ("ace", "stand-in", str(inbox), str(outbox))
    code, _, err = continuity(*stand_in, "--misbehave", "sulk")
    assert code == 2 and "Not known: sulk; there are drop" in err
    code, out, _ = continuity(*stand_in, "--misbehave", "die")
    assert code == 1 and "run it again" in out and not list(outbox.glob("*.abi"))
    code, out, _ = continuity(*stand_in, "--misbehave", "late")
    assert code == 0 and "1 file(s) answered" in out
    kept = len(list(outbox.glob("*.abi")))
    assert continuity(*stand_in, "--late")[0] == 0
    assert len(list(outbox.glob("*.abi"))) == kept + 1
    (inbox / "again.abi").write_bytes(good())
    code, out, _ = continuity(*stand_in, "--misbehave", "reject")
    assert code == 0
    assert any(b"X13" in one.read_bytes() for one in outbox.glob("*again*"))


def good() -> bytes:
    """A correct batch of every kind of entry, of the made-up filer B76."""
    return golden.data(golden_entries.release())
