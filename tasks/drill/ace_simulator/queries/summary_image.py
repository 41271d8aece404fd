"""What ER says of one summary: JB to JI, and its stored records (ESQ v26 p.25-54)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tasks.ace.api import LayoutField, RecordLayout, record_layout, record_layouts
from tasks.drill.ace_simulator.batches.input_records import WIDTH, build_record, code_set, input_layout
from tasks.drill.ace_simulator.releases.release_filing import wire_number
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import BondRow, EntryRow, SummaryRow
from tasks.drill.ace_simulator.summaries.fee_rates import business_days_after
from tasks.drill.ace_simulator.summaries.filed_summary import FiledSummary, sort_records
from tasks.drill.ace_simulator.summaries.header_checks import entry_date

_BORDER = code_set("01 02 07 09 23 24 25 26 30 31 33 34 36 38")
"""Districts of the land borders. Which ports CBP means is in no chapter; with land modes only."""

_LAND = code_set("12 20 21 30 31 32 33 34")
_QUOTA = code_set("02 07 12 32 38")
_LATE_AFTER = 10
"""Working days from entry to summary (19 CFR 142.12(b))."""


def summary_records(database: SimulatorState, summary: SummaryRow, *, detail: bool) -> Iterator[str]:
    draft = stored_summary(summary)
    entry = database.entry(summary.number)
    filer, digits = wire_number(summary.number)
    yield build_record(
        record_layout("EQ", "JB"),
        entry_filer_code=filer,
        entry_number=digits,
        version_number=summary.version,
        accept_date_time=summary.accepted,
        psc_indicator="Y" if summary.psc else "",
        psc_accept_date=summary.psc,
        ownership_data_returned_indicator="Y",
        liquidation_status_code=_liquidated(database, summary),
        liquidation_date=summary.liquidation,
        center_id="PNDING",
    )
    yield _states(database, summary, entry)
    yield from _amounts(database, summary, draft)
    yield from _bonds(database, draft)
    if detail:
        yield from stored_records(summary)


def stored_summary(summary: SummaryRow) -> FiledSummary | None:
    """The stored summary, or None where CBP holds no records of it."""
    texts = summary.image.split("\n") if summary.image else []
    records = [input_layout("AE", text, position) for position, text in enumerate(texts, 1)]
    present = [record for record in records if record is not None]
    return sort_records(present) if present else None


def _liquidated(database: SimulatorState, summary: SummaryRow) -> str:
    return "1" if summary.liquidation and summary.liquidation <= database.today else "2"


def _states(database: SimulatorState, summary: SummaryRow, entry: EntryRow | None) -> str:
    status, released = release_state(database, entry)
    entered = entry_date(database, summary.number)
    late = bool(entered and summary.filed and summary.filed > business_days_after(entered, _LATE_AFTER))
    paid = "2" if summary.collected and summary.due else "3" if summary.collected else "0"
    quota = summary.entry_type in _QUOTA and entry is not None and entry.quota == "accepted"
    return build_record(
        record_layout("EQ", "JC"),
        entry_summary_control_status=str(3 if summary.inactive else summary.control),
        entry_summary_status_code=str(summary.status),
        entry_summary_status_date=summary.changed,
        late_filing_status_code="1" if late else "0",
        release_status_code=status,
        release_date=released,
        collection_status_code=paid,
        collection_date=summary.collected,
        census_header_status_code="0",
        protest_status_code="NO",
        quota_status_code="1" if quota else "",
    )


def release_state(database: SimulatorState, entry: EntryRow | None) -> tuple[str, date | None]:
    """0 not released, 1 released, 2 not reported: a land border, less than five days ago (p.28)."""
    if entry is None or entry.released is None or entry.status == "cancelled":
        return "0", None
    young = database.today - entry.released < timedelta(days=5)
    if young and entry.port[:2] in _BORDER and entry.mode in _LAND:
        return "2", None
    return "1", entry.released


def _amounts(database: SimulatorState, summary: SummaryRow, draft: FiledSummary | None) -> Iterator[str]:
    yield build_record(
        record_layout("EQ", "JD"),
        cbp_review_indicator="1" if summary.review else "2",
        entry_date=entry_date(database, summary.number),
        immediate_delivery_indicator="Y" if summary.immediate else "N",
    )
    names = {"duty": "duty", "tax": "ir_tax", "fee_s": "user_fee"}
    totals = {f"estimated_{name}": _digits(draft, f"grand_total_{total}_amount") for name, total in names.items()}
    ad_cvd = sum(int(_digits(draft, f"grand_total_{kind}_duty_amount")) for kind in ("ad", "cv"))
    yield build_record(
        record_layout("EQ", "JE"), **totals, estimated_interest="0" * 13, estimated_ad_cvd=f"{ad_cvd:013d}"
    )
    yield build_record(
        record_layout("EQ", "JF"),
        importer_of_record_number=summary.importer,
        entry_type=summary.entry_type,
        reject_date=summary.rejected,
        electronic_invoice_indicator="E" if draft and _electronic(draft) else "",
        district_port_of_entry=summary.port,
        entry_summary_filing_date=summary.filed,
    )
    count = len(draft.lines) if draft else 0
    yield build_record(record_layout("EQ", "JG"), number_of_line_items=count, center_id="PNDING")
    notify = draft.record("11")["designated_notify_party_4811_number"] if draft else ""
    yield build_record(
        record_layout("EQ", "JH"),
        cbp_form_4811_reference_number=notify,
        preliminary_statement_print_date=summary.statement,
        broker_reference_number=summary.reference,
    )


def _electronic(draft: FiledSummary) -> bool:
    return draft.head["electronic_invoice_indicator"] == "Y"


def _digits(draft: FiledSummary | None, name: str) -> str:
    return f"{draft.record('90').number(name) if draft else 0:013d}"


def _bonds(database: SimulatorState, draft: FiledSummary | None) -> Iterator[str]:
    bonds = draft.all("31") if draft else []
    if not bonds:
        yield "JI 000 NO BOND ON FILE IN ACE EBOND".ljust(WIDTH)
    importer = draft.record("11")["importer_of_record_number"] if draft else ""
    for bond in bonds:
        surety, kind = bond["surety_company_code"], bond["bond_type_code"]
        filed = database.first(BondRow, "importer = ? AND surety = ?", importer, surety)
        single = bond.number("single_transaction_bond_amount") if kind == "9" else 0
        yield build_record(
            record_layout("EQ", "JI"),
            surety_code=surety,
            primary_surety_indicator="Y",
            bond_type_code=kind,
            bond_designation_type_code=bond["bond_designation_type_code"],
            multiple_bonds_indicator="Y" if len(bonds) > 1 else "N",
            bond_number=filed.number if filed and kind == "8" else "",
            single_entry_bond_amount=single * 100 if single else None,
            surety_liability_amount=single or (filed.amount if filed else None),
        )


def stored_records(summary: SummaryRow) -> Iterator[str]:
    """The stored records, each 40 after a 4A with CBP's own line number (p.53-54)."""
    line = 0
    for text in summary.image.split("\n") if summary.image else []:
        if text.startswith("40"):
            line += 1
            yield build_record(record_layout("EQ", "4A"), cbp_line_number=line)
        yield pad_numbers(text)


def pad_numbers(text: str) -> str:
    """A record with its (S)N numbers padded by blanks. A zero amount shows as `000`, as CBP prints
    it (p.54): the cents and one dollar; other zeros as `0`."""
    layout = record_layouts("AE").get((text[:2], "")) or record_layouts("AE").get((text[:4], ""))
    if layout is None:
        return text
    columns = list(text)
    for field in layout.fields:
        if field.cls == "SN" and text[field.span].strip().isdigit():
            columns[field.span] = _shown(layout, field, text[field.span]).rjust(field.length)
    return "".join(columns)


def _shown(layout: RecordLayout, field: LayoutField, text: str) -> str:
    digits = text.strip().lstrip("0")
    cents = field.name.endswith("_amount") and field.name not in _WHOLE
    return digits or ("000" if cents else "0")


_WHOLE = frozenset({"value_of_goods_amount", "charges_amount", "ad_cvd_value_of_goods_amount"})
