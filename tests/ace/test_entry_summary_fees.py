"""Fees as the AE writer puts them: caps of each fiscal year and every exemption (p.160-174)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tasks.ace.fees import fee_rates
from tasks.ace.fees.fee_rates import FeeExemption
from tests.ace.made_record import Rows, joined, made, number
from tests.ace.made_summary import change, summary, tariff
from tests.ace.write_summary import lines_of, written
from tests.errors import refused

KINDS = ("program", "origin", "chapter", "zone_status", "article_set", "entry_type")
DAY = date(2026, 11, 20)


def fees_of(rows: Rows) -> dict[str, int]:
    """Cents of each class in the totals of the only summary."""
    found: dict[str, int] = {}
    for one in lines_of(rows, "89"):
        row = one.ljust(80)
        for at in range(2, 72, 14):
            if row[at : at + 3].strip():
                found[row[at : at + 3]] = int(row[at + 3 : at + 14])
    return found


def on(day: date, rows: Rows) -> Rows:
    held = {"release_date": day, "import_date": day, "export_date": date(day.year - 1, 12, 1)}
    return change(change(rows, "entries", **held), "entries", arrival_date=day)


@pytest.mark.parametrize(
    ("day", "least", "most"),
    [
        (date(2024, 10, 1), 3271, 63462),
        (date(2025, 9, 30), 3271, 63462),
        (date(2025, 10, 1), 3358, 65150),
        (date(2026, 9, 30), 3358, 65150),
        (date(2026, 10, 1), 3458, 67086),
        (date(2026, 11, 20), 3458, 67086),
    ],
)
def test_minimum_and_maximum_of_each_fiscal_year(day: date, least: int, most: int) -> None:
    small = change(summary(1), "tariffs", value=100)
    large = change(summary(1), "tariffs", value=1_000_000)
    assert fees_of(on(day, small)) == {"499": least}
    assert fees_of(on(day, large)) == {"499": most}
    assert lines_of(on(day, large), "62") == ["62499  346400"] * 2


def test_a_day_beyond_the_last_known_rate_is_refused() -> None:
    with refused("fee-not-computable") as caught:
        fees_of(on(date(2027, 10, 1), summary(1)))
    assert caught.codes == ["fee-rate-missing"]


def test_consolidated_and_pipeline_summaries_are_not_capped() -> None:
    large = change(summary(1, "01", "70"), "tariffs", value=1_000_000)
    assert fees_of(large) == {"499": 692_800}
    small = change(summary(1, "01", "70"), "tariffs", value=100)
    assert fees_of(small) == {"499": 70}
    main = change(summary(1, consolidating=True, filing_route="ae_only"), "tariffs", value=1_000_000)
    rest = [summary(serial, consolidated_summary=number(1)) for serial in (2, 3)]
    (batch,) = written(joined([main, *rest]))
    text = batch.bytes(True).decode("ascii").splitlines()
    assert [one.rstrip() for one in text if one.startswith("89")] == ["89499     692800"]


def exempt(one: FeeExemption, serial: int) -> Rows:
    """A summary whose articles the exemption is for."""
    if one.kind == "entry_type":
        return summary(serial, one.code)
    if one.kind == "zone_status":
        return change(summary(serial, "06"), "lines", zone_status=one.code)
    rows = summary(serial)
    if one.kind == "program":
        return change(rows, "lines", program_indicator=one.code)
    if one.kind == "origin":
        return change(rows, "lines", country_of_origin=one.code)
    if one.kind == "chapter":
        free = {"hts_number": "9801001012", "value": 0, "duty": Decimal(0), "position": 2}
        rows["tariffs"] += [tariff(number(serial), line, **free, quantity=None, unit=None) for line in (1, 2)]
        return rows
    return rows


def all_exemptions() -> list[FeeExemption]:
    found = [one for kind in KINDS for one in fee_rates.exemptions("499", kind)]
    return [one for one in found if one.kind != "article_set"]


def test_each_exemption_frees_its_articles_on_its_days() -> None:
    held = all_exemptions()
    assert len(held) > 80
    rows = [exempt(one, serial) for serial, one in enumerate(held, start=100)]
    owing: set[str] = set()
    for batch in written(joined(rows)):
        text = batch.bytes(True).decode("ascii").splitlines()
        for one in text:
            if one.startswith("10A"):
                entry = f"{one[3:6]}-{one[8:15]}-{one[15]}"
            if one.startswith("62499"):
                owing.add(entry)
    for serial, one in enumerate(held, start=100):
        over = one.last is not None and one.last < DAY
        assert (number(serial) in owing) is over, one


def test_articles_that_no_list_frees_owe() -> None:
    for program in ("A", "JO", "MA", "N", "D", "JP", "Z", "W", "NP"):
        rows = change(summary(1), "lines", program_indicator=program)
        assert fees_of(rows) == {"499": 6928}, program


def test_the_line_overrules_the_lists_both_ways() -> None:
    free = change(summary(1), "lines", mpf_exempt=True)
    assert fees_of(free) == {}
    owing = change(summary(1), "lines", program_indicator="S", mpf_exempt=False)
    assert fees_of(owing) == {"499": 6928}


def test_a_set_owes_once_at_its_header() -> None:
    rows = summary(1, "01", "11")
    key = number(1)
    rows["lines"][0] |= {"article_set": "X"}
    rows["lines"][1] |= {"article_set": "V"}
    rows["lines"].append({**rows["lines"][1], "line": 3})
    rows["tariffs"].append(tariff(key, 3))
    rows = {**rows, "tariffs": [one | {"duty": None} if one["line"] != 1 else one for one in rows["tariffs"]]}
    assert fees_of(rows) == {"499": 3464, "501": 1250}
    assert lines_of(rows, "62") == ["62499    3464", "62501    1250"]


@pytest.mark.parametrize("kind", [one.code for one in fee_rates.exemptions("501", "entry_type")])
def test_types_without_harbor_fee(kind: str) -> None:
    if kind in ("31", "32", "34", "38"):
        assert "501" not in fees_of(summary(1, kind))
    else:
        assert "501" not in fees_of(summary(1, kind, "11"))


@pytest.mark.parametrize("mode", ["10", "11", "12"])
def test_vessel_and_border_water_owe_harbor_fee(mode: str) -> None:
    assert fees_of(summary(1, "01", mode)) == {"499": 6928, "501": 2500}
    assert "501" not in fees_of(summary(1, "01", "40"))


def test_three_dollars_of_harbor_fee_and_nothing_else_are_a_trifle() -> None:
    rows = change(summary(1, "23", "11"), "tariffs", duty=Decimal(0))
    last = [one | {"value": 1200 if one["position"] == 2 else 0} for one in rows["tariffs"]]
    assert fees_of({**rows, "tariffs": last}) == {}
    last = [one | {"value": 1204 if one["position"] == 2 else 0} for one in rows["tariffs"]]
    assert fees_of({**rows, "tariffs": last}) == {"501": 302}
    owing = [one | {"value": 1200, "duty": Decimal("0.01")} for one in rows["tariffs"]]
    assert "501" in fees_of({**rows, "tariffs": owing})


def test_informal_fee_and_its_exemptions() -> None:
    assert fees_of(summary(1, "11")) == {"311": 277}
    assert lines_of(summary(1, "11"), "34") == ["34311     277"]
    assert fees_of(summary(1, "11", exempt_port=True)) == {}
    assert fees_of(change(summary(1, "11"), "lines", country_of_origin="IL")) == {}
    half = summary(1, "11")
    half["lines"][0] |= {"country_of_origin": "IL"}
    assert fees_of(half) == {"311": 277}
    assert fees_of(summary(1, "11", express_informal=True)) == {}


def test_mail_pays_the_mail_fee_if_it_is_dutiable() -> None:
    assert fees_of(summary(1, "11", "50")) == {"496": 761}
    assert fees_of(change(summary(1, "11", "50"), "tariffs", duty=Decimal(0))) == {}


def test_a_consolidating_informal_summary_pays_for_each_release() -> None:
    main = summary(1, "11", consolidating=True, filing_route="ae_only")
    rest = [summary(serial, "11", consolidated_summary=number(1)) for serial in (2, 3, 4)]
    (batch,) = written(joined([main, *rest]))
    text = batch.bytes(True).decode("ascii").splitlines()
    assert [one.rstrip() for one in text if one.startswith("34")] == ["34311     831"]


def test_a_record_of_nothing_but_exempt_lines_has_no_fee_records() -> None:
    rows = change(summary(1), "lines", country_of_origin="IL")
    assert lines_of(rows, "62") == [] and lines_of(rows, "89") == []
    assert int(lines_of(rows, "90")[0][14:25]) == 0
    assert made(rows).numbers == [number(1)]
