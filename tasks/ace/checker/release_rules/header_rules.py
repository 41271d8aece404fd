"""Cargo release rules of SE10, SE11 and SE13 (CATAIR SE v40 p.33-45)."""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.entry_numbers import check_numbers
from tasks.ace.checker.release_rules.release_facts import (
    ReleaseFacts,
    code_positions,
    digits_then_blank,
    entry_form,
    is_alphanumeric,
    number_form,
    rule,
    text_lengths,
)
from tasks.ace.wire.batch_envelope import foreign_ports
from tasks.ace.wire.data_classes import Bytes, Flags, digit_bytes
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import header_conditions

_ZONE_LENGTHS = (5, 7, 9)
_REASON_REFERENCES = (("02", "IB"), ("03", "EN"), ("04", "FTZ"))


@rule("C101", "C102", "C109", "C111", "C116", "C106")
def known_codes(release: ReleaseFacts) -> None:
    """Action, entry type, mode, bond type, split release and importer type are codes that exist."""
    header = release.header
    for code, name, code_set in (
        ("C101", "action_code", "action"),
        ("C102", "entry_type", "entry_type"),
        ("C109", "mode_of_transport", "mode"),
        ("C111", "bond_type_code", "bond_type"),
        ("C116", "split_release", "split_release"),
        ("C106", "importer_type", "number_type"),
    ):
        release.fault(code, header, header.given(name) & ~header.says(name, *code_list(code_set)), name)


@rule("C103", "C104", "B16")
def entry_numbers(release: ReleaseFacts) -> None:
    """The number is the block filer's own and its check digit is right."""
    check_numbers(release.deck, "entry_filer_code", "entry_number", release.offsets)


@rule("C107", "C108")
def importer(release: ReleaseFacts) -> None:
    """An importer number of the form of its type; type 86 without PGA data needs none (note 12)."""
    header = release.header
    kind = code_positions(header, "importer_type", "number_type")
    number, named = header.given("importer_number"), header.given("importer_type")
    exempt = release.is_type("86") & ~release.has_pga
    required = (release.full & ~exempt) | number | named
    release.fault("C108", header, required & ~number, "importer_number")
    release.fault("C108", header, number & ~named, "importer_type")
    shaped = number_form(kind, header.raw("importer_number"))
    release.fault("C107", header, number & (kind > 0) & ~shaped, "importer_number")


@rule("C110")
def mode_given(release: ReleaseFacts) -> None:
    """Mode of transport, but for a type 06 without a bill (note 11)."""
    entries = release.bind(release.header, bill=release.has("SE15"))
    release.report("C110", header_conditions.mode_missing, entries, ~release.cancel)


@rule("C112", "C117")
def value(release: ReleaseFacts) -> None:
    """Whole value within the cap of the type (note 13), and not zero."""
    entries = release.bind(release.header)
    release.report("C112", header_conditions.value_above_cap, entries)
    release.report("C117", header_conditions.value_zero, entries, release.full)


@rule("C113", "C114", "C115", "C118")
def ports(release: ReleaseFacts) -> None:
    """Planned port where it cannot be derived (note 7), unlading port for modes 50, 60, 70."""
    header = release.header
    bills = release.rows("SE15")
    required = release.cancel | release.is_type(*code_list("port_type")) | release.has_pga
    required |= release.in_bond | release.has("SE15", bills.says("non_ams", "Y"))
    release.fault("C113", header, required & header.blank("port_of_entry"), "port_of_entry")
    shaped = {}
    for name in ("port_of_entry", "port_of_unlading"):
        shaped[name] = digits_then_blank(header.raw(name), 4)
        release.fault("C114", header, header.given(name) & ~shaped[name], name)
    release.report("C115", header_conditions.unlading_port_missing, release.bind(header), ~release.cancel)
    block = release.deck.block[:, 3:7]
    abroad = foreign_ports(header.raw("port_of_entry")[:, :4], block)
    judged = shaped["port_of_entry"] & digit_bytes(block).all(axis=1)
    release.fault("C118", header, judged & abroad, "port_of_entry")


@rule("C120", "C121", "C122", "C123", "C104")
def warehouse(release: ReleaseFacts) -> None:
    """Bonded warehouse for 21 and 22, the entry that the goods come from for 22 (notes 2, 3)."""
    extra = release.rows("SE11")
    entry = release.entry(extra)
    full, again = release.full[entry], release.is_type("22")[entry]
    release.report("C120", header_conditions.warehouse_missing, release.bind(extra), full)
    release.report("C121", header_conditions.warehouse_out_of_place, release.bind(extra))
    for name in ("warehouse_filer_code", "warehouse_entry_number"):
        release.report(
            "C122", header_conditions.warehouse_entry_missing, release.bind(extra, {"warehouse_entry": name}), full
        )
        release.fault("C123", extra, ~again & extra.given(name), name)
    bare = release.bind(release.header, bonded_warehouse=release.has("SE11"))
    release.report("C120", header_conditions.warehouse_missing, bare, release.full, detail="no SE11")
    number = extra.matrix[:, extra.field("warehouse_filer_code").start - 1 : 79]
    complete = extra.given("warehouse_filer_code") & extra.given("warehouse_entry_number")
    release.fault("C104", extra, complete & ~entry_form(number), "warehouse_entry_number")


@rule("C125", "C126", "C127", "C128", "C129")
def zone(release: ReleaseFacts) -> None:
    """Type 06: weekly election, zone id, location of goods, no voyage (notes 1, 4, 6, 7)."""
    extra = release.rows("SE11")
    of_zone = release.is_type("06")[release.entry(extra)]
    elected = extra.given("entry_date_election_code")
    weekly = extra.says("entry_date_election_code", "W")
    release.fault("C125", extra, elected & ~(weekly & of_zone), "entry_date_election_code")
    incomplete = elected != extra.given("elected_entry_date")
    release.fault("C126", extra, incomplete, "elected_entry_date")
    bad = of_zone & ~_zone_id(extra.raw("conveyance_name"))
    release.fault("C127", extra, bad, "conveyance_name")
    release.fault("C128", extra, of_zone & extra.given("voyage"), "voyage")
    release.report(
        "C129", header_conditions.zone_location_missing, release.bind(extra), release.full[release.entry(extra)]
    )
    bare = release.bind(release.header, zone_id=release.has("SE11"))
    release.report("C127", header_conditions.zone_missing, bare, release.full, detail="no SE11")


def _zone_id(text: Bytes) -> Flags:
    """FTZ, three digits, then nothing more than a two, four or six character zone and site."""
    length = text_lengths(text) - 3
    starts = (text[:, :3] == np.frombuffer(b"FTZ", dtype=np.uint8)).all(axis=1)
    return starts & digit_bytes(text[:, 3:6]).all(axis=1) & is_alphanumeric(text) & np.isin(length, _ZONE_LENGTHS)


@rule("C130", "C131", "C132", "C133")
def immediate_delivery(release: ReleaseFacts) -> None:
    """Y or N; only with a bond and not for warehouse entries (note 9). FIRMS codes are whole."""
    extra = release.rows("SE11")
    name = "immediate_delivery_indicator"
    release.fault("C130", extra, extra.given(name) & ~extra.says(name, "Y", "N"), name)
    requests = release.bind(extra, immediate_delivery=extra.says(name, "Y"))
    release.report("C131", header_conditions.immediate_into_warehouse, requests, name=name)
    release.report("C132", header_conditions.immediate_without_bond, requests, name=name)
    for firms_field in ("location_of_goods", "exam_site", "bonded_warehouse"):
        text = extra.raw(firms_field)
        four_characters = is_alphanumeric(text) & (text_lengths(text) == 4)
        release.fault("C133", extra, extra.given(firms_field) & ~four_characters, firms_field)


@rule("C140", "C141", "C142", "C146", "C147")
def cancellation(release: ReleaseFacts) -> None:
    """Reason code with a cancellation and only there (SE13 note 1)."""
    contact = release.rows("SE13")
    entry = release.entry(contact)
    cancel = release.cancel[entry]
    reasoned = contact.given("reason_code")
    listed = contact.says("reason_code", *code_list("cancel_reason"))
    release.fault("C140", contact, cancel & ~reasoned, "reason_code")
    release.fault("C142", contact, cancel & reasoned & ~listed, "reason_code")
    several = "multiple_cargo_dispositions_indicator"
    for name in ("reason_code", several):
        release.fault("C141", contact, ~cancel & contact.given(name), name)
    for name in (several, "dis_indicator", "split_shipment_indicator"):
        unknown = contact.given(name) & ~contact.says(name, "1")
        release.fault("C146", contact, unknown, name)
    weekly = cancel & contact.says("reason_code", "12") & ~release.is_type("06")[entry]
    release.fault("C147", contact, weekly, "reason_code")


@rule("C143", "C145")
def replacements(release: ReleaseFacts) -> None:
    """The SE20 that a cancellation reason or the DIS indicator asks for (SE13 notes 1, 2)."""
    contact, references = release.rows("SE13"), release.rows("SE20")
    entry = release.entry(contact)
    for reason, qualifier in _REASON_REFERENCES:
        referenced = release.has("SE20", references.says("qualifier", qualifier))[entry]
        required = release.cancel[entry] & contact.says("reason_code", reason)
        release.fault("C143", contact, required & ~referenced, "reason_code", f"SE20 {qualifier}")
    imaged = release.has("SE20", references.says("qualifier", "DIS"))[entry]
    release.fault("C145", contact, contact.says("dis_indicator", "1") & ~imaged, "dis_indicator")
