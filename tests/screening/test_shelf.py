"""Prepared partners come back from the shelf as they were put there."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from tasks.screening.match import MODEL, build, prepare
from tasks.screening.shelf import get, put
from tests.benchmarks.perturb import clean
from tests.screening.listed import index, listed


def test_what_is_kept_finds_the_same(tmp_path: Path) -> None:
    names = [*listed()["name"].to_pylist()[:200], *clean(200, 4), ""]
    ids = [f"p{n}" for n in range(len(names))]
    numbers = pa.table({"partner": ["p3"], "kind": ["duns"], "value": ["12-345-6789"]})
    more = pa.table({"partner": ["p5"], "name": ["SIS DOO"]})
    partners = prepare(
        pa.table({"partner": ids, "name": names, "country": ["CU"] * len(ids)}), numbers, more
    )
    put(tmp_path / "kept", "digest", partners)
    put(tmp_path / "kept", "digest", partners)
    back = get(tmp_path / "kept", "digest", MODEL)
    assert back is not None
    assert back.identifiers == partners.identifiers
    assert index().screen(back).equals(index().screen(partners))
    part = build(listed().slice(100, 20))
    assert part.screen(back).equals(part.screen(partners))


def test_another_content_or_model_is_not_there(tmp_path: Path) -> None:
    assert get(tmp_path / "kept", "digest", MODEL) is None
    put(tmp_path / "kept", "digest", prepare(pa.table({"partner": ["a"], "name": ["SIS"]})))
    assert get(tmp_path / "kept", "other", MODEL) is None
    assert get(tmp_path / "kept", "digest", "0") is None
