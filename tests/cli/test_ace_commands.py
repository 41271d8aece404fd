from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.ace.file_display import require_ace
from tests.ace import examples, golden, golden_entries


def test_check_and_show_by_the_command_line(continuity, tmp_path: Path) -> None:
    path = tmp_path / "batch.abi"
    path.write_bytes(good())
    code, out, _ = continuity("ace", "check", str(path), "--json")
    told = json.loads(out)
    assert code == 0 and told["ok"] and told["findings"] == [] and told["counts"] == {}
    code, out, _ = continuity("ace", "check", str(path))
    assert code == 0 and "batch.abi" in out
    code, out, _ = continuity("ace", "show", str(path))
    assert code == 0 and "SE10" in out
    path.write_bytes(good().replace(b"SE13", b"SE99", 1))
    code, out, _ = continuity("ace", "check", str(path), "--json")
    told = json.loads(out)
    assert code == 1 and not told["ok"] and "X34" in told["counts"]


def test_an_empty_file_is_told(continuity, tmp_path: Path) -> None:
    path = tmp_path / "empty.abi"
    path.write_bytes(b"")
    for verb in ("check", "show"):
        code, out, _ = continuity("ace", verb, str(path))
        assert code == 2 and not out and continuity.error.code == "ace-file-empty"
        assert continuity.error.values["name"] == "empty.abi"


@pytest.mark.parametrize(
    ("name", "data", "known"),
    [
        ("notes.txt", b"About the truck\nBring the papers\nA list\n", False),
        ("scan.pdf", b"%PDF-1.7\n" + b"A" * 200, True),
        ("desk.xlsx", b"PK\x03\x04" + bytes(range(256)) * 4, True),
        ("middle.abi", b"SE10AB76".ljust(80) * 3, False),
    ],
)
def test_what_is_no_ace_file_is_said_to_be_none(
    continuity, tmp_path: Path, name: str, data: bytes, known: bool
) -> None:
    """`known`: what the file is instead is named too."""
    path = tmp_path / name
    path.write_bytes(data)
    for verb in ("check", "show"):
        code, out, err = continuity("ace", verb, str(path))
        assert code == 2 and not out and name in err
        error = continuity.error
        assert error.code == "ace-header-not-found" and error.values["name"] == name
        assert bool(error.values["kind"]) == known


@pytest.mark.parametrize("at", [0, 3])
def test_a_damaged_ace_file_is_still_one(continuity, tmp_path: Path, at: int) -> None:
    path, whole = tmp_path / "batch.abi", good()
    path.write_bytes(whole[:at] + b"#" + whole[at + 1 :])
    code, out, _ = continuity("ace", "check", str(path), "--json")
    assert code == 1 and not json.loads(out)["ok"]
    path.write_bytes(whole[:-30])
    code, out, _ = continuity("ace", "show", str(path))
    assert code == 1 and "SE10" in out and "X42" in out
    lines = [whole[start : start + 80] for start in range(0, len(whole), 80)]
    path.write_bytes(b"\r\n".join([*lines, b"x" * 90]))
    assert continuity("ace", "show", str(path))[0] == continuity("ace", "check", str(path))[0] == 1


def test_every_printed_example_with_its_envelope_is_an_ace_file(tmp_path: Path) -> None:
    path, looked = tmp_path / "example.abi", 0
    for name, records in examples.examples().items():
        if records[0][0] in "AB":
            path.write_bytes(examples.data(name))
            require_ace(path)
            looked += 1
    assert looked > 5


def test_the_profile_is_judged_when_asked_for(continuity, tmp_path: Path) -> None:
    path = tmp_path / "batch.abi"
    path.write_bytes(good())
    code, out, _ = continuity("ace", "check", str(path), "--profile")
    assert code == 1 and "X09" in out


def test_disclaimers_that_nobody_judged_are_told(continuity, tmp_path: Path) -> None:
    lines = golden.put("ocean", "PG01", "disclaimer", "A")(golden_entries.release())
    path = tmp_path / "batch.abi"
    path.write_bytes(golden.data(lines))
    code, out, _ = continuity("ace", "check", str(path), "--json")
    (told,) = json.loads(out)["unjudged"].items()
    assert code == 0
    assert told[0].startswith("FDA") and told[1] == 1


def test_the_stand_in_misbehaves_when_told_to(continuity, home: Path, tmp_path: Path) -> None:
    settings = home / "continuity.toml"
    settings.write_text(settings.read_text().replace('filer_code = "ABC"', 'filer_code = "B76"'))
    inbox, outbox = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    (inbox / "batch.abi").write_bytes(good())
    stand_in = ("ace", "stand-in", str(inbox), str(outbox))
    assert continuity(*stand_in, "--misbehave", "sulk")[0] == 2
    assert continuity.error.code == "fault-kind-unknown"
    assert continuity.error.values["unknown"] == "sulk"
    assert continuity(*stand_in, "--misbehave", "die")[0] == 1
    assert not list(outbox.glob("*.abi"))
    code, out, _ = continuity(*stand_in, "--misbehave", "late", "--json")
    assert code == 0 and json.loads(out)["answered"] == 1
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


def test_read_says_each_explanation_once_with_its_entries(continuity, home: Path, tmp_path: Path) -> None:
    settings = home / "continuity.toml"
    settings.write_text(settings.read_text().replace('filer_code = "ABC"', 'filer_code = "B76"'))
    inbox, outbox = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    (inbox / "batch.abi").write_bytes(good())
    assert continuity("ace", "stand-in", str(inbox), str(outbox))[0] == 0
    files = [str(path) for path in outbox.glob("*.abi")]
    code, out, _ = continuity("ace", "read", *files)
    lines = [line for line in out.splitlines() if line.startswith(("SO ", "SX "))]
    (released,) = (line for line in lines if line.startswith("SO 98 "))
    numbers = ("B76-0000008-0", "B76-0000009-8", "B76-0000010-6")
    assert code == 0 and all(number in released for number in numbers)
    told = json.loads(continuity("ace", "read", *files, "--json")[1])["told"]
    assert len(told) == 7 and {"number", "meaning", "what_to_do"} <= set(told[0])
    assert {one["number"] for one in told if one["code"] == "98"} == set(numbers)
    assert len(lines) == len({(one["code"], one["meaning"], one["what_to_do"]) for one in told})


def test_a_turn_tells_what_it_could_not_read(continuity, home: Path) -> None:
    inbox = home / "answers"
    inbox.mkdir()
    toml = home / "continuity.toml"
    toml.write_text(toml.read_text() + f'inbox = "{inbox.as_posix()}"\n')
    (inbox / "cut.abi").write_bytes(b"A2704ABC".ljust(80) + b"11 900-55-1234")
    _, out, _ = continuity("reconcile", "turn")
    assert "900-55" not in out, "the output may stand in logs, too"
    assert "cut.abi: row 2" in " ".join(out.split()) and "X42" in out
    _, out, _ = continuity("reconcile", "turn", "--json")
    assert list(json.loads(out)["unread"]) == ["cut.abi"]
