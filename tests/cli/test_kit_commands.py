from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.security import sealing_keys
from tasks.security.sealing_keys import StretchCost, stretch_passphrase

PHRASE = "five random words are better"


@pytest.fixture
def desk(continuity, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONTINUITY_KIT_PASSPHRASE", PHRASE)
    stretch = stretch_passphrase
    # A quarter of a gigabyte for each passphrase is the point of it, and a second of every test.
    cheap = StretchCost(6, 1, 1)
    monkeypatch.setattr(sealing_keys, "stretch_passphrase", lambda phrase, salt, _: stretch(phrase, salt, cheap))
    continuity("numbers", "reserve", "--first", "9000000", "--count", "50", "--range-check", "it")
    continuity("numbers", "issue", "--desk", "truck", "--count", "4")
    return continuity


def test_from_the_first_key_to_a_laptop(desk, home: Path, tmp_path: Path) -> None:
    code, out, _ = desk("kit", "key", "ada", "--out", str(tmp_path / "safe"))
    assert code == 0 and "ada.key" in out
    public = str(tmp_path / "safe" / "ada.pub")
    kits = tmp_path / "kits"
    code, out, _ = desk("kit", "build", "--no-wheels", "--out", str(kits), "--recipient", public, "--json")
    (folder,) = [path for path in kits.iterdir() if path.is_dir()]
    built = json.loads(out)
    assert code == 0 and built["folder"] == str(folder) and built["platforms"] == []
    assert Path(built["print"]).name == "print-this.pdf" and Path(built["print"]).is_file()
    code, out, _ = desk("kit", "check", str(folder), "--json")
    rows = {row["what"]: row["light"] for row in json.loads(out)}
    assert code == 1 and rows["programs"] == "red" and rows["files"] == "green"
    sealed = str(folder) + ".sealed"
    key = str(tmp_path / "safe" / "ada.key")
    assert desk("kit", "open", sealed, "--out", str(tmp_path / "seen"), "--key", key)[0] == 0
    assert (tmp_path / "seen" / "paper" / "print-this.pdf").is_file()
    assert desk("kit", "open", sealed, "--out", str(tmp_path / "seen"))[0] == 2
    assert desk("init", "--from-kit", sealed, "--signed-by", "0123456789abcdef")[0] == 2
    assert desk.error.code == "kit-home-already-exists"


def test_init_goes_on_from_a_kit(desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tasks.cli.context import Invocation, invocation as running
    from tasks.cli.main import run

    desk("kit", "build", "--no-wheels", "--out", str(tmp_path / "kits"))
    (sealed,) = (tmp_path / "kits").glob("*.sealed")
    laptop = str(tmp_path / "laptop")

    def there(*arguments: str) -> tuple[int, str]:
        running.__dict__.clear()
        running.__dict__.update(Invocation().__dict__)
        capsys.readouterr()
        try:
            run([*arguments, "--home", laptop, "--by", "it"])
        except SystemExit as end:
            return int(end.code or 0), "".join(capsys.readouterr())
        return 0, "".join(capsys.readouterr())

    code, said = there("init", "--from-kit", str(sealed), "--signed-by", "0123456789abcdef")
    assert code == 1 and "0123456789abcdef" in said
    code, said = there("init", "--from-kit", str(sealed))
    assert code == 0 and "continuity people enrol" in said
    code, said = there("numbers", "issue", "--desk", "ocean", "--count", "1", "--json")
    assert json.loads(said)[0]["number"].startswith("ABC-9000049-")
    assert there("journal", "verify")[0] == 0


def test_history_is_taken_and_listed(desk, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("Client,HTS,Origin,AD case\nAcme,8481.80.5090,CN,A570123000\n")
    code, out, _ = desk("kit", "history", str(path), "--as-of", "2026-11-01", "--json")
    assert code == 0 and json.loads(out) == {
        "file": "report.csv", "new": True, "rows": 1, "clients": 1, "as_of": "2026-11-01",
        "notes": []}  # fmt: skip
    assert json.loads(desk("kit", "history", str(path), "--json")[1])["new"] is False
    rows = json.loads(desk("kit", "history", "--json")[1])
    assert rows[0]["hts_number"] == "8481805090" and rows[0]["ad_case"] == ["A570123000"]
    path.write_text("Client,HTS,Origin\nAcme,848180,CN\n")
    code, _, err = desk("kit", "history", str(path))
    assert code == 2 and "row 2, column HTS number" in err and "'848180'" in err


def test_a_history_with_zeros_behind_a_chapter_99_number_is_taken_with_a_note(desk, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("Client,HTS,Origin,Chapter 99\nAcme,8481.80.5090,CN,9903.88.15.00\n")
    code, out, _ = desk("kit", "history", str(path), "--as-of", "2026-11-01", "--json")
    told = json.loads(out)
    assert code == 0 and (told["rows"], told["clients"]) == (1, 1)
    (note,) = told["notes"]
    assert note["value"] == "9903.88.15.00" and "99038815" in note["wrong"] + note["right"]
    rows = json.loads(desk("kit", "history", "--json")[1])
    assert rows[0]["chapter_99"] == ["99038815"]


def test_a_passphrase_that_is_too_short_makes_no_kit(desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTINUITY_KIT_PASSPHRASE", "short")
    assert desk("kit", "build", "--no-wheels", "--out", str(tmp_path / "kits"))[0] == 2
    assert desk.error.code == "seal-passphrase-too-short" and not (tmp_path / "kits").exists()


def test_private_values_go_with_a_copy(desk, tmp_path: Path) -> None:
    back = str(tmp_path / "back")
    code, out, _ = desk("journal", "export", "--out", back, "--private", "--json")
    told = json.loads(out)
    assert code == 0 and told["private"] == 0 and Path(told["sealed"]).is_file()
    code, out, _ = desk("journal", "adopt", back, "--json")
    told = json.loads(out)
    assert code == 0 and (told["private"], told["adopted"]) == (0, [])


def test_status_warns_of_a_kit_that_a_laptop_must_not_use(desk, tmp_path: Path) -> None:
    desk("kit", "build", "--no-wheels", "--out", str(tmp_path / "kits"))
    desk("numbers", "issue", "--desk", "truck", "--count", "1")
    found = json.loads(desk("status", "--json")[1])
    (p8,) = [one for one in found["readiness"] if one["id"] == "P8"]
    lines = {line["what"].rpartition(": ")[2]: line["light"] for line in p8["lines"]}
    assert (lines["book"], lines["programs"]) == ("red", "red")


def test_the_signer_is_checked_whatever_lies_at_the_root(
    desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tasks.cli.context import Invocation, invocation as running
    from tasks.cli.main import run
    from tasks.core.journal.copies import copy_signer

    def init(source: Path, signed_by: str, home: str) -> tuple[int, str]:
        running.__dict__.clear()
        running.__dict__.update(Invocation().__dict__)
        capsys.readouterr()
        code = 0
        try:
            run(["init", "--from-kit", str(source), "--signed-by", signed_by, "--home",
                 str(tmp_path / home), "--by", "it"])  # fmt: skip
        except SystemExit as end:
            code = int(end.code or 0)
        return code, "".join(capsys.readouterr())

    copy = tmp_path / "copy"
    assert desk("journal", "export", "--out", str(copy))[0] == 0
    code, said = init(copy, "0123456789abcdef", "one")
    assert code == 1 and "0123456789abcdef" in said and copy_signer(copy) in said
    assert not (tmp_path / "one" / "continuity.toml").exists()
    code, said = init(copy, copy_signer(copy), "two")
    assert code == 0 and copy_signer(copy) in said

    desk("kit", "build", "--no-wheels", "--out", str(tmp_path / "kits"))
    (kit,) = (path for path in (tmp_path / "kits").iterdir() if path.is_dir())
    for name in ("journal.jsonl", "head.json"):
        (kit / name).write_bytes((copy / name).read_bytes())
    code, said = init(kit, copy_signer(copy), "three")
    assert code == 1 and "journal.jsonl" in said, "a file that the kit's manifest does not name"
    assert not (tmp_path / "three" / "continuity.toml").exists()


def test_adopt_lists_what_it_never_takes(desk, tmp_path: Path) -> None:
    from tasks.core.content import ContentStore
    from tasks.core.journal.copies import copy_signer, export_journal
    from tasks.opening import continue_home, open_journal
    from tasks.security.host_keys import HostSigner
    from tests.conftest import SETTINGS

    desk("journal", "export", "--out", str(tmp_path / "copy"))
    settings, _ = continue_home(tmp_path / "laptop", SETTINGS, tmp_path / "copy", "laptop")
    there = open_journal(settings)
    from tasks.security.people import add_person

    add_person(there, "eve", "Eve", "77777", ["approver"], "laptop")
    back = tmp_path / "back"
    export_journal(there, ContentStore(settings.content_path), HostSigner(settings.home), back)
    assert desk("journal", "adopt", str(back), "--signed-by", "0123456789abcdef")[0] == 1
    assert desk.error.code == "signed-by-another-key"
    code, out, _ = desk("journal", "adopt", str(back), "--signed-by", copy_signer(back))
    assert code == 0 and "person/eve" in out
    code, out, _ = desk("journal", "adopt", str(back), "--json")
    said = json.loads(out)
    assert code == 0 and said["adopted"] == [] and said["signer"] == copy_signer(back)
    assert [(row["kind"], bool(row["next"])) for row in said["listed"]] == [
        ("journal.continued", False), ("person.added", True),
    ]  # fmt: skip
    assert "eve" not in desk("people", "list")[1]
