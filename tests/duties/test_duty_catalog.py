"""The catalogue that ships, and catalogues that are refused with the line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tasks.core.errors import BadInput, Problem
from tasks.core.settings import load_settings as settings_of
from tasks.core.status_lines import RECOMMENDATIONS
from tasks.duties.duty_catalog import load_catalog, shipped_catalog
from tasks.duties.duty_definition import DutyPeriod
from tests.conftest import SETTINGS
from tests.errors import refused

GOOD = """\
# what this broker does besides
[[duty]]
id = "fire-drill"
what = "Fire drill in the warehouse"
about = "P8"
source = "our own"
mark = "G"
every = "6 months"
lead = 14
owner = "it"
proof = "The list of who was there"

[[duty.facts]]
name = "place"
required = true
"""


def own(home: Path, text: str):
    (home / "duties.toml").write_text(text, encoding="utf-8")
    return load_catalog(settings_of(home))


def test_what_ships_covers_the_recommendations_and_the_issue() -> None:
    duties = shipped_catalog().duties
    assert {duty.about for duty in duties.values()} >= set(RECOMMENDATIONS)
    wanted = {
        "isa", "policy-review", "risk-assessment", "anti-malware", "firewall", "vulnerability-scan",
        "backup-restored", "exercise", "contacts", "ace-contact", "provider-due-diligence",
        "access-review", "number-reserve", "kit-rebuilt", "triennial-report", "power-of-attorney",
        "continuous-bond", "ctpat-review", "list-freshness", "permit-user-fee",
        "continuing-education", "cert-files", "alternate-sender", "surety-and-ach-contacts",
    }  # fmt: skip
    assert wanted <= set(duties)
    isa = duties["isa"]
    assert (isa.every, isa.submit, isa.rungs[:3]) == (DutyPeriod(months=36), 180, (240, 210, 180))
    assert duties["triennial-report"].due == date(2027, 2, 1)
    assert all(duty.mark in duty.source or "[" not in duty.source for duty in duties.values())


def test_a_broker_adds_replaces_and_leaves_out(home: Path) -> None:
    text = (
        GOOD
        + """
[[duty]]
id = "contacts"
replaces = true
what = "Contact list"
about = "P7"
source = "our own"
mark = "G"
every = "1 month"
lead = 7
owner = "compliance"
proof = "the list"

[[without]]
id = "ctpat-review"
reason = "not a member"
"""
    )
    catalogue = own(home, text)
    assert "fire-drill" in catalogue.duties
    assert catalogue.duties["contacts"].every == DutyPeriod(months=1)
    assert catalogue.without == {"ctpat-review": "not a member"}
    assert "ctpat-review" not in catalogue.duties


FAULTS = [
    ('lead = 14', 'lead = 14\ncolour = "red"', 10, "duty.colour", "catalog-key-unknown"),
    ('every = "6 months"', 'every = "-6 months"', 8, "duty.every", "duty-interval-invalid"),
    ('every = "6 months"', 'every = "0 months"', 2, "duty", "duty-interval-empty"),
    ('lead = 14', "lead = -1", 9, "duty.lead", "greater_than_equal"),
    ('lead = 14', 'lead = "14"', 9, "duty.lead", "int_type"),
    ('lead = 14', "lead = 200", 2, "duty", "duty-lead-too-long"),
    ('id = "fire-drill"', 'id = "isa"', 3, "", "duty-id-already-shipped"),
    ('lead = 14', "lead = 14\ndue = 2027-02-30", 10, "", "catalog-not-toml"),
    ('lead = 14', 'lead = 14\ndue = "soon"', 10, "duty.due", "date_from_datetime_parsing"),
    ('mark = "G"', 'mark = "X"', 7, "duty.mark", "literal_error"),
    ('owner = "it"\n', "", 2, "duty.owner", "missing"),
    ('name = "place"', 'name = "place"\nwhy = 1', 15, "duty.facts.why", "catalog-key-unknown"),
    ("[[duty]]", "[[duties]]", 2, "duties", "catalog-key-unknown"),
    ('lead = 14', 'lead = 14\nlead = 15', 10, "", "catalog-not-toml"),
    ('lead = 14', 'lead = = 14', 9, "", "catalog-not-toml"),
    ('id = "fire-drill"', 'id = "fire-drill"\nreplaces = true', 3, "", "replaced-duty-unknown"),
]  # fmt: skip


def exact(problem: Problem) -> str:
    """What is wrong: the fault within a duty, the type of a value, else the code of the problem."""
    values = problem.values
    return str(values.get("fault") or values.get("type") or problem.code)


@pytest.mark.parametrize(("was", "becomes", "line", "column", "code"), FAULTS)
def test_a_wrong_catalogue_is_refused_with_the_line(
    home: Path, was: str, becomes: str, line: int, column: str, code: str
) -> None:
    with refused("duty-catalog-invalid", BadInput) as caught:
        own(home, GOOD.replace(was, becomes, 1))
    assert all("duties.toml" in problem.file for problem in caught.problems)
    found = [(one.values["line"], one.column, exact(one)) for one in caught.problems]
    assert (line, column, code) in found


def test_all_faults_are_told_at_once(home: Path) -> None:
    twice = GOOD + GOOD.replace("lead = 14", "lead = -3").replace('"G"', '"Q"')
    with refused("duty-catalog-invalid", BadInput) as caught:
        own(home, twice)
    assert [problem.values["line"] for problem in caught.problems] == [18, 22, 24]


def test_a_table_in_a_text_is_no_table(home: Path) -> None:
    text = 'title = """\n[[duty]]\nid = "isa"\n"""\n' + GOOD.replace("lead = 14", "lead = -1")
    with refused("duty-catalog-invalid", BadInput) as caught:
        own(home, text)
    assert [(one.values["line"], one.column) for one in caught.problems] == [(13, "duty.lead")]


def test_an_own_catalogue_that_is_named_must_be_there(home: Path) -> None:
    (home / "continuity.toml").write_text(SETTINGS + '[duties]\ncatalogue = "gone.toml"\n')
    with refused("duty-catalog-unreadable", BadInput) as caught:
        load_catalog(settings_of(home))
    assert caught.codes == ["catalog-file-unreadable"]
    assert "gone.toml" in caught.problems[0].file
