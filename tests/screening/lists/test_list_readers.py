"""The loaders on real excerpts: what each grammar holds, and what it takes for damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tasks.core.messages import Reason
from tasks.screening.lists import forced_labor, list_schema
from tasks.screening.lists.catalog import READERS, SIGNS, listings
from tasks.screening.lists.country_codes import country_code
from tasks.screening.lists.list_files import ListFiles
from tasks.screening.lists.list_schema import RecordDraft, identifiers_table, names_table, places_table, records_table
from tasks.screening.lists.ofac import read_remarks

FOLDERS = {"ofac-sdn": "ofac_2024-01-08", "ofac-cons": "nonsdn_2025-12-19", "csl": "csl"}


def read(lists: Path, list_: str, folder: str = "") -> tuple[dict[str, dict], ListFiles]:
    source = ListFiles(lists / (folder or FOLDERS.get(list_, "further")))
    table = records_table(READERS[list_](source))
    return {row["record"]: row for row in table.to_pylist()}, source


def names(row: dict) -> dict[str, str]:
    return {name["name"]: name["strength"] for name in row["names"]}


@pytest.mark.parametrize("list_", READERS)
def test_a_real_list_is_read_without_a_fault(lists: Path, list_: str) -> None:
    rows, source = read(lists, list_)
    assert len(rows) > 20 and source.problems == [] and source.sources
    assert all(row["names"] for row in rows.values() if row["kind"] != "goods")
    assert {row["kind"] for row in rows.values()} <= set(list_schema.KINDS)
    assert len({row["digest"] for row in rows.values()}) == len(rows)


def test_every_list_of_the_catalogue_has_a_reader_and_a_sign() -> None:
    assert listings().keys() - {"own"} == READERS.keys() == SIGNS.keys()


def test_ofac_joins_aliases_addresses_and_remarks(lists: Path) -> None:
    rows, _ = read(lists, "ofac-sdn")
    emma = rows["ofac-sdn/29857"]
    assert names(emma)["EMMA LLC"] == "primary" and emma["programs"] == ["SYRIA"]
    assert {"country": "SY", "city": "Damascus"}.items() <= emma["places"][0].items()
    weak = [row for row in rows.values() if "weak" in names(row).values()]
    assert weak and all("k.a." in row["remarks"] for row in weak)
    vessels = [row for row in rows.values() if row["kind"] == "vessel"]
    assert any(one["kind"] == "imo" for row in vessels for one in row["identifiers"])


def test_remarks_go_on_in_the_comments_file(lists: Path) -> None:
    rows, _ = read(lists, "ofac-sdn")
    bank = rows["ofac-sdn/17018"]
    assert len(bank["remarks"]) > 1000 and "Directive 2): 24 Feb" in bank["remarks"]
    assert {"kind": "tax", "value": "7707083893"} in bank["identifiers"]


@pytest.mark.parametrize(
    ("clause", "found"),
    [
        ("a.k.a. 'RUSAG'", ("names", "RUSAG")),
        ("alt. DOB 19 Jan 1980", ("born", "1980-01-19")),
        ("DOB circa 1961", ("born", "1961")),
        ("DOB Dec 1955", ("born", "1955")),
        ("DOB 1962 to 1965", ("born", "1962")),
        ("nationality Korea, North", ("country", "KP")),
        ("Vessel Registration Identification IMO 7406784", ("imo", "7406784")),
        ("Tax ID No. 7744001497 (Russia)", ("tax", "7744001497")),
        ("Passport 85338519 (Sweden) expires 30 Oct 2017", ("passport", "85338519")),
        ("D-U-N-S Number 542957624", ("duns", "542957624")),
        ("Unified Social Credit Code (USCC) 913101040936933514 (China)",
         ("registration", "913101040936933514")),
        ("Additional Sanctions Information - Subject to Secondary Sanctions", None),
        ("Phone Number 00963112345678", None),
    ],
)  # fmt: skip
def test_remarks_are_understood(clause: str, found: tuple[str, str] | None) -> None:
    draft = RecordDraft("x/1")
    read_remarks(draft, f"{clause}.")
    told = [("names", name) for name in draft.names]
    told += [("born", place[3]) for place in draft.places if place[3]]
    told += [("country", place[0]) for place in draft.places if place[0]]
    told += list(draft.identifiers)
    assert told == ([found] if found else [])


def test_both_layouts_of_the_csl(lists: Path, tmp_path: Path) -> None:
    for name, some in (("csl_sample_2019.csv", "csl/SDN-20264"),
                       ("csl_consolidated_sample_2025-06.csv", "csl/SDN-52291")):  # fmt: skip
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(lists / "csl" / name, folder / name)
        source = ListFiles(folder)
        rows = {draft.record: draft for draft in READERS["csl"](source)}
        assert some in rows and source.problems == []
    draft = next(one for one in rows.values() if one.subsidiaries)
    assert list(draft.names) == ["Sinobright Import and Export Company"]
    tax = rows["csl/SSI-28603"]
    assert ("tax", "CHE-267.936.404") in tax.identifiers


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("Camel Group Co., Ltd.", ["Camel Group Co., Ltd."]),
        ("A Co. Ltd. (and two aliases: B Accessories; and C Accessories)",
         ["A Co. Ltd.", "B Accessories", "C Accessories"]),
        ("H (Shanshan) Co., Ltd (including one alias: G (Shanshan) Co.) and subsidiaries",
         ["H (Shanshan) Co., Ltd", "G (Shanshan) Co."]),
        ("S Co. Ltd. (also known as T Co. Ltd.)", ["S Co. Ltd.", "T Co. Ltd."]),
        ("N Corporation and its eight Zhuhai-based subsidiaries", ["N Corporation"]),
    ],
)  # fmt: skip
def test_the_alias_grammar_of_the_uflpa_list(published: str, expected: list[str]) -> None:
    found = forced_labor.uflpa_names(published)
    assert [name for name, _ in found] == expected
    assert [s for _, s in found] == ["primary", *["strong"] * (len(expected) - 1)]


def test_orders_name_firms_vessels_and_goods(lists: Path) -> None:
    rows, source = read(lists, "cbp-wro")
    kinds_ = [row["kind"] for row in rows.values()]
    assert kinds_.count("goods") == 1 and kinds_.count("vessel") == 4
    every = {name for row in rows.values() for name in names(row)}
    assert {"Yili Zhuowan Garment Manufacturing Co., Ltd.", "Tianjin No. 2 Prison", "Hua Li 8",
            "Baoding LYSZD Trade and Business Co., Ltd."} <= every  # fmt: skip
    assert source.left_out == {Reason("list-goods-unnamed"): 1}


def test_what_a_measure_only_mentions_is_left_out_and_counted(lists: Path) -> None:
    rows, source = read(lists, "fincen")
    assert sum(source.left_out.values()) > 10
    assert not any("does not apply" in row["remarks"] for row in rows.values())


@pytest.mark.parametrize(
    ("text", "code"),
    [("Korea, North", "KP"), ("The Gambia", "GM"), ("china", "CN"), ("Region: Gaza", "GZ"),
     ("Congo, Democratic Republic of the", "CD"), ("DE", "DE"), ("nowhere", ""), ("", "")],
)  # fmt: skip
def test_countries(text: str, code: str) -> None:
    assert country_code(text) == code


def test_equal_lists_have_equal_bytes(lists: Path) -> None:
    def made() -> bytes:
        return list_schema.to_bytes(records_table(READERS["uflpa"](ListFiles(lists / "further"))))

    assert made() == made()
    assert list_schema.from_bytes(made()).schema.equals(list_schema.RECORDS)


def test_the_flat_tables_keep_every_row(lists: Path) -> None:
    table = records_table(READERS["ofac-sdn"](ListFiles(lists / "ofac_2024-01-08")))
    rows = table.to_pylist()
    assert names_table(table).num_rows == sum(len(row["names"]) for row in rows)
    assert identifiers_table(table).num_rows == sum(len(row["identifiers"]) for row in rows)
    flat = places_table(table).to_pylist()
    assert flat == [{"record": row["record"], **place} for row in rows for place in row["places"]]
