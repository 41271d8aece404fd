"""A screening of what changed leaves what a screening of everything leaves."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from tasks.core import clock
from tasks.screening.events import ScreeningDone
from tasks.screening.hits import screening_run
from tasks.screening.hits.screening_run import last_screening
from tasks.screening.lists import list_schema, ofac
from tasks.screening.lists.list_files import ListFiles
from tasks.screening.lists.list_schema import RecordDraft, records_table
from tasks.screening.lists.list_versions import record_row
from tasks.screening.matching import subject_screener
from tasks.screening.matching.subject_screener import Screener, screen_changes, sorted_hits
from tasks.screening.partners.partner_register import complete_row, register_table
from tasks.screening.partners.screening_subjects import ScreeningSubjects, subjects_of
from tests.example_counts import examples
from tests.screening.conftest import LISTS
from tests.screening.screening_world import World


class LastLetters:
    """A second opinion that is asked of real pairs and has a mind of its own."""

    name = "last letters"

    def judge(self, partners, listed) -> np.ndarray:
        pairs = zip(partners, listed, strict=True)
        return np.array([float(a[0][-1:].upper() == b[0][-1:].upper()) for a, b in pairs])


BY = {"alone": Screener(1), "with a second opinion": Screener(1, LastLetters())}
EXTRA = ("Nordsee Trading GmbH", "Gulf Bright Shipping", "Emma Daniels", "Almaz Jewellery")


def listed() -> list[dict]:
    drafts = ofac.read_sdn(ListFiles(LISTS / "ofac_2024-01-08"))
    return records_table(drafts[::3]).to_pylist()


RECORDS = listed()
NAMES = [name["name"] for row in RECORDS for name in row["names"]]
TOWNS = [("CN", "Beijing"), ("SY", "Damascus"), ("", "")]


def records(rows: list[dict]) -> pa.Table:
    made = [row | {"digest": list_schema.digest_of_row(row)} for row in rows]
    return pa.Table.from_pylist(made, schema=list_schema.RECORDS)


def partners(rows: dict[str, tuple[str, tuple[str, str], str]]) -> ScreeningSubjects:
    made = [
        complete_row(
            {"partner": key, "name": name, "country": country, "city": city, "kind": "unknown",
             "role": role, "owners": [{"name": name[:12], "share": 50.0}] if len(name) > 20 else []}
        )
        for key, (name, (country, city), role) in rows.items()
    ]  # fmt: skip
    return subjects_of(register_table(made))


def spoiled(name: str) -> str:
    """A name with its first word left out and a letter changed: what a model is not sure of."""
    rest = name.split(maxsplit=1)[-1]
    return rest[:2] + "Q" + rest[3:]


person = st.tuples(
    st.sampled_from([*NAMES, *EXTRA]) | st.sampled_from(NAMES).map(spoiled),
    st.sampled_from(TOWNS),
    st.sampled_from(["manufacturer", "carrier"]),
)
book = st.dictionaries(st.sampled_from([f"P{n}" for n in range(8)]), person, max_size=8)
chosen = st.sets(st.integers(0, len(RECORDS) - 1), max_size=12)


def version(some: set[int], changed: set[int]) -> pa.Table:
    rows = [RECORDS[n] for n in sorted(some)]
    return records(
        [row | {"remarks": "changed", "names": row["names"][::-1]} if n in changed else row
         for n, row in zip(sorted(some), rows, strict=True)]
    )  # fmt: skip


@pytest.mark.parametrize("way", BY)
@given(old=book, new=book, before=chosen, after=chosen, changed=chosen)
@settings(max_examples=examples(40))
def test_a_delta_equals_a_full_run(way: str, old, new, before, after, changed) -> None:
    by = BY[way]
    were, are = partners(old), partners(new)
    known, listing = version(before, set()), version(after, changed)
    hits = sorted_hits(by.screen(were, known))
    found, _ = screen_changes(hits, (were, known), (are, listing), by)
    assert found.to_pylist() == sorted_hits(by.screen(are, listing)).to_pylist()


@pytest.mark.long
@pytest.mark.parametrize("way", BY)
@given(old=book, new=book, before=chosen, after=chosen, changed=chosen)
@settings(max_examples=1500)
def test_a_delta_equals_a_full_run_at_length(way: str, old, new, before, after, changed) -> None:
    test_a_delta_equals_a_full_run.hypothesis.inner_test(way, old, new, before, after, changed)


ALIKE = ("NORTHERN ORCHARD SHIPPING", "NORTHERN HARBOR SHIPPING", "NORTHERN ORCHID TRADING",
         "NORTHERN ORCHARD MARITIME", "NORTHSTAR ORCHARD LOGISTICS", "ORCHARD SHIPPING GROUP",
         "NORTHERN ORCHARDS")  # fmt: skip
UNSURE = ("Northern Orchird Freight", "Northern Orchard Freight", "Norther Orchad Ship",
          "Orchard Shiping", "Northen Orchard Co", "Northern Orcharts Maritime")  # fmt: skip


def alike(some: set[int]) -> pa.Table:
    drafts = []
    for n in some:
        draft = RecordDraft(f"ofac-sdn/{n}", "entity")
        draft.add_name(ALIKE[n], list_schema.PRIMARY)
        drafts.append(draft)
    return records_table(drafts)


@given(st.sets(st.integers(0, len(ALIKE) - 1)), st.sets(st.integers(0, len(ALIKE) - 1)))
@settings(max_examples=examples(60))
def test_a_second_opinion_turns_to_the_next_best_listing(before: set, after: set) -> None:
    """Which pair is asked about depends on a partner's other hits: their changes reach it."""
    by = BY["with a second opinion"]
    subjects = partners({name: (name, ("", ""), "carrier") for name in UNSURE})
    hits = sorted_hits(by.screen(subjects, alike(before)))
    found, _ = screen_changes(hits, (subjects, alike(before)), (subjects, alike(after)), by)
    assert found.to_pylist() == sorted_hits(by.screen(subjects, alike(after))).to_pylist()


def test_a_list_change_by_the_book_equals_a_full_run(world: World, lists: Path, january: Path) -> None:
    """January to May, ALT held fixed: through the journal, then everything anew."""
    rows = random.Random(5).sample(NAMES, 150)
    lines = [f'P{n},"{name}",supplier,,,' for n, name in enumerate(rows)]
    world.take("\n".join(lines) + "\n")
    assert world.screen().scope == "full"
    later = (lists.parent / "lists_later" / "ofac_2024-05-03" / "sdn.csv").read_bytes()
    (january / "sdn.csv").write_bytes(later)
    world.lists = january.parent
    world.load(january.name, accept=frozenset({"ofac-sdn"}), reason="ALT held fixed")
    changed = world.screen()
    assert changed.scope == "changes" and (changed.new or changed.removed)
    full = world.screen(full=True)
    assert full.scope == "full" and full.content == changed.content
    assert full.new == () and full.removed == ()


def test_only_what_changed_is_screened(world: World) -> None:
    world.take("".join(f"P{n},Partner Number {n},carrier,US,,\n" for n in range(20)))
    assert world.screen().screened == 20
    assert world.screen().screened == 0
    world.take("P3,Partner Number Three,carrier,US,,\nP77,Tiva Polymer,carrier,US,,\n")
    outcome = world.screen()
    assert (outcome.scope, outcome.screened) == ("changes", 2)
    assert [line.partner for line in outcome.new] == ["P77"]


def test_prepared_partners_are_kept_and_a_damaged_shelf_does_no_harm(world: World, monkeypatch) -> None:
    monkeypatch.setattr(subject_screener, "WORTH_KEEPING", 1)
    world.take("P1,Tiva Polymer,carrier,US,,\nP2,Parto Sanat,carrier,US,,\n")
    first = world.screen()
    folder = world.house.settings.home / screening_run.CACHE_FOLDER
    assert (folder / "about.json").is_file()
    assert world.screen(full=True).content == first.content
    for name in ("partners.arrow", "groups.arrow", "about.json"):
        kept = (folder / name).read_bytes()
        for damage in (b"", b"{}", kept[: len(kept) // 2]):
            (folder / name).write_bytes(damage)
            assert world.screen(full=True).content == first.content
    world.take("P2,Parto Sanat Ltd,carrier,IR,,\n")
    assert world.screen().content == world.screen(full=True).content


def test_a_list_that_is_taken_back_is_screened_and_written_down_again(world: World) -> None:
    """A, B, A, B within a day: each screening rests on the one before it."""

    def screened() -> list[str]:
        events = world.house.journal.events(kind=ScreeningDone.kind)
        return [said.lists["ofac-sdn"] for event in events if (said := event.said)]

    world.take("P1,Tiva Polymer,carrier,US,,\nP2,Parto Sanat,carrier,US,,\n")
    first = world.screen()
    record = first.new[0].record
    remarks = record_row(world.house.content, first.basis.lists["ofac-sdn"], record)["remarks"]
    for text in ("changed", remarks, "changed"):
        world.change_record(record, remarks=text)
        after = world.screen()
        assert (after.screened, len(after.new)) == (2, 1)
        assert world.screen().screened == 0
        last = last_screening(world.house)
        assert last and last[0] == after.basis
    assert after.content != first.content
    a, b = first.basis.lists["ofac-sdn"], after.basis.lists["ofac-sdn"]
    assert screened() == [a, b, a, b]


def test_the_same_screening_is_written_down_once_a_day(world: World) -> None:
    world.take("P1,Tiva Polymer,carrier,US,,\n")
    for day in (1, 1, 2):
        with clock.held(datetime(2026, 3, day, 12, tzinfo=UTC)):
            world.screen()
            world.screen(full=True)
    events = world.house.journal.events(kind=ScreeningDone.kind)
    assert [event.at[:10] for event in events] == ["2026-03-01", "2026-03-02"]


def test_another_model_screens_everything_again(world: World, monkeypatch) -> None:
    world.take("P1,Tiva Polymer,carrier,US,,\n")
    world.screen()
    monkeypatch.setattr(screening_run, "configured_screener", lambda house: Screener(1, LastLetters()))
    assert world.screen().scope == "full"
