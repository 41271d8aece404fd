from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from tasks.entries.record.code_lists import code_meanings
from tasks.entries.record.entry_record import EntryRecord, concat
from tasks.entries.validation.rule_list import release_findings, release_problems
from tests.entries import legal, one

Break = Callable[[one.Rows], Any]


@given(legal.records())
@settings(deadline=None)
def test_legal_entries_have_no_problem(record: EntryRecord) -> None:
    assert release_problems(record, legal.PROFILE) == []


@pytest.mark.parametrize("mode", list(code_meanings("mode_of_transport")))
def test_every_mode(mode: str) -> None:
    assert one.told(one.record(one.rows(mode=mode))) == set()


@pytest.mark.parametrize("kind", [*legal.SE_TYPES, "31"])
def test_every_type(kind: str) -> None:
    made = one.rows(kind)
    if kind in ("07", "12"):
        made["entries"][0]["filing_route"] = "ae_certified"
        made["entries"][0]["entered_value"] = made["tariffs"][-1]["value"] = 2000
    assert one.told(one.record(made)) == set()


def head(**changes: object) -> Break:
    return lambda made: made["entries"][0].update(changes)


CASES: list[tuple[str, str, Break, str]] = [
    # what must be filled in
    ("01", "11", head(filing_route=None), "entries.filing_route E201"),
    ("01", "11", head(entry_type=None), "entries.entry_type E201"),
    ("01", "11", head(port_of_entry=None), "entries.port_of_entry E201"),
    ("01", "11", head(importer_number=None), "entries.importer_number E201"),
    ("01", "11", head(importer_address=None), "entries.importer_address E201"),
    ("01", "11", head(contact_phone=None), "entries.contact_phone E201"),
    ("01", "11", head(entered_value=None), "entries.entered_value E201"),
    ("01", "11", head(mode_of_transport=None), "entries.mode_of_transport E330"),
    ("01", "11", head(carrier_code=None), "entries.carrier_code E332"),
    ("01", "11", head(arrival_date=None), "entries.arrival_date E335"),
    ("01", "50", head(port_of_unlading=None), "entries.port_of_unlading E331"),
    ("01", "31", head(trip_number=None), "entries.trip_number E334"),
    ("01", "30", head(driver_name=None), "entries.driver_name E334"),
    ("01", "30", head(driver_birth_date=None), "entries.driver_birth_date E334"),
    ("01", "30", head(vehicle_plate=None), "entries.vehicle_plate E334"),
    # types and routes
    ("13", "50", head(), "entries.entry_type E301"),
    ("86", "40", head(), "entries.entry_type E301"),
    ("61", "11", head(), "entries.entry_type E301"),
    ("31", "11", head(filing_route="se_then_ae"), "entries.filing_route E302"),
    ("38", "11", head(filing_route="ae_certified"), "entries.filing_route E302"),
    ("51", "11", head(filing_route="se_then_ae"), "entries.filing_route E302"),
    ("02", "11", head(filing_route="se_then_ae"), "entries.filing_route E303"),
    ("06", "11", head(filing_route="ae_certified", zone_week=date(2026, 11, 23)),
     "entries.filing_route E304"),
    ("01", "11", head(filing_route="none", paper_outcome="exam"), "entries.filing_route E305"),
    ("01", "11", head(consolidated_summary=one.NUMBER), "entries.filing_route E306"),
    ("01", "11", head(consolidated_summary=one.NUMBER), "entries.consolidated_summary E307"),
    ("21", "11", head(consolidated_summary="DM4-0085887-2"), "entries.consolidated_summary E307"),
    # bond and value
    ("01", "11", head(bond_type="9"), "entries.surety_code E310"),
    ("01", "11", head(bond_type="9"), "entries.bond_amount E310"),
    ("01", "11", head(second_surety="036"), "entries.second_bond_amount E310"),
    ("01", "11", head(second_bond_amount=900), "entries.second_surety E310"),
    ("01", "11", head(bond_type="0", surety_code=None, second_surety="036", second_bond_amount=9),
     "entries.second_surety E312"),
    ("01", "11", head(bond_type="9", surety_code="036", bond_amount=0),
     "entries.bond_amount E310"),
    ("03", "11", head(bond_type="0"), "entries.bond_type E311"),
    ("01", "11", head(bond_type="0", surety_code="036"), "entries.surety_code E312"),
    ("01", "11", head(entered_value=0), "entries.entered_value E320"),
    ("11", "11", head(entered_value=2501), "entries.entered_value E320"),
    ("01", "11", head(entered_value=8000), "entries.entered_value E510"),
    # carrier, warehouse, zone, immediate delivery
    ("01", "11", head(carrier_code="UNKN"), "entries.carrier_code E333"),
    ("06", "11", head(location_of_goods=None), "entries.location_of_goods E340"),
    ("21", "11", head(bonded_warehouse=None), "entries.bonded_warehouse E341"),
    ("01", "11", head(bonded_warehouse="W123"), "entries.bonded_warehouse E341"),
    ("22", "11", head(warehouse_entry=None), "entries.warehouse_entry E342"),
    ("01", "11", head(warehouse_entry="DM4-0085887-2"), "entries.warehouse_entry E342"),
    ("06", "11", head(zone_id=None), "entries.zone_id E343"),
    ("01", "11", head(zone_id="FTZ02610"), "entries.zone_id E343"),
    ("01", "11", head(zone_week=date(2026, 11, 23)), "entries.zone_week E343"),
    ("06", "11", head(zone_week=date(2026, 12, 24)), "entries.zone_week E343"),
    ("21", "11", head(immediate_delivery=True), "entries.immediate_delivery E344"),
    ("01", "11", head(immediate_delivery=True, bond_type="0"),
     "entries.immediate_delivery E344"),
    ("01", "11", head(immediate_delivery=True, filing_route="ae_certified"),
     "entries.filing_route E344"),
    # what the port did, dates
    ("01", "11", head(paper_outcome="released"), "entries.release_date E350"),
    ("01", "11", head(paper_outcome="exam", release_date=date(2026, 11, 20)),
     "entries.release_date E350"),
    ("01", "11", head(release_date=date(2026, 11, 20)), "entries.release_date E350"),
    ("01", "11", head(release_time="14:05"), "entries.release_time E350"),
    ("01", "11", head(paper_outcome="cleared otherwise"), "entries.cleared_under E350"),
    ("02", "11", head(paper_outcome="released", release_date=date(2026, 11, 20)),
     "entries.paper_outcome E351"),
    ("38", "11", head(filing_route="ae_only", paper_outcome="provisional",
                      release_date=date(2026, 11, 20)), "entries.paper_outcome E351"),
    ("01", "11", head(arrival_date=date(2026, 11, 25)), "entries.arrival_date E352"),
    ("01", "11", head(import_date=date(2027, 1, 1)), "entries.import_date E352"),
    ("01", "11", head(paper_outcome="released", release_date=date(2026, 11, 14)),
     "entries.release_date E353"),
    ("01", "11", head(export_date=date(2026, 11, 21)), "entries.export_date E354"),
    ("01", "11", head(export_date=date(1969, 1, 1)), "entries.export_date E210"),
    ("22", "11", head(warehouse_entry="DM4-008588-72"), "entries.warehouse_entry E101"),
    ("01", "11", head(consolidated_summary="ABC-1234567-7"), "entries.consolidated_summary E101"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "mode", "broken", "code"), CASES, ids=one.label)
def test_a_broken_entry_is_told(kind: str, mode: str, broken: Break, code: str) -> None:
    made = one.rows(kind, mode)
    before = one.told(one.record(made))
    broken(made)
    after = one.told(one.record(made))
    assert code in after
    assert kind in ("13", "86", "61", "38", "51") or not before


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("01", head(arrival_date=None, estimated_arrival=date(2026, 12, 1))),
        ("06", head(mode_of_transport=None, arrival_date=None, carrier_code=None)),
        ("31", head(mode_of_transport=None, arrival_date=None, carrier_code=None)),
        ("01", head(paper_outcome="released", release_date=date(2026, 11, 15))),
        ("01", head(bond_type="9", surety_code="036", bond_amount=1)),
        ("11", head(bond_type="0")),
        ("01", head(filing_route="none", paper_outcome="refused")),
        ("01", head(consolidated_summary="ABC-1234568-4")),
        ("22", head(warehouse_entry="DM4-0085887-5")),  # another filer's factor is not known
        ("01", head(immediate_delivery=True)),
    ],
)
def test_what_is_let_through(kind: str, broken: Break) -> None:
    made = one.rows(kind)
    broken(made)
    assert one.told(one.record(made)) == set()


def test_settings_open_what_is_closed_by_default() -> None:
    low = one.rows("86", "40")
    assert one.told(one.record(low)) == {"entries.entry_type E301"}
    assert one.told(one.record(low), replace(legal.PROFILE, accept_type_86=True)) == set()
    low["entries"][0]["entered_value"] = low["tariffs"][0]["value"] = 801
    assert one.told(one.record(low), replace(legal.PROFILE, accept_type_86=True)) == {"entries.entered_value E320"}
    quota = one.rows("02")
    quota["entries"][0]["filing_route"] = "se_then_ae"
    assert one.told(one.record(quota), replace(legal.PROFILE, quota_one_step=False)) == set()
    port = one.rows()
    port["entries"][0]["port_of_entry"] = "9999"
    assert one.told(one.record(port)) == {"entries.port_of_entry E206"}
    assert one.told(one.record(port), replace(legal.PROFILE, further_ports=["9999"])) == set()


def test_type_13_is_refused_whatever_is_set() -> None:
    profile = replace(legal.PROFILE, accept_type_86=True, quota_one_step=False)
    problems = release_problems(one.record(one.rows("13", "50")), profile)
    assert any("neither SE nor AE takes it" in problem.wrong for problem in problems)


def test_quota_with_cbp_consent_may_be_released_on_paper() -> None:
    made = one.rows("02")
    head(paper_outcome="released", release_date=date(2026, 11, 20))(made)
    consent = {"entry_number": one.NUMBER, "document_type": "CBP consent", "file_name": "c.pdf"}
    made["documents"] = [consent]
    assert one.told(one.record(made)) == set()
    made["documents"][0]["document_type"] = "Permit"
    problem = release_problems(one.record(made), legal.PROFILE)[0]
    assert "written consent" in problem.wrong and "CBP consent" in problem.right


def test_a_mistyped_type_is_told_once() -> None:
    for kind in ("06", "21", "22", "01"):
        made = one.rows(kind)
        made["entries"][0]["entry_type"] = "99"
        assert one.told(one.record(made)) == {"entries.entry_type E206"}


def test_faults_of_one_entry_leave_the_others_alone() -> None:
    many = legal.record(legal.Random(7), legal.numbers(6, first=5000))
    broken = one.rows()
    broken["entries"][0]["entered_value"] = None
    both = concat([many, one.record(broken)])
    assert release_findings(both, legal.PROFILE).faulty == {one.NUMBER}


def test_without_a_place_the_entry_number_stands_for_it() -> None:
    made = one.rows()
    made["bills"][0]["issuer"] = None
    problem = release_problems(one.record(made), legal.PROFILE)[0]
    assert (problem.file, problem.sheet, problem.row) == (f"entry {one.NUMBER}", "Bills", 0)


def test_nothing_private_is_shown() -> None:
    made = one.rows(mode="30")
    head(importer_type="EI", importer_number="123-45-6789", driver_birth_date="29.2.1980")(made)
    made["parties"][3] |= {"number_type": "ANI", "number": "987654321"}
    shown = repr(release_problems(one.record(made), legal.PROFILE))
    for secret in ("123-45-6789", "123456789", "987654321", "12-3456789", "29.2.1980"):
        assert secret not in shown
    assert "***-**-****" in shown and "(private)" in shown
