"""Single faults put into a correct SE batch: each is found, by the code it should have, alone."""

from __future__ import annotations

import pytest

from tasks.ace.checker.release_rules.rule_list import release_rules
from tasks.ace.file_check import check_bytes
from tasks.ace.wire.check_conditions import conditions
from tests.ace.golden import Edit, data
from tests.ace.golden_entries import release
from tests.ace.mutations import MUTATIONS


def test_the_batch_they_start_from_has_no_fault() -> None:
    result = check_bytes(data(release()))
    assert result.findings == ()
    assert result.ok
    assert result.transactions == result.entries == 12


@pytest.mark.parametrize(
    ("code", "edit"), [pytest.param(code, edit, id=f"{code} {name}") for name, code, edit in MUTATIONS]
)
def test_a_single_fault_is_found_by_its_own_code(code: str, edit: Edit) -> None:
    lines = edit(release())
    result = check_bytes(data(lines))
    assert {one.code for one in result.findings} == {code}, [str(one) for one in result.findings]
    assert result.ok == (conditions()[code].severity == "warning")


def test_there_are_enough_of_them_and_their_names_differ() -> None:
    assert len(MUTATIONS) >= 40
    assert len({name for name, _, _ in MUTATIONS}) >= len(MUTATIONS) - 5


def test_every_rule_of_cargo_release_has_a_fault_that_it_finds() -> None:
    raised = {code for rule in release_rules() for code in rule.codes}
    shown = {code for _, code, _ in MUTATIONS}
    assert raised - shown == set()
