"""The off-line kit that was built."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tasks.core.journal.bodies import LocalBody


class KitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a kit was made of, also in its `kit.json`.

    `head_seq`, `head`: the journal's head. `parts`: each part with a text that changes when its
    sources do. `numbers`: issued and unused. `program`: version; `wheel`: its file,
    `platforms`: what it can be installed on; all empty in a kit without programs. `python`: the
    Python installer and `python_sha256` its SHA-256, empty without one.
    """

    name: str
    made: str
    filer: str
    drill: bool
    head_seq: int
    head: str
    parts: dict[str, str]
    numbers: int
    program: str
    wheel: str
    wheel_sha256: str
    platforms: list[str]
    python: str
    python_sha256: str


class KitBuilt(LocalBody, frozen=True, kw_only=True):
    """A kit was written. `manifest`: SHA-256 of its manifest; `sealed`: of the sealed archive,
    empty where none was made."""

    kind: ClassVar[str] = "kit.built"
    facts: KitFacts
    manifest: str
    sealed: str
