"""An entry's status as SO records, or as the WO records of C1 that mimic them (CQ v21 p.46-64)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from tasks.ace.layout import layout
from tasks.ace.stand_in.book import Book
from tasks.ace.stand_in.filing import FiledBill, Filing
from tasks.ace.stand_in.records import build
from tasks.ace.stand_in.rows import Bill, Entry, Notice
from tasks.ace.stand_in.status import bill_key, entered, entry_key, manifested


def status_records(
    book: Book,
    entry: Entry,
    notices: Sequence[Notice],
    own: Sequence[Notice],
    application: str,
    prefix: str,
) -> Iterator[str]:
    """An entry's status as SO records, or as the WO records that mimic them (p.46-64).

    `notices`: of the bills, all of them; `own`: those of the entry level to tell.
    """
    variant = "output" if application == "CQ" else ""
    filing = Filing.read(entry.filing)

    def record(kind: str, **values: str | int | date | None) -> str:
        return build(layout(application, f"{prefix}{kind}", variant), **values)

    yield _header(book, entry, filing, application, prefix)
    for qualifier, value in [*filing.references, *_reasons(own)]:
        if qualifier in ("CR", "RRN", "RSN", "CMT"):
            yield record("20", qualifier=qualifier, reference=value)
    for line in filing.lines:
        for hts in line.tariffs:
            yield record("30", line=line.line, country_of_origin=line.origin, hts_number=hts)
    for bill in filing.bills:
        if bill.kind == "I":
            continue
        yield _bill_line(book, filing, bill, application, prefix)
        for one in notices:
            if one.bill == bill_key(bill):
                yield _bill_state(book, one, bill, application, prefix)
    for one in own:
        yield record(
            "60",
            disposition_action_date=one.at and one.at.date(),
            disposition_action_time=one.at,
            disposition_action_code=one.code,
            narrative_message=one.text,
            release_date=one.released,
            release_origin_code=one.origin,
            document_type=one.document,
        )


def _reasons(own: Sequence[Notice]) -> list[tuple[str, str]]:
    """Why a request was refused (p.48-49)."""
    return [("RSN" if one.extra.isdigit() else "CMT", one.extra) for one in own if one.extra]


def _header(book: Book, entry: Entry, filing: Filing, application: str, prefix: str) -> str:
    known = [manifested(book, bill) for bill in filing.lowest]
    bill = next((one for one in known if one), None) or Bill("", "")
    parts = [part for one in filing.bills for part in one.conveyances]
    part = parts[0] if parts else None
    arrival = bill.arrived or (date.fromisoformat(part.arrived) if part and part.arrived else None)
    variant = "output" if application == "CQ" else ""
    voyage = "voyage" if application == "CQ" else "voyage_flight_trip"
    values: dict[str, str | date | None] = {
        **entry_key(entry.number),
        "district_port_of_entry": entry.port,
        "entry_type_code": entry.entry_type,
        "importer_of_record_number": entry.importer,
        "carrier_code": bill.carrier or (part.carrier if part else ""),
        "vessel_name": filing.conveyance or bill.conveyance,
        voyage: filing.voyage or bill.voyage or (part.voyage if part else ""),
        "estimated_date_of_arrival": arrival,
        "split_release": filing.split,
    }
    return build(layout(application, f"{prefix}10", variant), **values)


def _bill_line(book: Book, filing: Filing, bill: FiledBill, application: str, prefix: str) -> str:
    variant = "output" if application == "CQ" else ""
    known = manifested(book, bill)
    return build(
        layout(application, f"{prefix}40", variant),
        bill_type=bill.kind,
        issuer_code=bill.issuer,
        bill_number=bill.number,
        quantity=entered(filing, bill) or (known.quantity if known else None),
        unit_of_measure=known.unit if known else "",
        manifested_quantity=f"{known.quantity:08d}" if known else "",
    )


def _bill_state(book: Book, one: Notice, bill: FiledBill, application: str, prefix: str) -> str:
    variant = "output" if application == "CQ" else ""
    return build(
        layout(application, f"{prefix}50", variant),
        disposition_date=one.at and one.at.date(),
        disposition_time=one.at,
        disposition_code=one.code,
        narrative_message=one.text,
        split_indicator="N",
    )
