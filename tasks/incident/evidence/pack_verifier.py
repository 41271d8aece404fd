"""Is an evidence pack whole, and whose is it? Needs the folder and the public key; with the journal at hand,
also whether the journal still holds what the pack says of it."""

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
from tasks.core.signatures import key_id, verify_signature
from tasks.incident.evidence.pack_builder import EVENTS, HEAD, LIST
from tasks.security.api import MANIFEST_FILE, verify_manifest

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


def public_key(text_or_file: str) -> bytes:
    """A public key as base64, or the file that holds it. Raises BadInput."""
    path = Path(text_or_file)
    text = path.read_text(encoding="ascii", errors="replace") if path.is_file() else text_or_file
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise BadInput("public-key-invalid", [Problem(value=text_or_file[:60], code="public-key-malformed")])
    return key


def verify(folder: Path, key: bytes | None = None, journal: Journal | None = None) -> PackVerdict:
    """What of a pack does not hold. Raises BadInput for a folder that is no pack, JournalBroken where
    its manifest or head is not signed by the key."""
    manifest = _manifest(folder, key)
    signer = base64.b64decode(manifest["public_key"])
    problems = list(verify_manifest(folder, key))
    head, events = _head(folder, signer), _events(folder)
    # What the manifest misses is missing once, whoever lists it.
    reported = {problem.file for problem in problems}
    problems += [problem for problem in _files(folder) if problem.file not in reported]
    problems += _inside(events, head)
    if journal is not None:
        problems += _against(journal, head, events)
    return PackVerdict(str(manifest["what"]), str(manifest["at"]), key_id(signer), head[0], head[1], tuple(problems))


def verify_signed_folder(folder: Path, key: bytes | None = None) -> PackVerdict:
    """The same of any folder that leaves the office with a manifest: an accounting report, an export.
    Its head is told in words, in the manifest's own `what`."""
    if not (folder / MANIFEST_FILE).is_file():
        raise BadInput("signed-folder-invalid", folder=folder, file=MANIFEST_FILE)
    manifest = _manifest(folder, key)
    problems = tuple(verify_manifest(folder, key))
    signer = key_id(base64.b64decode(manifest["public_key"]))
    return PackVerdict(str(manifest["what"]), str(manifest["at"]), signer, 0, "", problems)


def _manifest(folder: Path, key: bytes | None) -> dict[str, Any]:
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise BadInput("evidence-pack-invalid", folder=folder, file=MANIFEST_FILE)
    try:
        manifest = json.loads(path.read_bytes())
        missing = {"signature", "what", "at"} - manifest.keys()
        unfit = [file for file in manifest["files"] if {"name", "sha256"} - file.keys()]
        complete = not missing and not unfit and bool(base64.b64decode(manifest["public_key"]))
    except _UNREADABLE as error:
        raise JournalBroken("pack-manifest-unreadable", folder=folder, reason=error) from None
    if not complete:
        raise JournalBroken("pack-manifest-incomplete", folder=folder)
    return manifest


def _head(folder: Path, signer: bytes) -> tuple[int, str]:
    """The journal's head as the pack holds it. Raises JournalBroken unless the same key signed it."""
    try:
        signed = json.loads((folder / HEAD).read_bytes())
        seq, digest = int(signed["seq"]), str(signed["digest"])
        signature, public = str(signed["signature"]), base64.b64decode(signed["public_key"])
    except _UNREADABLE as wrong:
        raise _unread(HEAD, wrong) from None
    if public != signer:
        raise JournalBroken("head-signer-mismatch", head=HEAD)
    verify_signature(signer, canonical({"seq": seq, "digest": digest}).encode(), signature)
    return seq, digest


def _events(folder: Path) -> list[Event]:
    try:
        lines = (folder / EVENTS).read_bytes().splitlines()
        return [Event(**json.loads(line)) for line in lines]
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
            (str(file["name"]), str(file["sha256"]))
            for entry in json.loads((folder / LIST).read_bytes())["items"]
            for file in entry["files"]
        ]
    except _UNREADABLE as wrong:
        raise _unread(LIST, wrong) from None
    for name, digest in listed:
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            yield Problem(file=name, code="required-item-missing")
        elif digest_of(path) != digest:
            yield Problem(file=name, code="attached-file-differs")


def _inside(events: list[Event], head: tuple[int, str]) -> Iterator[Problem]:
    for event in events:
        if event.computed() != event.digest:
            yield Problem(file=EVENTS, row=event.seq, code="pack-event-digest-mismatch")
        elif event.seq > head[0]:
            yield Problem(file=EVENTS, row=event.seq, code="event-after-signed-head")


def _against(journal: Journal, head: tuple[int, str], events: list[Event]) -> Iterator[Problem]:
    """The journal as it is now against the pack: a cut or rewritten tail shows here."""
    now = journal.head()
    if now.seq < head[0]:
        yield Problem(code="journal-shorter-than-pack", values={"seq": now.seq, "head": head[0]})
    digests = {
        event.seq: event.digest for event in journal.events(after=head[0] - 1 if head[0] else 0) if event.seq == head[0]
    }
    if head[0] and digests.get(head[0]) not in (None, head[1]):
        yield Problem(row=head[0], code="pack-event-differs-from-journal")
    packed = {event.seq: event.digest for event in events}
    for event in journal.events():
        if event.seq in packed and packed[event.seq] != event.digest:
            yield Problem(row=event.seq, code="pack-event-differs-from-journal")
