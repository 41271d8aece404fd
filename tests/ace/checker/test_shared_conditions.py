"""Both checks bind every condition that is declared for both, under codes that have a text."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tasks.ace.wire.check_conditions import conditions
from tasks.entries.validation.conditions.condition import Condition
from tests.entries.validation.conditions.test_conditions import CONDITIONS

ROOT = Path(__file__).parents[3] / "tasks"
RECORD_CODES = ("E3", "E4", "E5", "W7")


def names_used(folder: Path) -> set[str]:
    """Names and attributes in the modules of a folder, those of `conditions` left out."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        if path.parent.name != "conditions":
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            found |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            found |= {node.id for node in nodes if isinstance(node, ast.Name)}
    return found


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_a_condition_has_a_source_and_codes_of_the_file_check(condition: Condition) -> None:
    codes = [code for code in condition.codes if not code.startswith(RECORD_CODES)]
    assert codes
    assert condition.source in {conditions()[code].source for code in codes}


def test_both_checks_bind_every_condition() -> None:
    declared = {condition.name for condition in CONDITIONS}
    assert declared - names_used(ROOT / "entries" / "validation") == set()
    assert declared - names_used(ROOT / "ace" / "checker") == set()
