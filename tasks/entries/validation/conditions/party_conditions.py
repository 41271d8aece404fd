"""Conditions on parties (SE30-SE36, SE50-SE56), of the whole entry or of a line."""

from __future__ import annotations

from tasks.entries.record.code_lists import codes_where
from tasks.entries.validation.conditions.condition import ConditionColumns, Mask, condition, is_repeated
from tasks.entries.validation.conditions.header_conditions import LOW_VALUE

NEEDED_PARTIES = ("SE", "CN", "MF", "BY")
NEEDED_LOW_VALUE = ("SE", "CN")
NUMBERED_PARTIES = codes_where("party", "by_number")
BY_NAME_TYPES = ("11", LOW_VALUE)


@condition(
    "E520", "C212", "C213", "C214", "C215", source="SE v40 p.21", fields="party at_header on_lines low_value entry_type"
)
def party_missing(entry: ConditionColumns) -> Mask:
    """Each of NEEDED_PARTIES, judged by itself, stands for the entry (`at_header`) or on every line
    (`on_lines`); type 86 needs those of NEEDED_LOW_VALUE (`low_value`) only (p.59)."""
    exempt = entry.says("entry_type", LOW_VALUE) & ~entry.given("low_value")
    return ~entry.given("at_header") & ~entry.given("on_lines") & ~exempt


@condition("E521", "C201", "C202", source="SE v40 p.59", fields="party key")
def party_repeated(party: ConditionColumns) -> Mask:
    """Each party once at its level; `key`: the same for the same party of the same entry or line."""
    return is_repeated(party.number("key")) & party.given("party")


@condition("E522", "C203", "C755", source="SE v40 p.60", fields="name number")
def name_and_number(party: ConditionColumns) -> Mask:
    return party.given("name") & party.given("number")


@condition("E522", "C204", "C755", source="SE v40 p.60", fields="name number")
def neither_name_nor_number(party: ConditionColumns) -> Mask:
    return ~party.given("name") & ~party.given("number")


@condition("E523", "C205", source="SE v40 p.60", fields="number party")
def number_out_of_place(party: ConditionColumns) -> Mask:
    """Only buyer, ship-to and consignee go by number."""
    return party.given("number") & ~party.says("party", *NUMBERED_PARTIES)


@condition("E523", "C209", source="SE v40 p.58", fields="number number_type")
def number_without_type(party: ConditionColumns) -> Mask:
    """A number and its type go together."""
    return party.given("number") != party.given("number_type")


@condition("E524", "C206", source="SE v40 p.58", fields="name party entry_type")
def consignee_by_name(party: ConditionColumns) -> Mask:
    """A consignee goes by number, but on types 11 and 86."""
    named = party.says("party", "CN") & party.given("name")
    return named & ~party.says("entry_type", *BY_NAME_TYPES)


@condition("E525", "C210", source="SE v40 p.62", fields="name address")
def address_missing(party: ConditionColumns) -> Mask:
    """A party by name has street and town."""
    return party.given("name") & ~party.given("address")
