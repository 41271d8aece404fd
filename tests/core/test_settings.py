from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from tasks.core.errors import BadInput, BadSettings
from tasks.core.files import kind_among
from tasks.core.registry import settings_class
from tasks.core.settings import SETTINGS_FILE, home_folder, load_settings
from tasks.opening import make_home, open_journal
from tests.conftest import SETTINGS
from tests.errors import refused


def test_the_environment_goes_on_top(house, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTINUITY_NUMBERS__DAILY_VOLUME", "77")
    monkeypatch.setenv("CONTINUITY_HOME", "/elsewhere")
    assert load_settings(house.home).numbers.daily_volume == 77
    assert load_settings(house.home).home == house.home


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("[broker]\nfiler_code = 'abcd'\n", {"broker.filer_code"}),
        ("[numbers]\ncheck_digit_offset = 10\ndaily_volume = 0\n",
         {"numbers.check_digit_offset", "numbers.daily_volume"}),
        ("[nubmers]\n", {"nubmers"}),
        ("[ace]\nline_ends = 'crlf'\n", {"ace.line_ends"}),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(house, text: str, columns: set[str]) -> None:
    (house.home / SETTINGS_FILE).write_text(text)
    with refused("settings-invalid", BadSettings) as caught:
        load_settings(house.home)
    assert set(caught.codes) == {"setting-value-invalid"}
    assert {problem.column for problem in caught.problems} == columns


def test_a_file_that_is_no_toml_is_refused_with_its_line(house) -> None:
    (house.home / SETTINGS_FILE).write_text("[broker\n")
    with refused("settings-unreadable", BadSettings) as caught:
        load_settings(house.home)
    (problem,) = caught.problems
    assert problem.code == "settings-not-toml" and "line 1" in str(problem.values["reason"])


def test_a_misspelt_variable_is_refused(house, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTINUITY_NUMBERS__DALY_VOLUME", "1")
    with refused("environment-setting-unknown", BadSettings) as caught:
        load_settings(house.home)
    assert [(problem.column, problem.code) for problem in caught.problems] == [
        ("CONTINUITY_NUMBERS__DALY_VOLUME", "setting-unknown")
    ]


def test_settings_cannot_be_changed_while_running(house) -> None:
    with pytest.raises(ValueError, match="frozen"):
        house.broker.filer_code = "XYZ"


def test_the_home_folder_is_found_in_the_order_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert home_folder().name == "continuity-home"
    monkeypatch.setenv("CONTINUITY_HOME", "/srv/broker")
    assert home_folder() == Path("/srv/broker")
    assert home_folder(Path("/mnt/x")) == Path("/mnt/x")


def test_a_home_is_made_once_and_a_missing_one_is_told(house, tmp_path: Path) -> None:
    with refused("home-already-exists", BadInput):
        make_home(house.home, SETTINGS, "tests")
    with refused("home-folder-invalid", BadSettings):
        load_settings(tmp_path / "nowhere")


def test_a_home_with_bad_settings_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(BadSettings):
        make_home(tmp_path / "new", "[broker]\nfiler_code = '?'\n", "tests")
    assert not (tmp_path / "new" / SETTINGS_FILE).exists()


def test_a_missing_book_is_never_silently_made_anew(house) -> None:
    (house.home / "journal.sqlite").unlink()
    with refused("journal-file-missing", BadSettings):
        open_journal(house)


@pytest.mark.parametrize(
    ("folder", "told"),
    [("/srv/home", ""), ("/mnt/share/home", "network share"), ("/media/my stick/home", "stick"), ("/mnt/shared", "")],
)
def test_shares_and_sticks_are_told_from_disks(folder: str, told: str) -> None:
    mounts = "/dev/sda1 / ext4 rw 0 0\n//server/x /mnt/share cifs rw 0 0\n/dev/sdb1 /media/my\\040stick vfat rw 0 0\n"
    found = kind_among(mounts, folder)
    assert told in found and bool(found) == bool(told)


SHIPPED = (files("continuity_data") / "home" / "continuity.toml").read_text(encoding="utf-8")
USED = re.sub(r"^# ([a-z0-9_]+ = )", r"\1", SHIPPED, flags=re.MULTILINE)


def test_the_file_that_init_writes_shows_every_setting() -> None:
    shown = {name: set(table) for name, table in tomllib.loads(USED).items()}
    known = {name: set(table.annotation.model_fields) for name, table in settings_class().model_fields.items()
             if name != "home"}  # fmt: skip
    assert shown == known


def test_each_example_of_the_file_can_be_used(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text(USED, encoding="utf-8")
    assert load_settings(tmp_path).backup.sources[1].kind == "postgresql"
