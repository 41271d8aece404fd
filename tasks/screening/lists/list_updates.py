"""Fetches lists from their publishers into a folder: HTTPS only, asked with the ETag of what is there,
tried again, and held against length and checksum before it replaces anything.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tasks.core import clock
from tasks.core.errors import BadInput, NotFetched, Problem
from tasks.core.files import digest_of, write_atomic
from tasks.screening.lists import list_loading
from tasks.screening.lists.catalog import READERS
from tasks.screening.lists.list_loading import ListIntake, LoadedList, load_list
from tasks.screening.settings import ScreeningSettings
from tasks.workspace import Workspace

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager


FOLDER = "lists"
"""Of the home: where downloads lie. What is in force lies in the content store."""


@dataclass(frozen=True)
class DownloadOutcome:
    """What was loaded, and which lists could not be fetched whole."""

    loaded: tuple[LoadedList, ...]
    missed: tuple[tuple[str, NotFetched], ...]


def download_lists(workspace: Workspace, intake: ListIntake) -> DownloadOutcome:
    """Fetch and load every list that has an address. One that fails keeps no other back, and its
    version in force stays. Raises BadInput if no list has an address, or one cannot be used; Refused
    for an unnamed person who accepts faults."""
    list_loading.authorize(workspace, intake)
    settings = workspace.settings(ScreeningSettings)
    if not settings.addresses:
        raise BadInput("all-list-addresses-missing")
    loaded, missed = [], []
    for list_ in sorted(settings.addresses):
        if list_ not in READERS:
            raise BadInput("list-name-unknown", list=list_, readers=", ".join(READERS))
        try:
            got = fetch_list(settings, list_, workspace.settings.home / FOLDER)
        except NotFetched as error:
            missed.append((list_, error))
            continue
        outcome = load_list(workspace, replace(intake, as_of=got.as_of), list_, got.folder)
        if outcome.state == "refused":
            forget_download(got.folder)
        loaded.append(outcome)
    return DownloadOutcome(tuple(loaded), tuple(missed))


def update_rows(loaded: tuple[LoadedList, ...] | list[LoadedList], *, passed: bool = False) -> list[dict[str, Any]]:
    """A line a list; with `passed` also the files of it that were not read."""
    return [
        {
            "list": outcome.list,
            "state": outcome.state,
            "as_of": outcome.as_of,
            "dated_by": outcome.dated_by,
            "records": outcome.records,
            "names": outcome.names,
            "added": outcome.added,
            "removed": outcome.removed,
            "changed": outcome.changed,
            "left_out": sum(outcome.left_out.values()),
            "whole": not outcome.short,
            **({"not_read": list(outcome.passed)} if passed else {}),
        }
        for outcome in loaded
    ]


def refused_problems(loaded: tuple[LoadedList, ...] | list[LoadedList]) -> list[Problem]:
    """The faults of the lists that were refused."""
    return [problem for outcome in loaded if outcome.state == "refused" for problem in outcome.problems]


MOST_BYTES = 512 << 20
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_PIECE = 1 << 20
_NOTES = "downloaded.json"


@dataclass(frozen=True)
class FetchedList:
    """One list's folder. `changed`: a file of it is new; `as_of`: ISO date that the publisher
    gives, or today where it says that nothing changed."""

    list: str
    folder: Path
    changed: bool
    as_of: str


def fetch_list(settings: ScreeningSettings, list_: str, folder: Path) -> FetchedList:
    """Bring a list's files into `folder/<list>`. Raises NotFetched, BadInput for an address that
    may not be used. Either all files of the list are replaced or none."""
    addresses = settings.addresses.get(list_, ())
    if not addresses:
        raise BadInput("list-address-not-set", list=list_)
    _judge_addresses(settings, addresses)
    target = folder / list_
    notes = _notes(target)
    with _pool(settings) as pool:
        got = {url: _get(pool, settings, url, target, notes.get(url, {})) for url in addresses}
    changed = {url: new for url, new in got.items() if new is not None}
    for url, (data, _) in changed.items():
        write_atomic(target / _name(url), data)
    notes |= {url: note for url, (_, note) in changed.items()}
    write_atomic(target / _NOTES, json.dumps(notes, indent=1).encode())
    today = clock.now().date().isoformat()
    dates = [note["as_of"] for note in notes.values() if note.get("as_of")]
    as_of = max(dates, default=today) if changed else today
    return FetchedList(list_, target, bool(changed), min(as_of, today))


def forget_download(folder: Path) -> None:
    """Ask for a list's files anew the next time: a body that was damaged on its way may carry the ETag
    of the whole one, and "not modified" would keep it for good."""
    (folder / _NOTES).unlink(missing_ok=True)


def _judge_addresses(settings: ScreeningSettings, addresses: tuple[str, ...]) -> None:
    schemes = ("https", "http") if settings.allow_plain_http else ("https",)
    problems = [
        Problem(file="continuity.toml", column="screening.addresses", value=url, code="list-address-not-https")
        for url in addresses
        if urlsplit(url).scheme not in schemes or not re.fullmatch(r"[\w.-]+", _name(url))
    ]
    if problems:
        raise BadInput("list-address-invalid", problems)


def _name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2].lower()


def _notes(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / _NOTES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _pool(settings: ScreeningSettings) -> PoolManager:
    from urllib3 import PoolManager, Retry, Timeout

    retries = Retry(
        total=settings.tries - 1,
        backoff_factor=settings.wait_seconds,
        status_forcelist=_AGAIN,
        redirect=5,
        raise_on_status=False,
    )
    return PoolManager(retries=retries, timeout=Timeout(settings.timeout_seconds))


def _get(
    pool: PoolManager, settings: ScreeningSettings, url: str, folder: Path, note: dict[str, str]
) -> tuple[bytes, dict[str, str]] | None:
    """The bytes and what to remember of them; None if the publisher's file is the one here."""
    from urllib3.exceptions import HTTPError

    for attempt in range(settings.tries):
        try:
            # a body that breaks off is not tried again by the pool, only what comes before it
            response = pool.request("GET", url, headers=_conditions(folder, url, note), preload_content=False)
            return _read(pool, settings, response, url)
        except HTTPError as wrong:
            if attempt + 1 == settings.tries:
                raise NotFetched("list-download-failed", url=url, why=_why(wrong)) from None
    raise NotFetched("list-download-refused", url=url)


def _conditions(folder: Path, url: str, note: dict[str, str]) -> dict[str, str]:
    """Ask only for news if what is here is what was fetched."""
    path = folder / _name(url)
    if not note or not path.is_file() or digest_of(path) != note.get("sha256"):
        return {}
    names = {"etag": "If-None-Match", "modified": "If-Modified-Since"}
    return {names[key]: note[key] for key in names if note.get(key)}


def _read(
    pool: PoolManager, settings: ScreeningSettings, response: BaseHTTPResponse, url: str
) -> tuple[bytes, dict[str, str]] | None:
    final = response.url or url
    if final.startswith("http:") and not settings.allow_plain_http:
        raise NotFetched("redirect-not-https", url=url, final=final)
    if response.status == 304:
        response.drain_conn()
        return None
    if response.status != 200:
        raise NotFetched("list-server-answer-unusable", url=url, status=response.status, reason=response.reason or "")
    data = _body(response, url)
    _check(pool, settings, response, url, data)
    modified = response.headers.get("Last-Modified", "")
    note = {"etag": response.headers.get("ETag", ""), "modified": modified}
    return data, note | {"sha256": sha256(data).hexdigest(), "as_of": _day(modified)}


def _body(response: BaseHTTPResponse, url: str) -> bytes:
    """All of it; urllib3 holds it against Content-Length and raises if it breaks off."""
    pieces: list[bytes] = []
    size = 0
    for piece in response.stream(_PIECE, decode_content=True):
        size += len(piece)
        if size > MOST_BYTES:
            raise NotFetched("list-download-too-large", url=url, most_bytes=MOST_BYTES >> 20)
        pieces.append(piece)
    return b"".join(pieces)


def _check(pool: PoolManager, settings: ScreeningSettings, response: BaseHTTPResponse, url: str, data: bytes) -> None:
    """Hold the bytes against the digest that the server gives (RFC 9530) and the checksum file
    that the settings name. Raises NotFetched."""
    ours = sha256(data)
    header = response.headers.get("Repr-Digest", "") or response.headers.get("Digest", "")
    match = re.search(r"sha-256=:?([A-Za-z0-9+/=]{44})", header, re.I)
    if match and b64decode(match[1]) != ours.digest():
        raise NotFetched("list-digest-mismatch", url=url)
    if address := settings.checksums.get(url):
        published = pool.request("GET", address).data[:4096].decode("ascii", "replace").lower()
        if ours.hexdigest() not in re.findall(r"\b[0-9a-f]{64}\b", published):
            raise NotFetched("list-checksum-mismatch", url=url, address=address)


def _day(modified: str) -> str:
    try:
        return parsedate_to_datetime(modified).astimezone(UTC).date().isoformat()
    except ValueError:
        return ""


def _why(wrong: Exception) -> str:
    """The cause in a few words: the library wraps it into the names of its own pools and retries."""
    cause = str(getattr(wrong, "reason", None) or wrong)
    return (cause.startswith(("HTTPSConn", "HTTPConn")) and cause.partition("): ")[2]) or cause
