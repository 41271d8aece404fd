"""Each command that the program tells a person to give can be given so: it exists, with the options
it is told with, and none that it must have is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.core import messages
from tests.kit.parts.test_run_book import ROOT as COMMANDS, resolved

ROOT = Path(__file__).parents[2]


def _texts(source: str) -> Iterator[tuple[int, str]]:
    """Every text of a module, what is filled in standing as X."""
    tree = ast.parse(source)
    inner = {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in one.values}
    for one in ast.walk(tree):
        if isinstance(one, ast.JoinedStr):
            yield one.lineno, "".join(
                part.value if isinstance(part, ast.Constant) else "X" for part in one.values
            )  # fmt: skip
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in inner:
            yield one.lineno, one.value


def lacking(told: str) -> list[str]:
    """What is wrong with a command that stands for itself, without a word of prose."""
    words = re.split(r"[,;]", re.sub(r'"[^"]*"', "X", told))[0].split()[1:]
    if (words and words[-1] == "X" and len(words) < 3) or not words:
        return []
    try:
        command, rest = resolved(words)
    except (KeyError, IndexError):
        return [f"no command: {told}"]
    known = {name: one for one in command.params for name in one.opts + one.secondary_opts}
    found = [f"{told}: no option {word}" for word in rest
             if word.startswith("--") and word not in known and word != "--by"]  # fmt: skip
    options = [one for one in command.params if any(name.startswith("-") for name in one.opts)]
    must = [one.opts[0] for one in options if one.required and not {*one.opts} & {*rest}]
    return found + [f"{told}: wants {name} too" for name in must]


def _catalog() -> Iterator[tuple[str, str]]:
    """Every text of `data/messages` by its code, what is filled in standing as X."""
    for code, entry in messages.catalog().items():
        for text in [entry] if isinstance(entry, str) else entry.values():
            yield code, re.sub(r"\{[^}]*\}", "X", text)


def test_each_command_that_is_told_can_be_given() -> None:
    told = [
        *(
            (f"{path.relative_to(ROOT)}:{line}", text)
            for path in sorted((ROOT / "tasks").rglob("*.py"))
            for line, text in _texts(path.read_text(encoding="utf-8"))
        ),
        *_catalog(),
    ]
    commands = [(where, text) for where, text in told if text.startswith("continuity ")]
    assert (
        len(commands) > 50
        and [
            f"{where}: {fault}"
            for where, text in commands
            if not text.startswith("continuity backup key:")
            for fault in lacking(text)
        ]
        == []
    )


def _without_words(command: Any, path: str) -> Iterator[str]:
    yield from (f"{path} {one.name}" for one in command.params if not getattr(one, "help", "x"))
    if not command.help:
        yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from _without_words(inner, f"{path} {name}")


def test_every_command_and_each_of_its_options_is_explained() -> None:
    assert list(_without_words(COMMANDS, "continuity")) == []


def test_the_command_lines_of_the_readme_can_be_given() -> None:
    lines = re.findall(r"^ +(continuity .*?)(?:  .*)?$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(lines) >= 7 and [fault for line in lines for fault in lacking(line)] == []


def test_what_cannot_be_given_is_found() -> None:
    assert lacking("continuity incident letters sent LETTER --proof FILE")
    assert lacking("continuity reconcile turns") and lacking("continuity kit build --wheelless")
    assert not lacking("continuity approve X --by ID")
