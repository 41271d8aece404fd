"""The base of all bodies, and how one is written and read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, cast

import msgspec

from tasks.core import messages
from tasks.core.errors import JournalBroken
from tasks.core.registry import load_events


@dataclass(frozen=True)
class AdoptionRule:
    """Whether `journal adopt` takes an event from another copy of the journal (no `code`), or only lists it.

    `code`: why it is listed; `to_do`: whether a person must do something about it here. `keys`: first parts of
    the keys under which events of the type stand. Another event under such a key is listed too: it would keep
    this home's own from being written, or stand for it.
    """

    code: str = ""
    to_do: bool = False
    keys: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """The code in words."""
        return messages.problem(self.code, {})[0]

    @property
    def correction(self) -> str:
        """What a person does about it; empty if nothing is to do."""
        return messages.problem(self.code, {})[1]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where an adopted event was in the journal it came from."""

    seq: int
    at: str
    digest: str


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all bodies. `origin` is set only on events adopted from another journal.

    `content_fields`: fields that name content by SHA-256. Not `source`: a file as a desk handed it in
    holds private data in the clear and is not kept. `adoption`: every type declares its own."""

    kind: ClassVar[str] = ""
    adoption: ClassVar[AdoptionRule] = AdoptionRule("event-kind-not-adopted", to_do=True)
    content_fields: ClassVar[tuple[str, ...]] = ("content", "accounting", "plan", "private", "proof")
    version: ClassVar[int] = 1
    origin: Origin | None = None


class AdoptedBody(Body, frozen=True, kw_only=True):
    """Base of facts that adoption takes. Each can at most keep something from being done twice; none lets
    something be done."""

    adoption: ClassVar[AdoptionRule] = AdoptionRule()


class LocalBody(Body, frozen=True, kw_only=True):
    """Base of events that concern the machine alone that wrote them: listed, and nothing is to do."""

    adoption: ClassVar[AdoptionRule] = AdoptionRule("of-that-machine-alone")


def _kinds_below(base: type[Body]) -> dict[str, type[Body]]:
    types = {base.kind: base} if base.kind else {}
    for child in base.__subclasses__():
        types |= _kinds_below(child)
    return types


@cache
def body_types() -> dict[str, type[Body]]:
    """Every event type of all packages, by its name."""
    load_events()
    return _kinds_below(Body)


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
    visited: set[int] = set()

    def holds(node: Any) -> bool:
        if isinstance(node, msgspec.inspect.FloatType | msgspec.inspect.AnyType):
            return True
        if not isinstance(node, msgspec.Struct) or id(node) in visited:
            return isinstance(node, tuple) and any(map(holds, cast("tuple[Any, ...]", node)))
        visited.add(id(node))
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
