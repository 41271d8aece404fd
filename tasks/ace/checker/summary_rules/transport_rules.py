"""Entry summary rules of transport: 20, 21, 22 and 23 by mode (AE 2026-07 p.39-45, 140-155)."""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.record_deck import Index, RecordColumns, pack_bytes
from tasks.ace.checker.release_rules.release_facts import in_bond_form, is_alphanumeric, text_lengths
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, days_from_text, is_later, rule
from tasks.ace.fees.fee_rates import NO_DAY
from tasks.ace.wire.data_classes import Flags, digit_bytes
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import header_conditions

_TYPES = ("I", "M", "H", "S")
_IN_BOND, _MASTER, _HOUSE, _SUB = 1, 2, 3, 4
_TYPE, _ISSUER = "manifest_component_type_code", "manifest_component_issuer_code"
_IDENTIFIER = "manifest_component_identifier"
_TWO_YEARS = 731
_RAIL = ("20", "21")
_NINE = 9


@rule("176", "178", "179", "167", "C114", "180", "181", "C133", "C157")
def carrier(summary: SummaryFacts) -> None:
    """Carrier, port of unlading, vessel and conveyance by mode."""
    rows = summary.rows("20")
    entry = summary.entry(rows)
    ocean, air = (summary.is_mode(*code_list(name)) for name in ("ocean_mode", "air_mode"))
    required = summary.full & ~summary.correction & (ocean | air)
    for code, name, needed in (
        ("176", "carrier_code", required),
        ("167", "district_port_of_unlading", required),
        ("181", "conveyance_name", summary.full & ~summary.correction & ocean),
    ):
        _missing(summary, code, name, needed)
    length = text_lengths(rows.raw("carrier_code"))
    filled = rows.given("carrier_code")
    starred = rows.raw("carrier_code")[:, 0] == ord("*")
    carrier_form = is_alphanumeric(rows.raw("carrier_code")) & np.isin(length, (2, 3, 4))
    summary.fault("178", rows, filled & ~air[entry] & ~carrier_form & ~starred, "carrier_code")
    iata = carrier_form & np.isin(length, (2, 3)) | starred
    summary.fault("179", rows, filled & air[entry] & ~iata, "carrier_code")
    summary.report("C157", header_conditions.carrier_unknown, summary.bind(rows))
    stray = rows.given("vessel_code") & ~ocean[entry]
    summary.fault("180", rows, stray, "vessel_code")
    for name in ("district_port_of_unlading", "designated_exam_port_code"):
        summary.fault("C114", rows, rows.given(name) & ~rows.digits(name), name)
    location = "location_of_goods_code"
    broken = rows.given(location) & ~(is_alphanumeric(rows.raw(location)) & (text_lengths(rows.raw(location)) == 4))
    summary.fault("C133", rows, broken, location)


def _missing(summary: SummaryFacts, code: str, name: str, required: Flags) -> None:
    rows, row = summary.rows("20"), summary.once("20")
    flagged = np.zeros(len(rows), dtype=bool)
    flagged[row[required & (row >= 0)]] = True
    summary.fault(code, rows, flagged & rows.blank(name), name)
    summary.fault(code, summary.header, required & (row < 0), "", f"20 {name}")


@rule("183", "184", "258", "261", "262", "188", "192", "196")
def manifest(summary: SummaryFacts) -> None:
    """Manifest groups by mode, and what an in-bond number asks for (p.155)."""
    header, details, parts = summary.header, summary.rows("22"), summary.rows("23")
    cargo = summary.rows("20")
    required = summary.is_mode(*code_list("ocean_mode"), *code_list("air_mode"))
    required &= summary.full & ~summary.correction & ~summary.express
    summary.fault("183", header, required & ~summary.has("22"), "mode_of_transport")
    unmoved = header.blank("mode_of_transport")[summary.entry(details)]
    of_withdrawal = summary.is_type(*code_list("withdrawal_type"))[summary.entry(details)]
    summary.fault("184", details, unmoved & ~of_withdrawal)
    name = "manifested_quantity"
    summary.fault("258", details, details.given(name) & (details.number(name) == 0), name)
    moved = summary.has("23", parts.says(_TYPE, "I"))
    dated = summary.day("20", "in_bond_in_transit_date")
    summary.fault("261", header, moved & (dated == NO_DAY), "", "20 52-57")
    stray = cargo.given("in_bond_in_transit_date") & ~moved[summary.entry(cargo)]
    summary.fault("262", cargo, stray, "in_bond_in_transit_date")
    entered = summary.day("11", "estimated_entry_date")
    days_known = (dated != NO_DAY) & (entered != NO_DAY)
    old = days_known & (np.where(days_known, entered, 0) - np.where(days_known, dated, 0) > _TWO_YEARS)
    summary.fault("192", cargo, old[summary.entry(cargo)], "in_bond_in_transit_date")
    same = _port(header, "district_port_of_entry")[summary.entry(cargo)] == _port(cargo, "district_port_of_unlading")
    same &= cargo.given("district_port_of_unlading") & moved[summary.entry(cargo)]
    summary.fault("188", cargo, same, "district_port_of_unlading")
    remote = summary.deck.block[:, 55] == ord("1")
    exam = cargo.given("designated_exam_port_code") & ~remote[summary.entry(cargo)]
    summary.fault("196", cargo, exam, "designated_exam_port_code")


def _port(rows: RecordColumns, name: str) -> Index:
    return pack_bytes(rows.raw(name)).astype(np.int64)


@rule("186", "187", "C720", "C721", "C172")
def components(summary: SummaryFacts) -> None:
    """Kind, order and issuer of the components of a manifest group (p.44, 148-155)."""
    rows = summary.rows("23")
    kind = _kinds(rows)
    summary.fault("186", rows, rows.given(_TYPE) & (kind == 0), _TYPE)
    group = summary.under(rows, "22")
    disorder = np.zeros(len(rows), dtype=bool)
    disorder[1:] = (group[1:] == group[:-1]) & (kind[1:] <= kind[:-1])
    summary.fault("187", rows, disorder & (kind > 0), _TYPE)
    entry = summary.entry(rows)
    ocean, air = (summary.is_mode(*code_list(name))[entry] for name in ("ocean_mode", "air_mode"))
    issued = summary.is_mode(*code_list("issuer_mode"))[entry]
    rail = summary.is_mode(*_RAIL)[entry]
    filled = rows.given(_ISSUER)
    master, house = kind == _MASTER, kind == _HOUSE
    barred = (kind == _IN_BOND) | (kind == _SUB) | air | (master & ~issued)
    summary.fault("C720", rows, filled & barred, _ISSUER)
    required = (master & ocean) | (house & (ocean | rail))
    short = filled & ocean & (text_lengths(rows.raw(_ISSUER)) != 4)
    summary.fault("C721", rows, (required & ~filled) | (short & ~barred), _ISSUER)
    formed = in_bond_form(np.pad(rows.raw(_IDENTIFIER), ((0, 0), (0, 38)), constant_values=32))
    summary.fault("C172", rows, (kind == _IN_BOND) & ~formed, _IDENTIFIER)


def _kinds(rows: RecordColumns) -> Index:
    numbers = np.zeros(len(rows), dtype=np.int64)
    for number, letter in enumerate(_TYPES, start=1):
        numbers[rows.says(_TYPE, letter)] = number
    return numbers


@rule("C722")
def combinations(summary: SummaryFacts) -> None:
    """Which components may stand together (p.148-155): a master for vessel and air, and with a
    paperless in-bond number; no house without its master there, no sub-house without its house."""
    details, rows = summary.rows("22"), summary.rows("23")
    group, kind = summary.under(rows, "22"), _kinds(rows)
    present = np.zeros((5, len(details) + 1), dtype=bool)
    present[kind, group] = True
    paperless = np.zeros(len(details) + 1, dtype=bool)
    text = rows.raw(_IDENTIFIER)
    nine = digit_bytes(text[:, :_NINE]).all(axis=1) & (text[:, _NINE:] == 32).all(axis=1)
    paperless[group[(kind == _IN_BOND) & ~nine]] = True
    _, master, house, sub = present[1:, :-1]
    entry = summary.entry(details)
    strict = summary.is_mode(*code_list("ocean_mode"), *code_list("air_mode"))[entry] | paperless[:-1]
    wrong = strict & (~master | (sub & ~house))
    filled = np.bincount(group[group >= 0], minlength=len(details)) > 0
    summary.fault("C722", details, wrong & filled & summary.full[entry])


@rule("429", "C723")
def foreign_port(summary: SummaryFacts) -> None:
    """Foreign port of lading for vessel and border water (p.140-141; error 429 names 10 and 11)."""
    lines, name = summary.rows("40"), "foreign_port_of_lading_code"
    judged = (summary.full & ~summary.correction)[summary.line_entry]
    summary.report("429", header_conditions.foreign_port_missing, summary.bind(lines), judged)
    shaped = digit_bytes(lines.raw(name)).all(axis=1)
    summary.fault("C723", lines, lines.given(name) & ~shaped, name)


@rule("426", "420")
def export_days(summary: SummaryFacts) -> None:
    """Exported before the goods were imported, and before they moved in bond."""
    lines, name = summary.rows("40"), "date_of_exportation"
    exported = days_from_text(lines.raw(name))
    entry = summary.line_entry
    imported = summary.day("11", "date_of_importation")[entry]
    moved = summary.day("20", "in_bond_in_transit_date")[entry]
    days = summary.bind(lines, export_date=exported, import_date=imported)
    summary.report("426", header_conditions.exported_after_import, days, name=name)
    summary.fault("420", lines, is_later(exported, moved), name)
