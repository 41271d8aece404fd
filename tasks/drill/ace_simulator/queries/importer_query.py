"""Importer and bond query: KI in, KR out (KI v7 p.7-21)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.ace.api import record_layout
from tasks.drill.ace_simulator.batches.input_records import InputRecord, build_record
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import BondRow, ImporterRow

_RESULTS = {"void": "3", "inactive": "4"}
_NAME, _OVERFLOW = 30, 70
_LARGEST = 999_999_999


def answer(database: SimulatorState, records: Sequence[InputRecord]) -> list[str]:
    """The KR records of one query block, importer by importer as asked."""
    return [line for record in records for line in _record(database, record)]


def _record(database: SimulatorState, record: InputRecord) -> Iterator[str]:
    for position in range(1, 7):
        number = record[f"importer_number_{position}"]
        if not number:
            continue
        with_address = record[f"address_request_code_{position}"] == "1"
        for importer_number, importer in _found(database, number):
            yield from _importer(database, importer_number, importer, address=with_address)


def _found(database: SimulatorState, number: str) -> list[tuple[str, ImporterRow | None]]:
    """`**` in the place of a suffix asks for all suffixes (p.10); blanks count as `00`."""
    if number.endswith("**"):
        rows = database.find(ImporterRow, "substr(number, 1, 10) = ? ORDER BY number", number[:10])
        return [(match.number, match) for match in rows] or [(number, None)]
    importer = database.first(ImporterRow, "number = ?", number)
    if importer is None and len(number) == 10:
        importer = database.first(ImporterRow, "number = ?", f"{number}00")
    if importer is None and not database.has_importers:
        importer = ImporterRow(number)
    return [(number, importer)]


def _importer(database: SimulatorState, number: str, importer: ImporterRow | None, *, address: bool) -> Iterator[str]:
    if importer is None or importer.status in _RESULTS:
        result = _RESULTS[importer.status] if importer else "0"
        yield build_record(record_layout("KI", "K1"), importer_number=number, query_results_code=result)
        return
    bonds = [
        filed
        for filed in database.find(BondRow, "importer = ? ORDER BY number", importer.number)
        if filed.terminated is None or filed.terminated > database.today
    ]
    if not bonds and not database.has_importers:
        bonds = [BondRow("000000000", number, "999")]
    for bond in bonds or [None]:
        yield from _bond(number, importer, bond)
    if address:
        yield from _addresses(importer)
    yield from _legal_name(importer)


def _bond(number: str, importer: ImporterRow, bond: BondRow | None) -> Iterator[str]:
    small = bond is not None and bond.amount <= _LARGEST
    yield build_record(
        record_layout("KI", "K1"),
        importer_number=number,
        query_results_code="1" if bond else "2",
        importers_name=importer.name,
        surety_code=bond.surety if bond else "",
        bond_type_activity_code=bond.activity if bond else "",
        bond_amount=bond.amount if bond and small else None,
        district_port_where_bond_was_filed=bond.port if bond else "",
        bond_effective_date=bond.effective if bond else None,
        bond_number=bond.number if bond else "",
        bond_amount_record_location_indicator=("1" if small else "2") if bond else "",
    )
    yield build_record(
        record_layout("KI", "K2"),
        bond_termination_date=bond.terminated if bond else None,
        periodic_monthly_statement_status="Y" if importer.monthly else "N",
        bond_sufficiency_indicator=("Y" if bond.sufficient else "N") if bond else "",
        bond_user_status_indicator="A" if bond else "",
        bond_amount=bond.amount if bond and not small else None,
    )


def _addresses(importer: ImporterRow) -> Iterator[str]:
    """Mailing address, then the physical one; the simulator knows one for both."""
    city_fields = {"city": importer.city, "state_code": importer.state, "postal_code": importer.postal_code}
    for lines, city in (("K3", "K4"), ("K5", "K6")):
        yield build_record(record_layout("KI", lines), address_line_one=importer.address)
        yield build_record(record_layout("KI", city), **city_fields)


def _legal_name(importer: ImporterRow) -> Iterator[str]:
    name = importer.name
    yield build_record(
        record_layout("KI", "K7"),
        full_legal_importer_name=name[:_NAME],
        center_identifier="PNDING",
        center_id_description="PENDING CENTER ASSIGNMENT",
    )
    if len(name) > _NAME:
        yield build_record(
            record_layout("KI", "K8"),
            additional_information_qualifier_code="IN1",
            additional_information=name[_NAME : _NAME + _OVERFLOW],
        )
