"""Made-up but life-like entries in bulk, column by column, for benchmarks and large tests."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.entries.numbers.entry_numbers import printed_numbers
from tasks.entries.record.entry_record import record_schema
from tasks.entries.record.record_fields import RECORD_TABLES

PORTS = ("3801", "2704", "3901", "4601", "2304", "5301", "0901", "2720", "1303", "3001")
_MODES = ("30", "11", "40")
_COUNTRIES = ("CN", "MX", "DE", "TW", "VN", "IN", "JP", "IT")
_CITIES = ("SHENZHEN", "MONTERREY", "STUTTGART", "TAICHUNG", "HO CHI MINH CITY", "PUNE")
_GOODS = (
    "STEEL HEX BOLTS, ZINC PLATED",
    "COTTON KNIT T-SHIRTS, MENS",
    "LED DRIVER MODULES 24V",
    "MACHINED ALUMINUM HOUSINGS",
    "FROZEN SHRIMP, PEELED",
    "WOODEN BEDROOM FURNITURE",
)


def made_tables(entries: int, lines: int, seed: int = 7, first: int = 1) -> dict[str, pa.Table]:
    """Tables of the entry record: truck, ocean and air entries of type 01, `lines` in all.

    Truck has a simple bill, ocean master and house in one or two groups with a container each,
    air master and house. Manufacturer and seller by name and address, buyer and consignee by
    number; one line in six has a manufacturer of its own, one in five a chapter 99 number first,
    one in twelve a disclaimer.
    """
    dice = np.random.default_rng(seed)
    numbers = pa.array(printed_numbers("entry", "ABC", first, first + entries - 1))
    per = _spread(entries, lines)
    mode = dice.integers(0, 3, entries)
    tables = {
        "entries": _entries(numbers, mode, per, dice, first),
        **_bills(numbers, mode, dice),
        "parties": _parties(numbers, per, dice),
        **_lines(numbers, per, dice),
    }
    return {name: tables.get(name, record_schema(name).empty_table()) for name in RECORD_TABLES}


def write_parquet(tables: dict[str, pa.Table], folder: Path) -> dict[str, Path]:
    """One file a table, sorted by entry number as the ledger keeps them."""
    paths = {}
    for name, table in tables.items():
        paths[name] = folder / f"{name}.parquet"
        pq.write_table(table, paths[name], compression="zstd", row_group_size=1 << 17)
    return paths


def _spread(entries: int, lines: int) -> np.ndarray:
    """Lines of each entry: one in three small, one in three large, the sum exact."""
    weight = np.tile([0.4, 1.0, 1.6], entries // 3 + 1)[:entries]
    bounds = np.round(np.cumsum(weight) * lines / weight.sum()).astype(np.int64)
    return np.maximum(np.diff(np.concatenate(([0], bounds))), 1)


def _entries(numbers: pa.Array, mode: np.ndarray, per: np.ndarray, dice: np.random.Generator, first: int) -> pa.Table:
    count = len(numbers)
    return _table(
        "entries",
        entry_number=numbers,
        desk=_pick(("truck", "ocean", "air"), mode),
        filing_route=_same("se_then_ae", count),
        entry_type=_same("01", count),
        port_of_entry=_pick(PORTS, np.arange(count) % len(PORTS)),
        importer_type=_same("EI", count),
        importer_number=_text("{:02d}-{:07d}00", dice.integers(10, 99, count), np.arange(count)),
        importer_name=_text("IMPORTER {:05d} INC", dice.integers(0, 500, count)),
        mode_of_transport=_pick(_MODES, mode),
        bond_type=_same("8", count),
        entered_value=pa.array(per * 1000),
        carrier_code=_pick(("ABCT", "MAEU", "CX"), mode),
        conveyance_name=_text("CONVEYANCE {:03d}", dice.integers(0, 300, count)),
        voyage=_text("V{:04d}", dice.integers(0, 9999, count)),
        contact_name=_same("JO HARBOR", count),
        contact_phone=_same("5625550100", count),
        broker_reference=_text("L{:08d}", np.arange(first, first + count) % 10**8),
        arrival_date=pa.array([date(2026, 11, 20)] * count, pa.date32()),
    )


def _bills(numbers: pa.Array, mode: np.ndarray, dice: np.random.Generator) -> dict[str, pa.Table]:
    """R for trucks; M and H for ocean and air; every second ocean entry has a second group."""
    second = (mode == 1) & (np.arange(len(mode)) % 2 == 1)
    row = np.concatenate([np.flatnonzero(mode == 0), *[np.flatnonzero(mode > 0)] * 2, *[np.flatnonzero(second)] * 2])
    truck, pairs, extra = (mode == 0).sum(), (mode > 0).sum(), second.sum()
    kind = np.repeat([0, 1, 2, 1, 2], [truck, pairs, pairs, extra, extra])
    group = np.repeat([1, 1, 1, 2, 2], [truck, pairs, pairs, extra, extra])
    order = np.lexsort((kind, group, row))
    row, kind, group = row[order], kind[order], group[order]
    serial = dice.integers(10**7, 10**8, len(row))
    prefix = np.where(mode[row] == 2, 160, 800)
    issuer = _pick(("ABCT", "MAEU", "FWDR"), kind)
    bills = _table(
        "bills",
        entry_number=numbers.take(pa.array(row)),
        bill_group=pa.array(group),
        bill_type=_pick(("R", "M", "H"), kind),
        issuer=pa.array(issuer.to_numpy(zero_copy_only=False), mask=mode[row] == 2),
        bill_number=_text("{:03d}{:08d}", prefix, serial),
        quantity=pa.array(dice.integers(1, 999, len(row)), mask=kind == 1),
        unit=_same("CTN", len(row)),
    )
    held = np.unique(np.stack([row[mode[row] == 1], group[mode[row] == 1]]), axis=1)
    equipment = _table(
        "equipment",
        entry_number=numbers.take(pa.array(held[0])),
        bill_group=pa.array(held[1]),
        equipment_number=_text("MSCU{:07d}", dice.integers(0, 10**7, held.shape[1])),
    )
    return {"bills": bills, "equipment": equipment}


def _parties(numbers: pa.Array, per: np.ndarray, dice: np.random.Generator) -> pa.Table:
    """Four parties for each entry, and a manufacturer of its own for one line in six."""
    count = len(numbers)
    row = np.repeat(np.arange(count), 4)
    code = np.tile([0, 1, 2, 3], count)
    entry, line = _each_line(per)
    own = np.flatnonzero(np.arange(len(entry)) % 6 == 5)
    row, code = np.concatenate((row, entry[own])), np.concatenate((code, np.zeros(len(own), int)))
    line = np.concatenate((np.zeros(4 * count, int), line[own]))
    order = np.lexsort((code, line, row))
    row, code, line = row[order], code[order], line[order]
    firm = dice.integers(0, 4000, len(row))
    by_number = code >= 2
    return _table(
        "parties",
        entry_number=numbers.take(pa.array(row)),
        line=pa.array(line),
        party=_pick(("MF", "SE", "BY", "CN"), code),
        name=_masked(_text("WORKS AND TRADING COMPANY {:04d}", firm), by_number),
        number_type=_masked(_same("EI", len(row)), ~by_number),
        number=_masked(_text("12-{:07d}00", firm), ~by_number),
        address=_masked(_text("{:04d} INDUSTRIAL ROAD SECTION FOUR", firm), by_number),
        city=_masked(_pick(_CITIES, firm % len(_CITIES)), by_number),
        postal_code=_masked(_text("{:05d}", firm), by_number),
        country=_masked(_pick(_COUNTRIES, firm % len(_COUNTRIES)), by_number),
    )


def _lines(numbers: pa.Array, per: np.ndarray, dice: np.random.Generator) -> dict[str, pa.Table]:
    entry, line = _each_line(per)
    count = len(entry)
    goods = dice.integers(0, 60000, count)
    lines = _table(
        "lines",
        entry_number=numbers.take(pa.array(entry)),
        line=pa.array(line),
        country_of_origin=_pick(_COUNTRIES, goods % len(_COUNTRIES)),
        description=_text("{} {:05d}", np.array(_GOODS, dtype=object)[goods % 6], goods),
    )
    extra = np.arange(count) % 5 == 0
    row = np.concatenate((np.flatnonzero(extra), np.arange(count)))
    additional = np.concatenate((np.ones(extra.sum(), bool), np.zeros(count, bool)))
    order = np.lexsort((~additional, row))
    row, additional = row[order], additional[order]
    hts = _text("{:04d}{:06d}", 7301 + goods[row] % 25, goods[row])
    position = np.where(additional | ~extra[row], 1, 2)
    tariffs = _table(
        "tariffs",
        entry_number=numbers.take(pa.array(entry[row])),
        line=pa.array(line[row]),
        position=pa.array(position),
        hts_number=_chosen(additional, "99038803", hts),
        value=pa.array(np.full(len(row), 1000), mask=additional),
    )
    held = np.flatnonzero(np.arange(count) % 12 == 0)
    pga = _table(
        "pga",
        entry_number=numbers.take(pa.array(entry[held])),
        line=pa.array(line[held]),
        position=pa.array(np.where(extra[held], 2, 1)),
        agency=_same("EPA", len(held)),
        program=_same("TS1", len(held)),
        disclaimer=_same("A", len(held)),
    )
    return {"lines": lines, "tariffs": tariffs, "pga": pga}


def _each_line(per: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Entry row and line number of every line."""
    entry = np.repeat(np.arange(len(per)), per)
    start = np.repeat(np.cumsum(per) - per, per)
    return entry, np.arange(len(entry)) - start + 1


def _table(name: str, /, **columns: pa.Array) -> pa.Table:
    kinds = record_schema(name)
    length = len(next(iter(columns.values())))
    return pa.table(
        [columns[kind.name].cast(kind.type) if kind.name in columns else pa.nulls(length, kind.type) for kind in kinds],
        schema=kinds,
    )


def _pick(values: tuple[str, ...], index: np.ndarray) -> pa.Array:
    return pa.array(values).take(pa.array(index))


def _same(value: str, count: int) -> pa.Array:
    return pa.array([value]).take(pa.array(np.zeros(count, dtype=np.int64)))


def _text(pattern: str, *columns: np.ndarray) -> pa.Array:
    return pa.array(map(pattern.format, *(column.tolist() for column in columns)), pa.string())


def _masked(column: pa.Array, off: np.ndarray) -> pa.Array:
    return pc.if_else(pa.array(off), pa.scalar(None, column.type), column)


def _chosen(where: np.ndarray, value: str, column: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(where), value, column)
