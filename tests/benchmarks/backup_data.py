"""The data that the backup benchmark measures with: made anew each time from a fixed seed."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

_WORDS = """entry importer consignee carrier bond port manifest release invoice tariff origin value
duty weight gross container seal vessel voyage broker surety drawback protest liquidation notice
shipment commodity licence permit certificate agency review hold examination delivery order"""
WORDS = _WORDS.split()


def text(dice: random.Random, size: int) -> bytes:
    """Prose and numbers as letters and EDI hold them."""
    parts, have = [], 0
    while have < size:
        piece = " ".join(dice.choices(WORDS, k=9)) + f" {dice.randrange(10**9)}-{dice.randrange(99)}\n"
        parts.append(piece)
        have += len(piece)
    return "".join(parts).encode()[:size]


def table(dice: random.Random, size: int) -> bytes:
    """Rows of a CSV export."""
    parts, have, number = [], 0, dice.randrange(10**6)
    while have < size:
        number += 1
        a, b = dice.randrange(10**8), dice.randrange(10**6)
        day = f"2026-{b % 12 + 1:02d}-{a % 28 + 1:02d}"
        row = f"ABC-{number:07d}-{b % 10},{a / 100:.2f},{day},{b:06d},{WORDS[b % len(WORDS)]}\n"
        parts.append(row)
        have += len(row)
    return "".join(parts).encode()[:size]


def document(dice: random.Random, size: int) -> bytes:
    """A PDF in its proportions: a little text, then streams that are compressed already."""
    return b"%PDF-1.7\n" + text(dice, size // 6) + dice.randbytes(size * 5 // 6)


def columns(dice: random.Random, size: int) -> bytes:
    """Half-compressible columns as in a Parquet file."""
    parts, have = [], 0
    while have < size:
        packed = dice.randbytes(1 << 15)
        parts += [packed, table(dice, 1 << 14), bytes(1 << 12)]
        have += sum(map(len, parts[-3:]))
    return b"".join(parts)[:size]


def database(path: Path, dice: random.Random, rows: int) -> None:
    book = sqlite3.connect(path)
    book.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, number TEXT, body TEXT, seal BLOB)")
    lines = ((i, f"ABC-{i:07d}", " ".join(dice.choices(WORDS, k=20)), dice.randbytes(64)) for i in range(rows))
    book.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", lines)
    book.commit()
    book.close()


def make_data(folder: Path, megabytes: int, seed: int = 20261124) -> None:
    """About `megabytes` MB in about nine files a megabyte, an eighth of it copies."""
    dice, scale = random.Random(seed), megabytes / 1600
    made: list[Path] = []
    kinds = (
        ("documents", 9000, document, 8_000, 110_000, "pdf"),
        ("batches", 3500, text, 2_000, 40_000, "abi"),
        ("letters", 2000, text, 3_000, 12_000, "eml"),
        ("sheets", 1200, document, 20_000, 80_000, "xlsx"),
        ("content", 60, columns, 2_000_000, 9_000_000, "parquet"),
        ("exports", 4, table, 40_000_000, 60_000_000, "csv"),
        ("scans", 2, document, 60_000_000, 80_000_000, "tar"),
    )
    for kind, count, make, least, most, ending in kinds:
        for number in range(max(1, round(count * scale))):
            shelf = folder / "data" / kind / f"{number // 120:03d}"
            shelf.mkdir(parents=True, exist_ok=True)
            path = shelf / f"{kind}-{number:05d}.{ending}"
            size = dice.randint(least, most)
            # a size at which not even one file of a kind is due has a smaller one
            path.write_bytes(make(dice, round(size * min(1, count * scale))))
            made.append(path)
    database(folder / "data" / "journal.sqlite", dice, max(10, round(400_000 * scale)))
    copies = folder / "data" / "copies"
    copies.mkdir()
    for number, path in enumerate(dice.sample(made[: len(made) * 3 // 4], len(made) // 6)):
        (copies / f"{number:05d}-{path.name}").write_bytes(path.read_bytes())


def change(folder: Path, round_: int) -> None:
    """One file in a hundred is written anew, one in three hundred is new; a hundredth of each large
    file changes in place; the database gains rows."""
    dice = random.Random(f"change {round_}")
    files = sorted(p for p in (folder / "data").rglob("*") if p.is_file())
    small = [p for p in files if p.stat().st_size < 1_000_000]
    for path in dice.sample(small, len(small) // 100):
        path.write_bytes(document(dice, path.stat().st_size + dice.randrange(100)))
    for number in range(len(small) // 300):
        (folder / "data" / "copies" / f"new-{round_}-{number}.eml").write_bytes(text(dice, 9000))
    for path in files:
        if path.stat().st_size >= 30_000_000 and path.suffix != ".sqlite":
            size = path.stat().st_size // 100
            with path.open("r+b") as file:
                file.seek(dice.randrange(path.stat().st_size - size))
                file.write(dice.randbytes(size))
    book = sqlite3.connect(folder / "data" / "journal.sqlite")
    rows = ((f"NEW-{i}", "added", dice.randbytes(64)) for i in range(3000))
    book.executemany("INSERT INTO entry (number, body, seal) VALUES (?, ?, ?)", rows)
    book.commit()
    book.close()
