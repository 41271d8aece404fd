from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyotp
import pytest

from tasks.cli.main import move_global_options
from tasks.core import clock


@pytest.mark.parametrize(
    ("given", "moved"),
    [
        (["numbers", "status", "--home", "x"], ["--home", "x", "numbers", "status"]),
        (["--home=x", "numbers"], ["--home=x", "numbers"]),
        (["numbers", "--by", "ada", "issue"], ["--by", "ada", "numbers", "issue"]),
        (["a", "--", "--home", "x"], ["a", "--", "--home", "x"]),
        (["a", "--home"], ["--home", "a"]),
    ],
)
def test_home_and_actor_may_stand_anywhere(given: list[str], moved: list[str]) -> None:
    assert move_global_options(given) == moved


def reserve(continuity, count: int = 200) -> None:
    done = continuity("numbers", "reserve", "--first", "9000000", "--count", str(count),
                      "--range-check", "counter seen by IT")  # fmt: skip
    assert done[0] == 0, done


def test_the_reserve_by_the_command_line(continuity) -> None:
    reserve(continuity)
    code, out, _ = continuity("numbers", "issue", "--desk", "truck", "--count", "2", "--json")
    numbers = [row["number"] for row in json.loads(out)]
    assert code == 0 and numbers == ["ABC-9000000-3", "ABC-9000001-1"]
    code, out, _ = continuity("numbers", "status", "--json")
    assert code == 0 and json.loads(out)[0]["free"] == 198
    code, out, _ = continuity("numbers", "check", numbers[0].lower(), "--json")
    assert json.loads(out)[0]["state"] == "issued"


def test_a_low_reserve_alarms(continuity) -> None:
    reserve(continuity, 50)
    code, out, _ = continuity("numbers", "status", "--json")
    assert code == 1 and json.loads(out)[0]["free"] == 50


def test_a_wrong_number_says_what_would_be_right(continuity) -> None:
    code, _, err = continuity("numbers", "check", "ABC-1234567-0")
    assert code == 2 and "ABC-1234567-6" in err


def test_who_is_not_named_is_asked_for(continuity) -> None:
    code, _, err = continuity("numbers", "reserve", "--first", "9000000", "--count", "1",
                              "--range-check", "x", by="")  # fmt: skip
    assert code == 2 and "CONTINUITY_ACTOR" in err


def test_a_filer_with_a_check_digit_factor(continuity, home: Path) -> None:
    """Numbers that the house issues are numbers to each of its commands (CATAIR Appendix E item 6)."""
    toml = home / "continuity.toml"
    toml.write_text(toml.read_text().replace("[numbers]", "[numbers]\ncheck_digit_offset = 3"))
    reserve(continuity)
    out = continuity("numbers", "issue", "--desk", "truck", "--count", "2", "--json")[1]
    number = json.loads(out)[0]["number"]
    assert number == "ABC-9000000-6"
    people = continuity("people", "add", "ada", "--name", "Ada", "--role", "preparer")
    assert people[0] == 0
    codes = set()
    for command in (
        ("numbers", "void", number, "--reason", "x", "--second", "bo", "--code", "1"),
        ("entries", "correct", number, "--out", str(home)),
        ("reconcile", "answers", number),
        ("reconcile", "again", number, "--reason", "x"),
        ("incident", "letters", "issue", number, "--out", str(home / "letters")),
    ):
        continuity(*command)
        codes.add(continuity.error and continuity.error.code)
    assert "entry-number-invalid" not in codes
    assert continuity("reconcile", "answers", "ABC-9000000-3")[0] == 2
    assert continuity.error.code == "entry-number-invalid"


def test_voiding_by_two_persons(continuity) -> None:
    reserve(continuity)
    continuity("numbers", "issue", "--desk", "truck", "--count", "3")
    continuity("people", "add", "ada", "--name", "Ada Vance", "--role", "desk")
    continuity("people", "add", "bo", "--name", "Bo Harbor", "--role", "desk")
    _, out, _ = continuity("people", "enrol", "bo")
    phone = pyotp.parse_uri(next(line for line in out.splitlines() if line.startswith("otpauth")))
    void = ("numbers", "void", "ABC-9000001-1", "--reason", "spoiled", "--second", "bo", "--code")
    assert continuity(*void, "000", by="ada")[0] == 1
    assert continuity(*void, phone.at(clock.now()), by="bo")[0] == 2
    free = ("numbers", "void", "ABC-9000004-5", "--reason", "x", "--second", "bo", "--code")
    code_of_bo = phone.at(clock.now())
    assert continuity(*free, code_of_bo, by="ada")[0] == 1, "it is not issued"
    assert continuity(*void, code_of_bo, by="ada")[0] == 0, "the code is still good"
    assert continuity(*void[:-1], by="ada")[0] == 2, "a second person and no code"
    ask = ("numbers", "void", "ABC-9000002-9", "--reason", "torn", "--json")
    code, out, _ = continuity(*ask, by="ada")
    plan = json.loads(out)["waiting"]
    assert code == 1 and continuity("approve", plan, "--code", "1", by="ada")[0] == 1
    later = clock.now() + timedelta(seconds=60)
    with clock.held(later):
        code, out, err = continuity("approve", plan, "--json", "--code", phone.at(later), by="bo")
    assert code == 0 and json.loads(out)["carried_out"] == {"voided": ["ABC-9000002-9"]}, err
    rows = json.loads(continuity("people", "list", "--json")[1])
    assert [row["state"] for row in rows] == ["not enrolled", "enrolled"]


def test_the_journal_by_the_command_line(continuity, tmp_path: Path) -> None:
    reserve(continuity)
    assert continuity("journal", "verify")[0] == 0
    assert continuity("journal", "export", "--out", str(tmp_path / "copy"))[0] == 0
    assert json.loads(continuity("journal", "tail", "1", "--json")[1])[0]["kind"] == ("numbers.reserved")
    assert json.loads(continuity("journal", "rebuild", "--json")[1]) == {"events": 2}
    code, out, _ = continuity("journal", "adopt", str(tmp_path / "copy"), "--json")
    assert code == 0 and json.loads(out)["adopted"] == []
    laptop = str(tmp_path / "laptop")
    code, out, _ = continuity("init", "--from-kit", str(tmp_path / "copy"), f"--home={laptop}")
    assert code == 2, "the later --home wins, and that home stands already"


def test_a_missing_home_says_how_to_make_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tasks.cli.main", "numbers", "status", "--home", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "continuity init" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_starts_without_the_heavy_parts() -> None:
    seen = subprocess.run(
        [sys.executable, "-c",
         "import sys, tasks.cli.main; print(*sorted({m.split('.')[0] for m in sys.modules}))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()  # fmt: skip
    heavy = {"prefect", "pandas", "pyarrow", "numpy", "sqlalchemy", "pydantic", "cryptography"}
    assert not heavy & set(seen)


def test_what_cbp_asks_is_listed_and_answered(continuity, home: Path) -> None:
    from tasks.core.settings import load_settings
    from tasks.opening import open_journal
    from tasks.reconciliation.events import AnswerLine, AnswerRead

    line = AnswerLine(number="ABC-9000000-3", disposition="referred", code="2", text="PACKAGE")
    body = AnswerRead(application="UC", about="request", batch="", content="", rejected=False,
                            lines=[line])  # fmt: skip
    open_journal(load_settings(home)).append(body, "answer/x", "bo")
    code, out, _ = continuity("reconcile", "requests", "--json")
    assert code == 1 and json.loads(out)[0]["number"] == "ABC-9000000-3"
    assert "reconcile requests" in continuity("status")[1]
    proof = home / "receipt.txt"
    proof.write_text("received")
    told = ("--how", "by DIS", "--proof", str(proof))
    assert continuity("reconcile", "answered", "ABC-9000001-1", *told)[0] == 1
    assert continuity.error.code == "cbp-request-not-open"
    assert continuity("reconcile", "answered", "ABC-9000000-3", *told)[0] == 0
    assert continuity("reconcile", "requests")[0] == 0
    assert "reconcile requests" not in continuity("status")[1]


def test_when_a_code_was_read_off_is_told_as_people_write_it(continuity, journal, home) -> None:
    from tasks.security.people import add_person, enroll_person

    add_person(journal, "ada", "Ada Vance", "98765", ["approver"], "it")
    phone = pyotp.parse_uri(enroll_person(journal, home, "ada", "it"))
    reserve(continuity)
    code, out, _ = continuity("reconcile", "sign-off", "--json")
    plan = json.loads(out)["waiting"]
    code, _, err = continuity("approve", plan, "--code", "1", "--given-at", "yesterday", by="ada")
    assert code == 2 and "--given-at" in err
    zone = ZoneInfo("America/New_York")
    noted = datetime.now(zone).replace(tzinfo=None).isoformat(timespec="seconds")
    code, out, err = continuity("approve", plan, "--code", phone.now(), "--given-at", noted, "--json", by="ada")
    assert code == 0 and json.loads(out)["approved_by"] == ["ada"], err


def test_acts_tell_a_script_what_they_did(continuity) -> None:
    def told(*arguments: str) -> dict[str, object]:
        code, out, err = continuity(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    added = told("people", "add", "cy", "--name", "Cy Dock", "--role", "it")
    assert added == {"added": "cy", "name": "Cy Dock", "licence": "", "roles": ["it"]}
    taken = told("numbers", "reserve", "--first", "9000000", "--count", "3", "--range-check", "seen")
    assert (taken["reserved"], taken["first"]) == (3, "ABC-9000000-3")
    assert told("people", "revoke", "cy", "--reason", "left")["revoked"] == "cy"


@pytest.mark.parametrize(
    "act",
    ["people add", "people revoke", "numbers reserve", "numbers void", "duties fulfil", "duties end",
     "duties change", "duties withdraw", "duties acknowledge", "screen deny", "reconcile again",
     "reconcile keep-release", "reconcile bond", "reconcile answered"],
)  # fmt: skip
def test_every_act_of_the_year_speaks_to_scripts(act: str) -> None:
    from typer.main import get_command

    from tasks.cli.main import app

    command = get_command(app)
    for word in act.split():
        command = command.commands[word]  # type: ignore[attr-defined]
    assert "as_json" in {one.name for one in command.params}
