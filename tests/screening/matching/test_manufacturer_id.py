"""The MID: the directive's own example, the rules one by one, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from tasks.screening.lists import list_schema
from tasks.screening.lists.list_schema import RecordDraft, records_table
from tasks.screening.matching import manufacturer_id
from tasks.screening.matching.manufacturer_id import MidIndex, construct_mid, mid_variants


@pytest.mark.parametrize(
    ("maker", "expected"),
    [
        (("Nicsan Appliance Works", "TW", "Taichung", "435 Wu Chuan Road"), "TWNICAPP435TAI"),
        (("Amalgamated Plastics Corp.", "GB", "London", "1 Euclid Court"), "GBAMAPLA1LON"),
        (("A.B.C. Company", "CN", "Beijing", "Sector 10"), "CNABCCOM10BEI"),
        (("A B C Company", "CN", "Beijing", "Sector 10"), "CNABCCOM10BEI"),
        (("The Company of Toys", "HK", "Kowloon", ""), "HKCOMTOYKOW"),
        (("Bambino", "IT", "Rome", "55000 Via Appia 12"), "ITBAMBIN5500ROM"),
        (("O'Hara's Cloth", "IE", "Cork", "Rear 7"), "IEOHACLO7COR"),
        (("Müller & Söhne", "DE", "Köln", "Ring 3"), "DEMULSOH3KOL"),
    ],
)
def test_construction(maker: tuple[str, ...], expected: str) -> None:
    assert construct_mid(*maker) == expected


def test_a_canadian_maker_goes_by_province() -> None:
    assert construct_mid("Maple Works", "CA", "Toronto", "9 King St", "Ontario") == "XOMAPWOR9TOR"
    assert construct_mid("Maple Works", "CA", "Toronto", "9 King St") == ""


def test_what_is_missing_gives_none() -> None:
    assert construct_mid("Acme", "", "Ningbo", "1 Road") == ""
    assert construct_mid("Acme", "CN", "", "1 Road") == ""


def test_the_way_back_finds_any_number_of_the_street() -> None:
    draft = RecordDraft("uflpa/x", "entity")
    draft.add_name("Hetian Taida Apparel Co., Ltd.", list_schema.PRIMARY)
    draft.add_place("CN", "Hetian", "No. 7 Beijing Road 1200")
    index = MidIndex(records_table([draft]))
    for built in ("CNHETTAI1200HET", "CNHETTAI7HET", "cnhettaihet"):
        assert index.find([built]) == {"uflpa/x": built}
    assert index.find(["CNHETTAI8HET"]) == {}


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=40))
def test_what_is_built_has_the_shape(name: str, city: str, address: str) -> None:
    for built in mid_variants(name, "CN", city, address):
        assert manufacturer_id.is_mid(built)
