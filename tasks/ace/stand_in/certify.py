"""The cargo release that a certified summary asks for (AE 2026-07 p.35, 41, 180)."""

from __future__ import annotations

from tasks.ace.stand_in.answers import Address
from tasks.ace.stand_in.book import Book
from tasks.ace.stand_in.certify_rules import remarks
from tasks.ace.stand_in.draft import Draft
from tasks.ace.stand_in.filing import FiledLine, Filing, add_bills
from tasks.ace.stand_in.release import act
from tasks.ace.stand_in.release_answer import REJECTED, Outcome, certified_answer
from tasks.ace.stand_in.rows import Notice
from tasks.ace.stand_in.status import address_text


def certify(book: Book, origin: Address, draft: Draft) -> None:
    """The cargo part of a certified summary. Its answer comes apart from the AX (ESF p.35)."""
    filing = _filing(draft)
    entry = book.entry(draft.number)
    # A and R both create a release that is not on file; only R with SE13 replaces one (ESF p.41).
    replaces = entry is not None and draft.action == "R" and draft.has("SE13")
    filing.action = "R" if replaces and draft.kind != "06" else "A"
    found = remarks(draft, filing)
    if found:
        done = Outcome(REJECTED)
        book.tell(filing.number, "entry rejected", " ".join(found))
    else:
        done = act(book, origin, filing, "certified")
        found = [done.code] if done.code else []
    number = draft.record("11")["importer_of_record_number"]
    kind = "34" if number[3:4] == "-" else "EI" if number[2:3] == "-" else "ANI"
    book.put(
        Notice(
            "SX",
            draft.number,
            at=book.tick(),
            body="\n".join(certified_answer(filing, kind, found, done)),
            address=address_text(origin),
        )
    )


def _filing(draft: Draft) -> Filing:
    cargo = draft.record("20")
    filing = Filing(
        draft.number,
        entry_type=draft.kind,
        importer=draft.record("11")["importer_of_record_number"],
        mode=draft.mode,
        value=sum(line.value for line in draft.lines),
        port=draft.port,
        location=cargo["location_of_goods_code"],
        conveyance=cargo["conveyance_name"],
        voyage=draft.record("21")["trip_identifier"],
        contact=draft.has("SE13"),
        references=[(one["qualifier"], one["reference"]) for one in draft.all("SE20")],
        lines=[
            FiledLine(
                f"{line.place:03d}",
                line.head["country_of_origin_code"],
                [tariff.hts for tariff in line.tariffs],
            )
            for line in draft.lines
        ],
    )
    add_bills(filing, draft.header)
    _bill_facts(draft, filing)
    return filing


def _bill_facts(draft: Draft, filing: Filing) -> None:
    """Quantities stand on the 22 records; a bill alone is a simple one; NAM holds for all."""
    quantities = [one.number("manifested_quantity") for one in draft.all("22")]
    outside = filing.reference("NAM") == "Y"
    levels = [bill.group for bill in filing.bills if bill.kind in "HS"]
    for bill in filing.bills:
        bill.non_ams = outside
        if bill.kind == "M" and bill.group not in levels:
            bill.kind = "R"
    for bill, quantity in zip(filing.lowest, quantities, strict=False):
        bill.quantity = 0 if bill.conveyances else quantity
