"""The catalogue that ships, and catalogues that are refused with the line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tasks.duties.catalogue import load, shipped
from tasks.duties.duty import Period
from tasks.shared.board import RECOMMENDATIONS
from tasks.shared.errors import BadInput
from tasks.shared.settings import load as settings_of
from tests.conftest import SETTINGS

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
    return load(settings_of(home))


def test_what_ships_covers_the_recommendations_and_the_issue() -> None:
    duties = shipped().duties
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
    assert (isa.every, isa.submit, isa.rungs[:3]) == (Period(months=36), 180, (240, 210, 180))
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
    assert catalogue.duties["contacts"].every == Period(months=1)
    assert catalogue.without == {"ctpat-review": "not a member"}
    assert "ctpat-review" not in catalogue.duties


FAULTS = [
    ('lead = 14', 'lead = 14\ncolour = "red"', "line 10, column duty.colour: is unknown"),
    ('every = "6 months"', 'every = "-6 months"', "line 8, column duty.every: is no cadence"),
    ('every = "6 months"', 'every = "0 months"', "every is nothing"),
    ('lead = 14', "lead = -1", "line 9, column duty.lead"),
    ('lead = 14', 'lead = "14"', "line 9, column duty.lead"),
    ('lead = 14', "lead = 200", "not shorter than its cadence of 6 months"),
    ('id = "fire-drill"', 'id = "isa"', "line 3: stands twice 'isa'; another id, or replaces = true"),
    ('lead = 14', "lead = 14\ndue = 2027-02-30", "line 10: Invalid date"),
    ('lead = 14', 'lead = 14\ndue = "soon"', "line 10, column duty.due"),
    ('mark = "G"', 'mark = "X"', "line 7, column duty.mark"),
    ('owner = "it"\n', "", "line 2, column duty.owner: Field required"),
    ('name = "place"', 'name = "place"\nwhy = 1', "line 15, column duty.facts.why: is unknown"),
    ("[[duty]]", "[[duties]]", "line 2, column duties: is unknown"),
    ('lead = 14', 'lead = 14\nlead = 15', "line 10: Cannot overwrite a value"),
    ('lead = 14', 'lead = = 14', "line 9: Invalid value"),
    ('id = "fire-drill"', 'id = "fire-drill"\nreplaces = true', "line 3: replaces no duty"),
]  # fmt: skip


@pytest.mark.parametrize(("was", "becomes", "said"), FAULTS)
def test_a_wrong_catalogue_is_refused_with_the_line(
    home: Path, was: str, becomes: str, said: str
) -> None:
    with pytest.raises(BadInput) as refused:
        own(home, GOOD.replace(was, becomes, 1))
    assert "duties.toml" in str(refused.value)
    assert said in str(refused.value)


def test_all_faults_are_told_at_once(home: Path) -> None:
    twice = GOOD + GOOD.replace("lead = 14", "lead = -3").replace('"G"', '"Q"')
    with pytest.raises(BadInput) as refused:
        own(home, twice)
    lines = [str(one).partition(": ")[0].rpartition("line ")[2] for one in refused.value.problems]
    assert [line.partition(",")[0] for line in lines] == ["18", "22", "24"]


def test_a_table_in_a_text_is_no_table(home: Path) -> None:
    text = 'title = """\n[[duty]]\nid = "isa"\n"""\n' + GOOD.replace("lead = 14", "lead = -1")
    with pytest.raises(BadInput, match=r"line 13, column duty\.lead"):
        own(home, text)


def test_an_own_catalogue_that_is_named_must_be_there(home: Path) -> None:
    (home / "continuity.toml").write_text(SETTINGS + '[duties]\ncatalogue = "gone.toml"\n')
    with pytest.raises(BadInput, match=r"gone\.toml"):
        load(settings_of(home))
