"""With `--json` an error is data as well: one object on a line of standard error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tasks.cli.main import app
from tests.cli.conftest import Said


def test_an_error_is_one_json_object_on_standard_error(continuity: Callable[..., Said], home: Path) -> None:
    code, out, err = continuity("backup", "list", "--json")
    (line,) = err.splitlines()
    error = json.loads(line)
    assert (code, out) == (1, "")
    assert set(error) == {"error", "message", "values", "problems"}
    assert error["error"] == "host-keys-missing"
    assert str(home) in str(error["values"]["path"])


def test_its_problems_are_objects_with_codes(continuity: Callable[..., Said], home: Path, tmp_path: Path) -> None:
    settings = home / "continuity.toml"
    settings.write_text(f"{settings.read_text()}\n[nubmers]\n")
    code, _, err = continuity("backup", "list", "--json")
    (problem,) = json.loads(err)["problems"]
    assert code == 2
    assert (problem["column"], problem["code"]) == ("nubmers", "setting-value-invalid")


def test_without_the_option_a_person_reads_words(continuity: Callable[..., Said]) -> None:
    _, _, err = continuity("backup", "list")
    assert not err.lstrip().startswith("{") and err.strip()


def test_the_help_states_it() -> None:
    assert "--json" in str(app.info.help) and "standard error" in str(app.info.help)
