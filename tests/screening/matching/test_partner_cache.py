"""Prepared partners come back from the cache as they were put there."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tasks.screening.lists.list_schema import RecordDraft, records_table
from tasks.screening.matching import partner_cache, subject_screener
from tasks.screening.matching.matcher import build_index
from tasks.screening.matching.name_words import MODEL
from tasks.screening.matching.partner_cache import CacheDamaged, cached_partners, cached_subjects, store_partners
from tasks.screening.matching.partner_index import prepare_partners
from tasks.screening.matching.subject_screener import Screener
from tasks.screening.partners.partner_register import complete_row, register_table
from tasks.screening.partners.screening_subjects import ScreeningSubjects, subjects_of
from tests.benchmarks.perturb import clean
from tests.screening.sample_names import index, listed


def people(names: list[str], digest: str, first: int = 0) -> ScreeningSubjects:
    rows = [
        {"partner": f"p{n:04d}", "name": name, "country": "CU", "kind": "unknown", "role": "carrier",
         "identifiers": [{"kind": "duns", "value": f"12-345-{n:04d}"}] if n % 7 == 0 else [],
         "other_names": ["SIS DOO"] if n == 5 else [],
         "owners": [{"name": "Almaz Antey", "share": 60.0}] if n == 6 else []}
        for n, name in enumerate(names, first)
    ]  # fmt: skip
    return subjects_of(register_table(complete_row(row) for row in rows), digest)


NAMES = [*listed()["name"].to_pylist()[:200], *clean(200, 4), ""]


def test_what_is_kept_finds_the_same(tmp_path: Path) -> None:
    subjects = people(NAMES, "digest")
    partners = prepare_partners(subjects.partners, subjects.identifiers, subjects.names)
    store_partners(tmp_path / "kept", subjects, partners)
    store_partners(tmp_path / "kept", subjects, partners)
    kept = cached_subjects(tmp_path / "kept", MODEL)
    assert kept is not None and kept == subjects
    back = cached_partners(tmp_path / "kept", kept, MODEL)
    assert back is not None
    assert back.identifiers == partners.identifiers
    assert index().screen(back).equals(index().screen(partners))
    part = build_index(listed().slice(100, 20))
    assert part.screen(back).equals(part.screen(partners))


def test_another_register_model_or_program_is_not_there(tmp_path: Path, monkeypatch) -> None:
    folder, subjects = tmp_path / "kept", people(["SIS"], "digest")
    assert cached_subjects(folder, MODEL) is None
    store_partners(folder, subjects, prepare_partners(subjects.partners))
    assert cached_partners(folder, people(["SIS"], "other"), MODEL) is None
    assert cached_subjects(folder, "0") is None
    monkeypatch.setattr(partner_cache, "_program", lambda: "another")
    assert cached_subjects(folder, MODEL) is None


def test_every_file_is_checked(tmp_path: Path) -> None:
    folder, subjects = tmp_path / "kept", people(NAMES, "digest")
    store_partners(folder, subjects, prepare_partners(subjects.partners))
    for path in folder.glob("*.arrow"):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(CacheDamaged):
            kept = cached_subjects(folder, MODEL)
            assert kept and cached_partners(folder, kept, MODEL)
        path.write_bytes(whole)


def test_a_register_of_which_little_changed_is_screened_with_what_is_kept(tmp_path: Path, monkeypatch) -> None:
    """New, changed, gone and unchanged partners: as with nothing kept; few are prepared."""
    monkeypatch.setattr(subject_screener, "WORTH_KEEPING", 1)
    drafts = []
    for row in listed().to_pylist()[::5]:
        draft = RecordDraft(row["record"], row["kind"])
        draft.add_name(row["name"], row["strength"])
        drafts.append(draft)
    records = records_table(drafts)
    by, plainly = Screener(1, cache=tmp_path / "kept"), Screener(1)
    before = people(NAMES, "before")
    assert by.screen(before, records).equals(plainly.screen(before, records))
    made = []
    monkeypatch.setattr(
        subject_screener, "_prepare", lambda some, version: made.append(len(some)) or real(some, version)
    )
    after = people([*NAMES[10:-30], "Tiva Polymer", "SBERBANK"], "after", first=10)
    expected = {tuple(row.items()) for row in rows(plainly.screen(after, records))}
    assert {tuple(row.items()) for row in rows(by.screen(after, records))} == expected
    assert expected and made.pop(0) > 300 and made == [2]


real = subject_screener._prepare


def rows(hits: pa.Table) -> list[dict]:
    return [row | {"reasons": tuple(row["reasons"])} for row in hits.to_pylist()]
