"""The base of all bodies, and how one is written and read."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, ClassVar

import msgspec

from tasks.core.errors import JournalBroken
from tasks.core.registry import load_events


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where an adopted event stood in the book it came from."""

    seq: int
    at: str
    digest: str


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all bodies. `origin` is set only on events adopted from another journal.

    `content_fields`: fields that name content by SHA-256. Not `source`: a file as a desk handed it in
    holds private data in the clear and is not kept."""

    kind: ClassVar[str] = ""
    content_fields: ClassVar[tuple[str, ...]] = ("content", "accounting", "plan", "private", "proof")
    version: ClassVar[int] = 1
    origin: Origin | None = None


def _all(base: type[Body]) -> dict[str, type[Body]]:
    found = {base.kind: base} if base.kind else {}
    for child in base.__subclasses__():
        found |= _all(child)
    return found


@cache
def body_types() -> dict[str, type[Body]]:
    """Every event type of all packages, by its name."""
    load_events()
    return _all(Body)


def canonical(value: Any, *, floats: bool = True) -> str:
    """JSON with sorted keys, no blanks, Unicode as it is: one text for one value. Without floats it is
    the same text, made ten times faster."""
    if not floats:  # the two libraries write some floats otherwise, and nothing else
        return msgspec.json.encode(value, order="sorted").decode()
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def write_body(body: Body) -> str:
    """A body as the canonical JSON that the journal keeps, with its version as `v`."""
    floats = _floats(type(body))
    fields: dict[str, Any] = msgspec.to_builtins(body) if floats else msgspec.structs.asdict(body)
    if body.origin is None:
        del fields["origin"]
    return canonical({**fields, "v": body.version}, floats=floats)


@cache
def _floats(kind: type[Body]) -> bool:
    """Whether a body of this kind can hold a float somewhere."""
    seen: set[int] = set()

    def holds(node: Any) -> bool:
        if isinstance(node, msgspec.inspect.FloatType | msgspec.inspect.AnyType):
            return True
        if not isinstance(node, msgspec.Struct) or id(node) in seen:
            return isinstance(node, tuple) and any(map(holds, node))
        seen.add(id(node))
        return any(holds(getattr(node, name)) for name in node.__struct_fields__)

    return holds(msgspec.inspect.type_info(kind))


def read_body(kind: str, text: str) -> Body:
    """The typed body behind `text`. Raises JournalBroken for an unknown kind, version or shape."""
    struct = body_types().get(kind)
    if struct is None:
        raise JournalBroken("event-kind-unknown", kind=kind)
    fields = json.loads(text)
    version = fields.pop("v", None)
    if version != struct.version:
        raise JournalBroken("event-version-unknown", kind=kind, version=version, version2=struct.version)
    try:
        return msgspec.convert(fields, struct)
    except msgspec.ValidationError as wrong:
        raise JournalBroken("event-body-malformed", kind=kind, reason=wrong) from wrong
