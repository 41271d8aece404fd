from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tasks.incident import contacts
from tasks.shared import clock
from tasks.shared.board import AMBER, GREEN, RED
from tasks.shared.errors import BadInput
from tasks.workspace import Workspace
from tests.incident.world import CONTACTS, with_contacts

TODAY = date(2026, 11, 24)


def test_what_ships_is_shown_with_its_mark(office: Workspace) -> None:
    found = contacts.load(office)
    assert found["cbp-soc"].mark == "S" and found["cbp-soc"].mail == "cbpsoc@cbp.dhs.gov"
    assert found["cbp-soc"].light(TODAY, 100) == (AMBER, "never verified")
    assert found["cbp-hq"].light(TODAY, 100)[0] == RED, "no address is known: it must be filled in"


def test_the_brokers_own_go_over_what_ships(office: Workspace) -> None:
    found = contacts.load(with_contacts(office))
    assert found["cbp-hq"].mail == "hq@cbp.example" and not found["cbp-hq"].mark
    assert found["laredo"].ports == ("2304",) and "cbp-soc" in found


def test_a_try_counts_for_a_time_and_for_that_address(office: Workspace) -> None:
    with_contacts(office)
    with clock.held(datetime(2026, 11, 24, 17, tzinfo=UTC)):
        one = contacts.check(office, "laredo", "ada", works=True, how="rang, officer Diaz")
        assert one.light(TODAY, 100) == (GREEN, "verified 2026-11-24")
        assert one.light(date(2027, 3, 5), 100)[0] == AMBER
        dead = contacts.check(office, "vendor", "ada", works=False, how="no such number")
        assert dead.light(TODAY, 100) == (RED, "DEAD when tried on 2026-11-24")
        with_contacts(office, CONTACTS.replace("956-555-0102", "956-555-0199"))
        assert contacts.load(office)["laredo"].tried is None
        for name, said in (
            ("nobody", "No contact has the id"),
            ("cbp-client-rep", "neither number"),
        ):
            with pytest.raises(BadInput, match=said):
                contacts.check(office, name, "ada", works=True, how="")
        with pytest.raises(BadInput, match="still to come"):
            contacts.check(office, "laredo", "ada", works=True, how="", on=date(2026, 11, 25))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Bad Id,port,x,,,,,,,", "row 2, column id: is no id"),
        ("a,boss,x,,,,,,,", "column role: is no role 'boss'; one of soc"),
        ("a,port,,,,,,,,", "column name: is missing"),
        ("a,port,x,,,not an address,,,,", "column mail: is no address"),
        ("a,port,x,,call me,,,,,", "column phone: is no number"),
        ("a,port,x,,,,,9998,,", "column ports: is no port '9998'"),
        ("a,port,x,,,,,,,\na,port,y,,,,,,,", "row 3, column id: stands in row 2 already"),
    ],
)
def test_faults_are_named_by_row(office: Workspace, row: str, said: str) -> None:
    with_contacts(office, CONTACTS.splitlines()[0] + "\n" + row + "\n")
    with pytest.raises(BadInput) as refused:
        contacts.load(office)
    assert said in str(refused.value)


def test_missing_headings_are_named(office: Workspace) -> None:
    with_contacts(office, "id,name\na,b\n")
    with pytest.raises(BadInput, match="row 1, column role: is no heading"):
        contacts.load(office)
