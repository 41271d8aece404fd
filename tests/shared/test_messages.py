"""Every error has a text with the values that it is raised with."""

from __future__ import annotations

import ast
import pickle
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.shared import messages
from tasks.shared.errors import BadInput, NotApproved, Problem

ROOT = Path(__file__).parents[2]


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    """(file:line, code, call) for each call that names a code of the catalog."""
    catalog = messages.catalog()
    for top in ("tasks", "flows", "deployments"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
                named = [word.value for word in node.keywords if word.arg == "code"]
                coded = name[:1].isupper() or name == "finding"
                for argument in [*(node.args[:1] if coded else []), *named]:
                    if isinstance(argument, ast.Constant) and argument.value in catalog:
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", argument.value, node


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_has_the_values_of_its_error() -> None:
    catalog, missing = messages.catalog(), []
    for where, code, call in _calls():
        entry = catalog[code]
        if isinstance(entry, str):
            values = {word.arg for word in call.keywords}
            if None in values:  # a `**values` of the caller
                continue
            needed = _placeholders(entry)
        else:
            given = [word.value for word in call.keywords if word.arg == "values"]
            if any(not isinstance(value, ast.Dict) for value in given):
                continue  # made before the call
            values = {word.arg for word in call.keywords} | {
                key.value
                for value in given
                if isinstance(value, ast.Dict)
                for key in value.keys
                if isinstance(key, ast.Constant)
            }
            needed = {name for text in entry.values() for name in _placeholders(text)}
        if needed - values:
            missing.append(f"{where}: {code} lacks {sorted(needed - values)}")
    assert missing == []


def test_every_text_is_used() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for top in ("tasks", "flows", "deployments")
        for path in (ROOT / top).rglob("*.py")
    )
    assert [code for code in messages.catalog() if f'"{code}"' not in source] == []


def test_an_error_keeps_its_facts_on_the_way_between_processes() -> None:
    error = NotApproved("approval-needed", plan="ab" * 32, short="ab" * 6)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.code, copy.plan, str(copy)) == (
        NotApproved, "approval-needed", "ab" * 32, str(error),
    )  # fmt: skip


def test_a_problem_takes_its_words_from_the_catalog() -> None:
    problem = Problem(column="--proof", code="duty-item-missing", values={"each": "system"})
    assert problem.wrong and "system" in problem.right
    error = BadInput("duty-proof-not-accepted", [problem])
    assert error.as_dict()["problems"] == [problem.as_dict()]


@pytest.mark.parametrize("code", ["no-such-code", "approval-needed"])
def test_a_text_that_cannot_be_filled_in_shows_the_code(code: str) -> None:
    assert messages.text(code, {"other": 1}).startswith(code)
