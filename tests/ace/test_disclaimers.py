"""Disclaimers in a file, by agency: refused by CBP's chapter, doubted by its tariff code guide, or told
to be judged by nobody."""

from __future__ import annotations

import pytest

from tasks.ace.file_check import CheckResult, check_bytes
from tasks.ace.wire.check_conditions import conditions
from tasks.entries.record.code_lists import code_meanings
from tasks.entries.validation.disclaimer_rules import agency_guide, unjudged_text
from tests.ace.golden import data, put
from tests.ace.golden_entries import release


def checked(agency: str, program: str, code: str) -> CheckResult:
    lines = release()
    for field, value in (
        ("government_agency_code", agency),
        ("government_agency_program_code", program),
        ("disclaimer", code),
    ):
        lines = put("ocean", "PG01", field, value)(lines)
    return check_bytes(data(lines))


@pytest.mark.parametrize("code", ["B", "C", "D"])
def test_what_the_guide_does_not_list_is_a_warning_with_how_sure_it_is(code: str) -> None:
    result = checked("EPA", "HFC", code)
    (found,) = result.findings
    assert found.code == "C411" and found.position == 80 and result.ok
    assert "under flag EH1 EPA takes only A [W]" in str(found)
    assert result.unjudged == {}
    assert conditions()["C411"].severity == "warning"


def test_what_the_guide_lists_is_no_finding_and_is_judged() -> None:
    result = checked("EPA", "HFC", "A")
    assert result.findings == () and result.unjudged == {}


@pytest.mark.parametrize(
    ("agency", "program", "code", "told"),
    [
        ("FDA", "FOO", "A", "FDA FOO A"),
        ("NHT", "MVS", "D", "NHT MVS D"),
        ("FWS", "FWS", "C", "FWS FWS C"),
        ("FWS", "FWS", "A", "FWS FWS A (under flag FW3 FWS takes only C D [W])"),
        ("TTB", "WIN", "B", "TTB WIN B (under flag TB3 TTB takes only A C [W])"),
        ("TTB", "WIN", "C", "TTB WIN C"),
    ],
)
def test_what_the_chapter_leaves_to_an_agency_is_told_not_to_be_judged(
    agency: str, program: str, code: str, told: str
) -> None:
    result = checked(agency, program, code)
    assert result.findings == () and result.unjudged == {told: 1}
    assert unjudged_text(result.unjudged).endswith(f"own guide may allow fewer: {told}: 1")


@pytest.mark.parametrize(("agency", "code"), [("FWS", "E"), ("FDA", "F"), ("FDA", "E")])
def test_what_the_chapter_itself_decides_is_judged(agency: str, code: str) -> None:
    result = checked(agency, "FWS" if agency == "FWS" else "FOO", code)
    assert result.unjudged == {}
    assert [one.code for one in result.findings] == ([] if agency == "FWS" else ["C410"])


def test_every_row_of_the_guide_says_how_sure_it_is_and_narrows_the_chapter() -> None:
    whole, *some = agency_guide()
    assert (whole.agency, whole.codes, whole.mark) == ("*", ("A", "B", "C", "D"), "S")
    known = set(code_meanings("agency"))
    for row in some:
        assert row.agency in known and row.flag and row.mark == "W" and "0875-0419" in row.source
        assert set(row.codes) < set(whole.codes)


def test_a_file_without_disclaimers_says_nothing_of_them() -> None:
    assert check_bytes(data(release())).unjudged == {}
    assert unjudged_text({}) == ""
