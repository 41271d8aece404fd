"""Every command that the run-book names exists, with the options that it is given there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
import typer.main

from tasks.cli.main import app
from tasks.incident.timeline.step_graph import STEPS
from tasks.kit.parts import recovery_key
from tasks.kit.parts.run_book import read_run_book

ROOT: Any = typer.main.get_command(app)
Named = tuple[str, list[str], list[str]]
_ENDS = ".,:;"


def shipped() -> dict[str, Any]:
    return read_run_book(files("continuity_data").joinpath("kit", "run_book.toml").read_text(encoding="utf-8"))


def sequences(text: str) -> Iterator[list[str]]:
    """The words after each `continuity`, up to where its sentence ends."""
    for rest in re.split(r"\bcontinuity ", text)[1:]:
        words: list[str] = []
        for word in rest.split():
            words.append(word.rstrip(_ENDS))
            if word[-1] in _ENDS:
                break
        yield words


def resolved(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words lead to, and what is left of them. Raises KeyError for a word that
    leads nowhere."""
    command, rest = ROOT, list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    return command, rest


def faults(text: str) -> list[str]:
    found = []
    for words in sequences(text):
        try:
            command, rest = resolved(words)
        except (KeyError, IndexError):
            found.append(f"no command: continuity {' '.join(words)}")
            continue
        options = {name for one in command.params for name in one.opts + one.secondary_opts}
        found += [f"{' '.join(words)}: no option {word}"
                  for word in rest if word.startswith("--") and word not in options]  # fmt: skip
        if command.name == "step" and rest[0] not in STEPS:
            found.append(f"no step {rest[0]}")
    return found


def test_each_command_of_the_run_book_exists() -> None:
    steps = [step for chapter in shipped()["chapter"] for step in chapter["steps"]]
    assert [one for step in steps for one in faults(step)] == []
    named = {" ".join(words[:2]) for step in steps for words in sequences(step)}
    for wanted in ("declare", "status", "notify", "letters", "pga", "work", "evidence", "handover",
                   "step", "discretion", "redelivery", "close"):  # fmt: skip
        assert f"incident {wanted}" in named, wanted
    assert len(named) > 25


def test_options_that_stand_by_themselves_belong_to_a_command_of_their_step() -> None:
    """'Without CBP's leave on record: --without-authorisation WORDS' comes after its command."""
    for chapter in shipped()["chapter"]:
        for step in chapter["steps"]:
            commands = [resolved(words)[0] for words in sequences(step)]
            known = {n for one in commands for p in one.params for n in p.opts + p.secondary_opts}
            assert set(re.findall(r"--[a-z-]+", step)) <= known, step


@pytest.mark.parametrize(
    "wrong",
    ["Then continuity incident letter issue.", "continuity incident notify --post.",
     "Look: continuity reconcile.", "continuity incident step cleaned."],
)  # fmt: skip
def test_what_does_not_exist_is_found(wrong: str) -> None:
    assert len(faults(wrong)) == 1


def test_the_page_on_backups_names_real_commands() -> None:
    source = files("tasks.kit.parts").joinpath("recovery_key.py").read_text(encoding="utf-8")
    commands = re.findall(r"continuity (backup [a-z]+(?: [a-z]+)?)", source)
    assert len(commands) >= 3 and recovery_key.PROVIDER.name == "recovery"
    for said in commands:
        assert resolved(said.split())[0] is not None
