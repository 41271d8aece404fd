"""Is an evidence pack whole, and whose is it? Needs the folder and the public key; with the book at hand,
also whether the book still holds what the pack says of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.core.errors import BadInput, JournalBroken, Problem
from tasks.core.files import digest_of
from tasks.core.journal.bodies import canonical
from tasks.core.journal.journal import Event, Journal
from tasks.incident.evidence.pack_builder import EVENTS, HEAD, LIST
from tasks.security.api import MANIFEST_FILE, key_id, verify_manifest, verify_signature

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OSError)
_TELLS = {
    HEAD: "where the book stood when the pack was made",
    EVENTS: "what the book says of the incident",
    LIST: "which file stands for which item",
}


@dataclass(frozen=True)
class PackVerdict:
    """`key`: the fingerprint of the key that signed; `seq`, `digest`: the head that the pack holds."""

    what: str
    made: str
    key: str
    seq: int
    digest: str
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def public_key(given: str) -> bytes:
    """A public key as base64, or the file that holds it. Raises BadInput."""
    path = Path(given)
    text = path.read_text(encoding="ascii", errors="replace") if path.is_file() else given
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise BadInput("public-key-invalid", [Problem(value=given[:60], code="public-key-malformed")])
    return key


def verify(folder: Path, key: bytes | None = None, journal: Journal | None = None) -> PackVerdict:
    """What of a pack does not hold. Raises BadInput for a folder that is no pack, JournalBroken where
    its manifest or head is not signed by the key."""
    said = _manifest(folder, key)
    signer = base64.b64decode(said["public_key"])
    problems = list(verify_manifest(folder, key))
    head, told = _head(folder, signer), _events(folder)
    # What the manifest misses is missing once, whoever lists it.
    known = {one.file for one in problems}
    problems += [one for one in _files(folder) if one.file not in known]
    problems += _inside(told, head)
    if journal is not None:
        problems += _against(journal, head, told)
    return PackVerdict(str(said["what"]), str(said["at"]), key_id(signer), head[0], head[1], tuple(problems))


def verify_signed_folder(folder: Path, key: bytes | None = None) -> PackVerdict:
    """The same of any folder that leaves the house with a manifest: an accounting report, an export.
    Its head is told in words, in the manifest's own `what`."""
    if not (folder / MANIFEST_FILE).is_file():
        raise BadInput("signed-folder-invalid", folder=folder, file=MANIFEST_FILE)
    said = _manifest(folder, key)
    problems = tuple(verify_manifest(folder, key))
    signer = key_id(base64.b64decode(said["public_key"]))
    return PackVerdict(str(said["what"]), str(said["at"]), signer, 0, "", problems)


def _manifest(folder: Path, key: bytes | None) -> dict[str, Any]:
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise BadInput("evidence-pack-invalid", folder=folder, file=MANIFEST_FILE)
    try:
        said = json.loads(path.read_bytes())
        missing = {"signature", "what", "at"} - said.keys()
        unfit = [one for one in said["files"] if {"name", "sha256"} - one.keys()]
        complete = not missing and not unfit and bool(base64.b64decode(said["public_key"]))
    except _UNREADABLE as error:
        raise JournalBroken("pack-manifest-unreadable", folder=folder, reason=error) from None
    if not complete:
        raise JournalBroken("pack-manifest-incomplete", folder=folder)
    return said


def _head(folder: Path, signer: bytes) -> tuple[int, str]:
    """The book's head as the pack holds it. Raises JournalBroken unless the same key signed it."""
    try:
        said = json.loads((folder / HEAD).read_bytes())
        head = {"seq": int(said["seq"]), "digest": str(said["digest"])}
        signature, own = str(said["signature"]), base64.b64decode(said["public_key"])
    except _UNREADABLE as wrong:
        raise _unread(HEAD, wrong) from None
    if own != signer:
        raise JournalBroken("head-signer-mismatch", head=HEAD)
    verify_signature(signer, canonical(head).encode(), signature)
    return head["seq"], head["digest"]


def _events(folder: Path) -> list[Event]:
    try:
        lines = (folder / EVENTS).read_bytes().splitlines()
        return [Event(**json.loads(one)) for one in lines]
    except _UNREADABLE as wrong:
        raise _unread(EVENTS, wrong) from None


def _unread(name: str, wrong: Exception) -> JournalBroken:
    if isinstance(wrong, FileNotFoundError):
        return JournalBroken("evidence-pack-incomplete", name=name, tells=_TELLS[name])
    return JournalBroken("pack-file-unreadable", name=name, reason=wrong)


def _files(folder: Path) -> Iterator[Problem]:
    """Each file against the digest that its item names: a manifest made anew does not hide a swap."""
    try:
        listed = [
            (str(one["name"]), str(one["sha256"]))
            for item in json.loads((folder / LIST).read_bytes())["items"]
            for one in item["files"]
        ]
    except _UNREADABLE as wrong:
        raise _unread(LIST, wrong) from None
    for name, digest in listed:
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            yield Problem(file=name, code="required-item-missing")
        elif digest_of(path) != digest:
            yield Problem(file=name, code="attached-file-differs")


def _inside(told: list[Event], head: tuple[int, str]) -> Iterator[Problem]:
    for event in told:
        if event.computed() != event.digest:
            yield Problem(file=EVENTS, row=event.seq, code="pack-event-digest-mismatch")
        elif event.seq > head[0]:
            yield Problem(file=EVENTS, row=event.seq, code="event-after-signed-head")


def _against(journal: Journal, head: tuple[int, str], told: list[Event]) -> Iterator[Problem]:
    """The book as it is now against the pack: a cut or rewritten tail shows here."""
    now = journal.head()
    if now.seq < head[0]:
        yield Problem(code="journal-shorter-than-pack", values={"seq": now.seq, "head": head[0]})
    kept = {
        event.seq: event.digest for event in journal.events(after=head[0] - 1 if head[0] else 0) if event.seq == head[0]
    }
    if head[0] and kept.get(head[0]) not in (None, head[1]):
        yield Problem(row=head[0], code="pack-event-differs-from-journal")
    wanted = {event.seq: event.digest for event in told}
    for event in journal.events():
        if event.seq in wanted and wanted[event.seq] != event.digest:
            yield Problem(row=event.seq, code="pack-event-differs-from-journal")
