"""AE records of lines: 40 to 43, 47, and 50 with its PGA records (AE 2026-07 p.65-93)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.cargo.lines import tariff_place
from tasks.ace.summary.exempt import tariff_lines
from tasks.ace.summary.header import hidden
from tasks.ace.summary.line_extras import extras, of_lines
from tasks.ace.summary.pga import agencies
from tasks.ace.summary.slice import SummarySlice, flag
from tasks.ace.wire.slices import LINES, Part, keys
from tasks.ace.wire.vectors import Keys, chosen

_STATUS, _RULING, _PARTY = 1, 2, 4
_PARTIES = (
    ("M", "manufacturer_id"),
    ("C", "delivered_to"),
    ("S", "sold_to"),
    ("E", "foreign_exporter"),
)
_PRIVATE_PARTIES = ("delivered_to", "sold_to")


def lines(part: SummarySlice) -> list[Part]:
    """All records of the lines but the cargo parties."""
    rank, line = part.ranks["lines"], part.integers("line", "lines")
    return [
        _heads(part, rank, line),
        *of_lines(part, "41", _zone(part), part.given("zone_status", "lines"), _STATUS),
        *of_lines(part, "43", _ruling(part), part.given("ruling_type", "lines"), _RULING),
        *_article_parties(part),
        *_tariffs(part),
        *extras(part),
    ]


def _heads(part: SummarySlice, rank: Keys, line: Keys) -> Part:
    exported = part.of_entry(part.day("export_date"), "lines")
    port = part.of_entry(part.plain("foreign_port"), "lines")
    related = part.yes("related_party", "lines")
    answer = pa.DictionaryArray.from_arrays(
        pa.array(related.astype(np.int32), mask=~part.given("related_party", "lines")),
        pa.array(["N", "Y"]),
    )
    columns = {
        "line": pc.ascii_lpad(pc.cast(pa.array(line), pa.string()), 3, "0"),
        "article_set_indicator": part.column("article_set", "lines"),
        "country_of_origin_code": part.column("country_of_origin", "lines"),
        "country_of_export_code": part.column("country_of_export", "lines"),
        "date_of_exportation": pc.coalesce(part.day("export_date", "lines"), exported),
        "date_of_exportation_for_textiles": part.day("textile_export_date", "lines"),
        "trade_agreement_special_program_claim_code": part.column("program_indicator", "lines"),
        "charges_amount": pa.array(part.whole("charges", "lines")),
        "foreign_port_of_lading_code": pc.coalesce(part.plain("foreign_port", "lines"), port),
        "gross_shipping_weight": pa.array(part.whole("gross_weight", "lines")),
        "category_code_for_textiles": part.column("textile_category", "lines"),
        "product_claim_code": part.column("product_claim", "lines"),
        "related_party_indicator": answer,
        "fee_exemption_code": part.column("fee_exemption", "lines"),
        "non_reimbursement_statement": flag(part.yes("nonreimbursement", "lines")),
    }
    return Part(keys(rank, LINES, line), part.records("40", columns, rank))


def _zone(part: SummarySlice) -> dict[str, pa.Array]:
    return {
        "ftz_merchandise_status_code": part.column("zone_status", "lines"),
        "privileged_date": part.day("privileged_date", "lines"),
        "zone_quantity": part.number("zone_quantity", "lines"),
    }


def _ruling(part: SummarySlice) -> dict[str, pa.Array]:
    return {
        "ruling_type_code": part.column("ruling_type", "lines"),
        "ruling_number": part.column("ruling_number", "lines"),
    }


def _article_parties(part: SummarySlice) -> list[Part]:
    """47: manufacturer, delivered-to, sold-to, foreign exporter (p.78-79)."""
    made: list[Part] = []
    line = part.integers("line", "lines")
    for place, (kind, name) in enumerate(_PARTIES):
        given = part.given(name, "lines")
        if not given.any():
            continue
        rank = part.ranks["lines"][given]
        number, private = chosen(part.column(name, "lines"), given), []
        if name in _PRIVATE_PARTIES:
            plain = number.dictionary_decode() if pa.types.is_dictionary(number.type) else number
            number, private = hidden(part, plain, "47", "article_party_identifier", rank)
        columns = {
            "article_party_type_code": flag(np.ones(len(rank), dtype=bool), kind),
            "article_party_identifier": number,
        }
        at = keys(rank, LINES, line[given], _PARTY + place)
        made.append(Part(at, part.records("47", columns, rank), tuple(private)))
    return made


def _tariffs(part: SummarySlice) -> list[Part]:
    """50, SE60, SE61 and the PGA records of each tariff number, chapter 98 and 99 first (852)."""
    rank, line = part.ranks["tariffs"], part.integers("line", "tariffs")
    if not len(rank):
        return []
    position = part.integers("position", "tariffs")
    at = keys(rank, LINES, line, tariff_place(part.plain("hts_number", "tariffs"), position))
    columns = {
        "hts_number": part.column("hts_number", "tariffs"),
        "duty_amount": pa.array(_duty(part)),
        "value_of_goods_amount": pa.array(part.whole("value", "tariffs")),
        "quantity_1": part.number("quantity", "tariffs"),
        "unit_of_measure_code_1": part.column("unit", "tariffs"),
        "quantity_2": part.number("second_quantity", "tariffs"),
        "unit_of_measure_code_2": part.column("second_unit", "tariffs"),
        "quantity_3": part.number("third_quantity", "tariffs"),
        "unit_of_measure_code_3": part.column("third_unit", "tariffs"),
    }
    made = [Part(at, part.records("50", columns, rank))]
    clear = part.yes("sanction_disclaim", "tariffs")
    current = part.given("current_hts_number", "tariffs")
    for record, given, name, values in (
        ("SE60", clear, "sanction_disclaim_indicator", flag(clear)),
        ("SE61", current, "current_hts_number", part.column("current_hts_number", "tariffs")),
    ):
        if given.any():
            place = at[given] + (1 if record == "SE60" else 2)
            held = {name: chosen(values, given)}
            made.append(Part(place, part.records(record, held, rank[given])))
    return [*made, *agencies(part, at)]


def _duty(part: SummarySlice) -> Keys:
    """Cents of duty. A number without any is noted: nothing is taken to be free by default. A set
    component owes none (p.160), nor do domestic goods out of a zone."""
    owed = part.whole("duty", "tariffs")
    row = tariff_lines(part)
    free = part.is_any("article_set", ("V",), "lines") | part.is_any("zone_status", ("D",), "lines")
    excused = np.where(row >= 0, np.append(free, False)[row], False)
    for at in np.flatnonzero(~part.given("duty", "tariffs") & ~excused):
        line = int(part.integers("line", "tariffs")[at])
        part.note(
            int(part.ranks["tariffs"][at]),
            f"line {line} duty",
            "line-duty-missing",
        )
    return owed
