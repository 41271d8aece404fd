from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tasks.core import clock
from tasks.core.errors import BadInput
from tasks.core.status_lines import AMBER, GREEN, RED
from tasks.incident.notices import contact_list
from tasks.incident.notices.contact_list import load_contacts
from tasks.workspace import Workspace
from tests.errors import refused
from tests.incident.world import CONTACTS, with_contacts

TODAY = date(2026, 11, 24)


def test_what_ships_is_shown_with_its_mark(office: Workspace) -> None:
    found = load_contacts(office)
    assert found["cbp-soc"].mark == "S" and found["cbp-soc"].mail == "cbpsoc@cbp.dhs.gov"
    light, reason = found["cbp-soc"].light(TODAY, 100)
    assert (light, reason.code, reason.subject) == (AMBER, "contact-never-tried", "cbp-soc")
    assert found["cbp-hq"].light(TODAY, 100)[0] == RED, "no address is known: it must be filled in"


def test_the_brokers_own_go_over_what_ships(office: Workspace) -> None:
    found = load_contacts(with_contacts(office))
    assert found["cbp-hq"].mail == "hq@cbp.example" and not found["cbp-hq"].mark
    assert found["laredo"].ports == ("2304",) and "cbp-soc" in found


def test_a_try_counts_for_a_time_and_for_that_address(office: Workspace) -> None:
    with_contacts(office)
    with clock.held(datetime(2026, 11, 24, 17, tzinfo=UTC)):
        one = contact_list.check(office, "laredo", "ada", works=True, how="rang, officer Diaz")
        light, reason = one.light(TODAY, 100)
        assert (light, reason.code) == (GREEN, "contact-verified")
        assert reason.values == {"tried": "2026-11-24"}
        assert one.light(date(2027, 3, 5), 100)[0] == AMBER
        dead = contact_list.check(office, "vendor", "ada", works=False, how="no such number")
        light, reason = dead.light(TODAY, 100)
        assert (light, reason.code) == (RED, "contact-dead-when-tried")
        with_contacts(office, CONTACTS.replace("956-555-0102", "956-555-0199"))
        assert load_contacts(office)["laredo"].tried is None
        for name, code in (("nobody", "contact-id-unknown"), ("cbp-client-rep", "contact-details-missing")):
            with refused(code, BadInput):
                contact_list.check(office, name, "ada", works=True, how="")
        with refused("date-not-reached", BadInput):
            contact_list.check(office, "laredo", "ada", works=True, how="", on=date(2026, 11, 25))


@pytest.mark.parametrize(
    ("rows", "row", "column", "value", "code"),
    [
        ("Bad Id,port,x,,,,,,,", 2, "id", "Bad Id", "contact-id-malformed"),
        ("a,boss,x,,,,,,,", 2, "role", "boss", "contact-role-unknown"),
        ("a,port,,,,,,,,", 2, "name", "", "contact-name-missing"),
        ("a,port,x,,,not an address,,,,", 2, "mail", "not an address", "contact-mail-malformed"),
        ("a,port,x,,call me,,,,,", 2, "phone", "call me", "contact-phone-malformed"),
        ("a,port,x,,,,,9998,,", 2, "ports", "9998", "port-code-malformed"),
        ("a,port,x,,,,,,,\na,port,y,,,,,,,", 3, "id", "a", "contact-id-duplicated"),
    ],
)
def test_faults_are_named_by_row(office: Workspace, rows: str, row: int, column: str, value: str, code: str) -> None:
    with_contacts(office, CONTACTS.splitlines()[0] + "\n" + rows + "\n")
    with refused("contacts-invalid", BadInput) as caught:
        load_contacts(office)
    (problem,) = caught.problems
    assert (problem.file, problem.row, problem.column, problem.value, problem.code) == (
        "contacts.csv", row, column, value, code,
    )  # fmt: skip


def test_missing_headings_are_named(office: Workspace) -> None:
    with_contacts(office, "id,name\na,b\n")
    with refused("csv-headings-missing", BadInput) as caught:
        load_contacts(office)
    assert set(caught.codes) == {"csv-heading-missing"}
    assert {problem.row for problem in caught.problems} == {1}
    assert "role" in {problem.column for problem in caught.problems}
