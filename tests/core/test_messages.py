"""Every error and reason has a text with its values, and is data without it."""

from __future__ import annotations

import ast
import json
import pickle
import string
import tomllib
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from tasks.core import messages
from tasks.core.errors import BadInput, NotApproved, Problem
from tasks.core.messages import Reason, message_text, reason_text
from tasks.core.status_lines import AMBER, RED, StatusReason
from tasks.kit.part_model import Fault as KitFault
from tasks.operations.upkeep import UpkeepProblem as UpkeepFault

ROOT = Path(__file__).parents[2]
PAST = Reason("demand-of-earlier-entry", "ABC-1", "agency", table="journal", last="2026-03-01")


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
                # the code of a line of the status page names the line, not a text
                coded = (name[:1].isupper() and name != "Line") or name == "finding"
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


def test_a_text_stands_in_the_file_of_a_package_that_uses_it() -> None:
    elsewhere = []
    for path in (ROOT / "data/messages").glob("*.toml"):
        folder = ROOT / "tasks" / path.stem if (ROOT / "tasks" / path.stem).is_dir() else ROOT / path.stem
        # the workspace, home opening and approved acts have no file of their own
        own = [*folder.rglob("*.py"), *((ROOT / "tasks").glob("*.py") if path.stem in ("core", "security") else ())]
        source = "\n".join(module.read_text(encoding="utf-8") for module in own)
        codes = tomllib.loads(path.read_text(encoding="utf-8"))
        elsewhere += [f"{path.name}: {code}" for code in codes if f'"{code}"' not in source]
    assert elsewhere == []


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
    assert message_text(code, {"other": 1}).startswith(code)


def test_the_text_of_a_reason_has_its_values() -> None:
    assert "2026-03-01" in PAST.text and str(PAST) == PAST.text
    outer = Reason("demand-required", source=PAST)
    assert PAST.text in outer.text
    assert reason_text([PAST, outer]) == f"{PAST.text}; {outer.text}"


def test_a_list_among_the_values_is_joined_in_the_text() -> None:
    parts = (Reason("first-code", count=1), Reason("second-code"))
    assert Reason("no-such-code", lists=("a", "b")).text == "no-such-code lists=a, b"
    assert Reason("no-such-code", parts=parts).text == "no-such-code parts=first-code count=1; second-code"


def test_a_reason_as_data_has_those_of_its_values_as_data() -> None:
    facts = {
        "code": "demand-of-earlier-entry",
        "subject": "ABC-1",
        "field": "agency",
        "values": {"table": "journal", "last": "2026-03-01"},
    }
    assert PAST.facts == facts and PAST.as_dict() == {**facts, "text": PAST.text}
    outer = Reason("demand-required", source=PAST, parts=(PAST, "a", ("b", PAST)))
    assert outer.facts == {
        "code": "demand-required",
        "subject": "",
        "field": "",
        "values": {"source": facts, "parts": [facts, "a", ["b", facts]]},
    }
    assert json.loads(json.dumps(outer.as_dict())) == {**outer.facts, "text": outer.text}


def test_equal_reasons_are_the_same_key_in_every_process() -> None:
    same = Reason("demand-of-earlier-entry", "ABC-1", "agency", last="2026-03-01", table="journal")
    assert {PAST: 1}[same] == 1 and pickle.loads(pickle.dumps(PAST)) == PAST
    assert Reason("demand-of-flag", flag="FD4") != Reason("demand-of-flag", flag="EP7")
    assert Reason("demand-of-flag", "A") != Reason("demand-of-flag", "B")
    unhashable = Reason("demand-of-flag", flags=["FD4"])
    assert {unhashable: 1}[Reason("demand-of-flag", flags=["FD4"])] == 1


def test_reasons_with_more_than_values_compare_by_that_too() -> None:
    red = StatusReason("duty-never-done", RED, due="2026-11-24")
    assert red == StatusReason("duty-never-done", RED, due="2026-11-24") == pickle.loads(pickle.dumps(red))
    assert red != StatusReason("duty-never-done", AMBER, due="2026-11-24")
    kit = KitFault("kit-form-not-printable", RED, command="x", file="a", reason="b")
    assert kit != KitFault("kit-form-not-printable", RED, command="y", file="a", reason="b")
    stuck = UpkeepFault("plan-waits-too-long", "ab", "look", what="x", since="1 h ago")
    copy = pickle.loads(pickle.dumps(stuck))
    assert copy == stuck and (copy.key, copy.next) == (("plan-waits-too-long", "ab"), "look")
    assert stuck != UpkeepFault("plan-waits-too-long", "ab", "wait", what="x", since="1 h ago")


def test_a_reason_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(PAST, "code", "another")  # noqa: B010
