"""What a snapshot lacks because it could not be read, and which earlier snapshot has it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from tasks.backup.faults import DamagedData, WrongKey
from tasks.backup.format.manifest_chain import UNREAD as UNREAD_OBJECTS, Snapshot, read_manifest
from tasks.backup.format.path_names import printable_path
from tasks.backup.format.structures import ListingEntry, Manifest
from tasks.backup.restore.pack_library import PackLibrary, SnapshotListing, add_packs
from tasks.backup.verify.snapshot_survey import unread_growth as grown_counts
from tasks.core.errors import Missing
from tasks.core.findings import Finding, finding_of_error, finding_problems, make_finding

MOST_BACK = 60  # earlier snapshots that a restore looks into: each costs the reading of its listing
_NAMED = 3


@dataclass
class SnapshotGaps:
    """Paths that one listing marks: `unread` files and folders, and files that `vanished` while they were read."""

    unread: set[bytes] = field(default_factory=set)
    vanished: set[bytes] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.unread or self.vanished)

    def cover(self, path: bytes) -> bool:
        """Whether a path, or a folder that it lies in, could not be read."""
        return path in self.vanished or lies_in(path, self.unread)


def lies_in(path: bytes, roots: Collection[bytes]) -> bool:
    """Whether a path is one of these, or lies below one."""
    at = len(path)
    while at > 0:
        if path[:at] in roots:
            return True
        at = path.rfind(b"/", 0, at)
    return False


def is_unread(entry: ListingEntry) -> bool:
    return entry.mark == "unreadable"


def is_gone(entry: ListingEntry) -> bool:
    return entry.mark == "gone"


def read_gaps(listing: SnapshotListing) -> SnapshotGaps:
    """Read a whole listing for its marks; `listing` then names its faulty lines too. Raises Damaged."""
    gaps = SnapshotGaps()
    for entry in listing.entries():
        if is_unread(entry):
            gaps.unread.add(entry.path_bytes())
        elif is_gone(entry):
            gaps.vanished.add(entry.path_bytes())
    return gaps


def _covered(listing: SnapshotListing, gaps: SnapshotGaps) -> tuple[dict[bytes, int], SnapshotGaps]:
    """Files with their content and links of a listing that lie where `gaps` are, with their sizes; and
    the listing's own gaps."""
    files: dict[bytes, int] = {}
    own_gaps = SnapshotGaps()
    for entry in listing.entries():
        if is_unread(entry):
            own_gaps.unread.add(entry.path_bytes())
        elif is_gone(entry):
            own_gaps.vanished.add(entry.path_bytes())
        elif entry.type != "folder" and gaps.cover(path := entry.path_bytes()):
            files[path] = entry.size
    return files, own_gaps


def gap_growth(library: PackLibrary, seed: bytes, manifest: Manifest, before: Manifest | None) -> list[Finding]:
    """Why the gaps of a snapshot keep it from being countersigned: what the host could not read this
    time and could for `before`, the last countersigned snapshot; and faulty lines of the listing. Compares
    paths: the counts stay the same when other files are missing. Raises Damaged."""
    listing = SnapshotListing(library, manifest)
    gaps = read_gaps(listing)
    doubts = list(listing.faulty)
    if not gaps:
        return doubts
    if before is None:
        return doubts + _unread_doubt(gaps.unread, set())
    try:
        add_packs(library, seed, before.packs)
        older = SnapshotListing(library, before)
        files, older_gaps = _covered(older, gaps)
        if older.lost:
            raise DamagedData("listing-damaged", finding_problems(older.lost))
    except (DamagedData, Missing):  # sealed to other keys, or damaged: the numbers are left
        counts = {count.name: count for count in before.sources}
        return doubts + [flag for s in manifest.sources for flag in grown_counts(counts.get(s.name), s)]
    there, _ = _covered(listing, gaps)
    absent = files.keys() - there.keys()
    fresh = {path for path in gaps.unread if not lies_in(path, older_gaps.unread)}
    return doubts + _unread_doubt(fresh, absent)


def _unread_doubt(unread: Collection[bytes], absent: Collection[bytes]) -> list[Finding]:
    """One finding for what newly could not be read, and for the files that are missing with it."""
    doubts = []
    if unread:
        doubts.append(make_finding("files-not-read", "", count=len(unread), examples=_examples(unread)))
    if absent:
        doubts.append(make_finding("proved-files-missing", "", count=len(absent), examples=_examples(absent)))
    return doubts


def _examples(paths: Collection[bytes]) -> str:
    first = ", ".join(printable_path(path) for path in sorted(paths)[:_NAMED])
    return first + (" ..." if len(paths) > _NAMED else "")


def files_in_earlier_snapshots(
    library: PackLibrary, seed: bytes, manifest: Manifest, earlier: Sequence[Snapshot], want: Callable[[bytes], bool]
) -> tuple[list[Finding], list[Finding]]:
    """Files wanted that earlier snapshots (newest first) have where this one has gaps, each with the
    newest snapshot that has it; and what kept the search from being whole.

    Looks back until every gap could be read, at most 60 snapshots. Raises Damaged.
    """
    listing = SnapshotListing(library, manifest)
    gaps = read_gaps(listing)
    if not gaps:
        return [], []
    there, _ = _covered(listing, gaps)
    open_gaps = SnapshotGaps(set(gaps.unread), set(gaps.vanished))
    sources: dict[bytes, str] = {}
    notes: list[Finding] = []
    for snapshot in earlier[:MOST_BACK]:
        try:
            files, earlier_gaps = _of_earlier(library, seed, snapshot, open_gaps)
        except (DamagedData, Missing, WrongKey, *UNREAD_OBJECTS) as error:
            reason = finding_of_error(error).message
            notes.append(make_finding("snapshot-not-searched", snapshot.label, reason=reason))
            continue
        for path in files:
            if path not in there and want(path):
                sources.setdefault(path, snapshot.label)
        open_gaps.unread = {path for path in open_gaps.unread if earlier_gaps.cover(path)}
        open_gaps.vanished = {path for path in open_gaps.vanished if earlier_gaps.cover(path)}
        if not open_gaps:
            break
    else:
        if len(earlier) > MOST_BACK:
            notes.append(make_finding("snapshots-not-all-searched", "", count=MOST_BACK))
    files_there = [
        make_finding("file-in-earlier-snapshot", printable_path(path), snapshot=sources[path])
        for path in sorted(sources)
    ]
    return files_there, notes


def _of_earlier(
    library: PackLibrary, seed: bytes, snapshot: Snapshot, gaps: SnapshotGaps
) -> tuple[dict[bytes, int], SnapshotGaps]:
    _, manifest = read_manifest(library.repository, snapshot.host, snapshot.name)
    add_packs(library, seed, manifest.packs)
    listing = SnapshotListing(library, manifest)
    files, own_gaps = _covered(listing, gaps)
    if listing.lost:
        raise DamagedData("listing-damaged", finding_problems(listing.lost))
    return files, own_gaps


def earlier_snapshots(snapshots: Sequence[Snapshot], sequence: int) -> Iterator[Snapshot]:
    """Of one host and class, newest first."""
    return (snapshot for snapshot in reversed(snapshots) if snapshot.sequence < sequence)
