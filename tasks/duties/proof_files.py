"""What a file needs to prove something: enough in it, and nothing else that it proves already.

One digest proves one item: an item of the evidence of an incident, or a duty (with its policy, provider
or client). Used again for another item it needs a reason, which the event keeps. The same file may prove
the same duty in a later term. A withdrawn proof of a duty does not count.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tasks.core.errors import Problem
from tasks.duties.tables import PROOF_USES

Rows = Callable[[sa.Select[Any]], Sequence[sa.Row[Any]]]
_BLANK = b" \t\r\n\v\f\0"


@cache
def least_bytes() -> int:
    """The fewest bytes of a proof, blanks and zero bytes not counted (`data/proofs.toml`)."""
    text = files("continuity_data").joinpath("proofs.toml").read_text(encoding="utf-8")
    return int(tomllib.loads(text)["least_bytes"])


def evidence_proof_name(incident: str, item: str) -> str:
    """How an item of an incident's evidence is called here."""
    return f"evidence item {item} of incident {incident}"


def duty_proof_name(name: str, item: str) -> str:
    """How a duty, or one policy, provider or client of it, is called here."""
    return f"duty {name} {item}".strip()


def record_proof_uses(connection: sa.Connection, seq: int, proves: str, digests: Iterable[str]) -> None:
    """Note that event `seq` makes these files prove something. For the projections of duties and incidents."""
    rows = [{"digest": digest, "proves": proves, "seq": seq} for digest in set(digests)]
    if rows:
        connection.execute(sa.insert(PROOF_USES), rows)


def _proof_uses(rows: Rows, digest: str) -> Sequence[sa.Row[Any]]:
    """All that a file proves now, in the order of the events."""
    return rows(sa.select(PROOF_USES).where(PROOF_USES.c.digest == digest).order_by(PROOF_USES.c.seq))


def other_proofs(rows: Rows, proves: str, digests: Iterable[str]) -> tuple[str, ...]:
    """What else these files prove, each once. `rows`: `journal.rows`, or `pen.rows` under the writer's lock."""
    uses = (use.proves for digest in digests for use in _proof_uses(rows, digest))
    return tuple(dict.fromkeys(other for other in uses if other != proves))


def proof_problems(rows: Rows, proves: str, paths: Iterable[Path], reason: str, column: str = "") -> Iterator[Problem]:
    """What keeps files that exist from proving this: too small, or proving something else already."""
    for path in paths:
        data = path.read_bytes()
        digest = sha256(data).hexdigest()
        if (size := len(data.translate(None, _BLANK))) < least_bytes():
            yield Problem(
                file=str(path),
                column=column,
                value=f"{len(data):,} bytes, SHA-256 {digest}",
                code="proof-too-small",
                values={"proves": proves, "size": size, "least_bytes": least_bytes()},
            )
        for use in () if reason.strip() else _proof_uses(rows, digest):
            if use.proves != proves:
                yield Problem(
                    file=str(path),
                    column=column,
                    value=f"{len(data):,} bytes, SHA-256 {digest}",
                    code="proof-already-used",
                    values={"proves": proves, "proves2": use.proves, "event": use.seq},
                )


def reuse_note(also: Sequence[str], reason: str) -> str:
    """What else a proof proves and why, for a listing; empty if nothing else."""
    return f"the same file also proves {', '.join(also)}; reason: {reason}" if also else ""
