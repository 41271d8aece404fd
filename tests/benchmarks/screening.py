"""Measures partner screening against real lists, run by hand.

    python tests/benchmarks/screening.py DIR [--each 2000] [--clean 20000] [--partners 100000] [--no-second]

DIR holds ofac_2024-01-08, ofac_2024-05-03 and ofac_deltas. Queries: equal eighths of changed names
(`perturb.py`), real ALT aliases held out among them; clean names are drawn from no list. Recall is
the share of queries whose record is among the hits. All engines see the same queries, the same
listed names and the same clean names, and are compared at the same share of clean names that alert.
`--no-second` leaves logic-v2 of nomenklatura out.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np
import pyarrow as pa
from rapidfuzz.fuzz import WRatio
from rapidfuzz.process import cpdist
from scipy.sparse import csr_matrix
from sparse_dot_topn import sp_matmul_topn

from tasks.screening.matching.matcher import NameIndex, build_index
from tasks.screening.matching.name_words import group_codes, plain_name
from tasks.screening.matching.partner_index import PartnerIndex, prepare_partners
from tasks.screening.matching.second_opinion import Opinion, logic_v2, opinion_installed
from tests.benchmarks.ofac_folder import listed_names
from tests.benchmarks.perturb import clean
from tests.benchmarks.screening_queries import Query, eighths

ALERTS = 0.01
SEED = 20240108
TOP = 50

Figures = dict[str, float | int | str | bool]


class Watch:
    """Wall and processor seconds since it was made."""

    def __init__(self) -> None:
        self.start = time.perf_counter(), time.process_time()

    def took(self) -> tuple[float, float]:
        return time.perf_counter() - self.start[0], time.process_time() - self.start[1]


@dataclass(frozen=True)
class Measured:
    """Best score of the right record of each query, best wrong one, and best of each clean name."""

    right: np.ndarray
    wrong: np.ndarray
    clean: np.ndarray
    seconds: float
    busy: float
    """Processor seconds of all threads: what a machine shared with others is compared by."""

    @property
    def names(self) -> int:
        return len(self.right) + len(self.clean)

    def limit(self, alerts: float = ALERTS) -> float:
        return float(np.quantile(self.clean, 1 - alerts))


def ours(index: NameIndex, queries: list[Query], honest: list[str], opinion: Opinion | None) -> Measured:
    """All pairs from a score of 0.2; the time is that of a screening at the model's own threshold."""
    texts = [query.name for query in queries] + honest
    table = pa.table({"partner": [str(n) for n in range(len(texts))], "name": texts})
    watch = Watch()
    index.screen(prepare_partners(table), opinion=opinion)
    took = watch.took()
    hits = index.screen(prepare_partners(table), opinion=opinion, least=0.2)
    who = np.array(hits["partner"].to_pylist(), dtype=np.int64)
    return split(who, hits["record"].to_pylist(), hits["score"].to_numpy(), queries, len(texts), took)


def split(who, records, scores, queries: list[Query], names: int, took: tuple[float, float]) -> Measured:
    wanted = np.array([query.record for query in queries] + [""] * (names - len(queries)), dtype=object)
    right = np.array(records, dtype=object) == wanted[who]
    best = {}
    for key, mask in (("right", right), ("wrong", ~right)):
        best[key] = np.zeros(names)
        np.maximum.at(best[key], who[mask], scores[mask])
    count = len(queries)
    return Measured(best["right"][:count], best["wrong"][:count], best["wrong"][count:], *took)


@dataclass(frozen=True)
class Trigrams:
    """The plain engine: cosine of character trigrams, the best TOP scored with WRatio."""

    weight: np.ndarray
    listed: csr_matrix
    names: list[str]
    records: list[str]

    @classmethod
    def of(cls, names: pa.Table) -> Trigrams:
        texts = [" ".join(plain_name(name)) for name in names["name"].to_pylist()]
        rows = group_codes(np.array(texts, dtype=object), 0)
        met = np.bincount(rows.indices, minlength=rows.shape[1])
        weight = np.log((1 + len(texts)) / (1 + met))
        return cls(weight, csr_matrix(unit(rows, weight).T), texts, names["record"].to_pylist())

    def candidates(self, texts: list[str]) -> Iterator[tuple[np.ndarray, ...]]:
        for first in range(0, len(texts), 2000):
            rows = unit(group_codes(np.array(texts[first : first + 2000], dtype=object), 0), self.weight)
            found = sp_matmul_topn(rows, self.listed, top_n=TOP, sort=True, n_threads=2)
            who = np.repeat(np.arange(rows.shape[0]), np.diff(found.indptr)) + first
            yield who, found.indices, found.data

    def measure(self, queries: list[Query], honest: list[str]) -> Measured:
        watch = Watch()
        texts = [" ".join(plain_name(name)) for name in [query.name for query in queries] + honest]
        who, row, score = [], [], []
        for left, right, cosine in self.candidates(texts):
            who.append(left)
            row.append(right)
            a, b = [texts[n] for n in left], [self.names[n] for n in right]
            # WRatio gives many pairs the same score: the cosine tells them apart
            score.append(cpdist(a, b, scorer=WRatio, workers=2, dtype=np.float64) + cosine)
        took = watch.took()
        records = [self.records[n] for n in np.concatenate(row)]
        return split(np.concatenate(who), records, np.concatenate(score), queries, len(texts), took)


def unit(rows: csr_matrix, weight: np.ndarray) -> csr_matrix:
    rows = csr_matrix((weight[rows.indices], rows.indices, rows.indptr), shape=rows.shape)
    norm = np.sqrt(rows.multiply(rows).sum(axis=1)).A1
    rows.data /= np.repeat(np.maximum(norm, 1e-9), np.diff(rows.indptr))
    return csr_matrix(rows, dtype=np.float64)


def logic(engine: Trigrams, names: pa.Table, queries: list[Query], honest: list[str]) -> Measured:
    """logic-v2 on the best ten of the trigram index, on a sample."""
    opinion, watch = logic_v2(), Watch()
    raw, kinds = names["name"].to_pylist(), names["kind"].to_pylist()
    texts = [query.name for query in queries] + honest
    who, row, _ = (np.concatenate(part) for part in zip(*engine.candidates(
        [" ".join(plain_name(text)) for text in texts]), strict=True))  # fmt: skip
    order = np.flatnonzero(np.arange(len(who)) - np.searchsorted(who, who) < 10)
    who, row = who[order], row[order]
    score = opinion.judge([(texts[n], "unknown") for n in who], [(raw[n], kinds[n]) for n in row])
    took = watch.took()
    return split(who, [engine.records[n] for n in row], score, queries, len(texts), took)


def line(name: str, found: Measured, limit: float) -> Figures:
    hit, alert = found.right >= limit, found.clean >= limit
    false = alert.sum() + ((found.wrong >= limit) & ~hit).sum()
    precision = hit.sum() / max(1, hit.sum() + false)
    print(f"{name:<46} recall {hit.mean():.4f}  precision {precision:.4f}  alerts {alert.mean():.4f}"
          f"  {found.names / found.seconds:>7,.0f}/s"
          f" ({found.names / found.busy:,.0f} a processor second)", flush=True)  # fmt: skip
    return {"engine": name, "recall": float(hit.mean()), "precision": float(precision),
            "alerts": float(alert.mean())}  # fmt: skip


def kinds(name: str, found: Measured, limit: float, queries: list[Query]) -> None:
    hit, each = found.right >= limit, np.array([query.kind for query in queries])
    shares = (f"{kind} {hit[each == kind].mean():.3f}" for kind in dict.fromkeys(each.tolist()))
    print(f"  {name}: " + ", ".join(shares))


def engines(names: pa.Table, each: int, honest: list[str], second: bool) -> list[Figures]:
    """The figures of each engine. `second`: with logic-v2."""
    listed, queries = eighths(names, each, SEED)
    print(f"{len(listed):,} listed names, {len(queries):,} queries, {len(honest):,} clean names")
    index, plainly = build_index(listed), Trigrams.of(listed)
    index.screen(prepare_partners(pa.table({"partner": ["a"], "name": ["WARM UP"]})))
    base, own = plainly.measure(queries, honest), ours(index, queries, honest, None)
    here = float((own.clean >= index.model.alert).mean())
    model = f"model {index.model.version}"
    found = [
        line(f"WRatio on the trigram index, at {ALERTS:.0%} alerts", base, base.limit()),
        line(f"{model}, at {ALERTS:.0%} alerts", own, own.limit()),
        line(f"{model}, at its own threshold", own, index.model.alert),
        line("WRatio, at the alerts of that threshold", base, base.limit(here)),
    ]
    kinds("WRatio", base, base.limit(), queries)
    kinds(model, own, own.limit(), queries)
    if not second:
        print("logic-v2 is left out (--no-second)")
    else:
        both = ours(index, queries, honest, logic_v2())
        found += [
            line(f"with second opinion, at {ALERTS:.0%} alerts", both, both.limit()),
            line("with second opinion, at its own threshold", both, index.model.alert),
        ]
        some = random.Random(SEED).sample(queries, min(len(queries), 800))
        alone = logic(plainly, listed, some, honest[: 2 * len(some)])
        found += [line(f"logic-v2 alone, {alone.names:,} names, at {ALERTS:.0%}", alone, alone.limit())]
    return found


def whole(names: pa.Table, honest: list[str]) -> PartnerIndex:
    """All partners against the whole list, from the tables on."""
    table = pa.table({"partner": [str(n) for n in range(len(honest))], "name": honest})
    start = time.perf_counter()
    index = build_index(names)
    built = time.perf_counter()
    partners = prepare_partners(table)
    prepared = time.perf_counter()
    hits = index.screen(partners)
    end = time.perf_counter()
    print(f"{len(honest):,} partners against {len(names):,} listed names: {end - start:.1f} s "
          f"(list {built - start:.1f}, partners {prepared - built:.1f}, screening {end - prepared:.1f}), "
          f"{len(hits):,} hits, {len(honest) / (end - start):,.0f}/s, {peak():,.0f} MiB")  # fmt: skip
    return partners


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def changed(old: pa.Table, new: pa.Table) -> list[str]:
    """Records of `new` that are new or have other names than in `old`."""

    def names(table: pa.Table) -> dict[str, set[tuple]]:
        found: dict[str, set[tuple]] = {}
        for row in table.to_pylist():
            found.setdefault(row["record"], set()).add((row["name"], row["strength"], row["kind"]))
        return found

    before = names(old)
    return [record for record, found in names(new).items() if found != before.get(record)]


def delta(label: str, new: pa.Table, records: list[str], partners: PartnerIndex, full: pa.Table) -> Figures:
    mask = pa.array(np.isin(np.array(new["record"].to_pylist()), records))
    some = new.filter(mask)
    build_index(some).screen(partners)
    start = time.perf_counter()
    hits = build_index(some).screen(partners)
    took = time.perf_counter() - start
    wanted = full.filter(pa.array(np.isin(np.array(full["record"].to_pylist()), records)))
    equal = hits.to_pylist() == wanted.to_pylist()
    print(f"{label}: {len(records):,} records, {len(some):,} names against {len(partners):,} partners: "
          f"{took * 1000:.0f} ms, {took * 100_000 / len(records):.0f} ms per 100 changes, {len(hits):,} hits, "
          f"{'equal to' if equal else 'DIFFERENT FROM'} the full run")  # fmt: skip
    return {"records": len(records), "names": len(some), "hits": len(hits), "equal": equal}


def deltas(folder: Path, partners: PartnerIndex) -> list[Figures]:
    alt = folder / "ofac_2024-01-08" / "alt.csv"
    old = listed_names(folder / "ofac_2024-01-08" / "sdn.csv", alt)
    new = listed_names(folder / "ofac_2024-05-03" / "sdn.csv", alt)
    records, full = changed(old, new), build_index(new).screen(partners)
    found = [delta("2024-01-08 -> 2024-05-03", new, records, partners, full)]
    with (folder / "ofac_deltas" / "sdn_daily_delta.csv").open() as source:
        sizes = [int(row["added"]) + int(row["name_changed"]) for row in csv.DictReader(source)]
    sizes = sorted(size for size in sizes if 0 < size <= len(records))
    for share in (0.5, 0.9, 0.99):
        size = sizes[int(share * (len(sizes) - 1))]
        some = random.Random(SEED).sample(records, size)
        label = f"a day's change, {share:.0%} of days have fewer"
        found.append(delta(label, new, some, partners, full))
    return found


def main(arguments: Sequence[str] | None = None) -> tuple[list[Figures], list[Figures]]:
    """The figures of the engines, and of the changed lists."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=2000, help="queries of each kind")
    parser.add_argument("--clean", type=int, default=20_000, help="clean names")
    parser.add_argument("--partners", type=int, default=100_000)
    parser.add_argument("--no-second", action="store_true", help="leave logic-v2 out")
    given = parser.parse_args(arguments)
    if not (given.no_second or opinion_installed()):
        sys.exit("logic-v2 is not installed: pip install '.[second-opinion]', or give --no-second")
    first = given.folder / "ofac_2024-01-08"
    names = listed_names(first / "sdn.csv", first / "alt.csv")
    found = engines(names, given.each, clean(given.clean, SEED), not given.no_second)
    partners = whole(names, clean(given.partners, SEED + 1))
    return found, deltas(given.folder, partners)


if __name__ == "__main__":
    main()
