"""Bulk rows and documents, each a file named by its SHA-256. Written, flushed and verified before
the event that names it is appended: an orphan is harmless, an event without content is not."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from tasks.core.errors import ContentAway, ContentMissing
from tasks.core.files import digest_of, write_atomic


class ContentStore:
    """Files under `<root>/<first two digits>/<64 hex digits>`, never changed once written."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        return self.root / digest[:2] / digest

    def put(self, data: bytes) -> str:
        """Store `data`; returns its SHA-256. Storing the same again does nothing."""
        digest = sha256(data).hexdigest()
        target = self.path(digest)
        if not (target.is_file() and digest_of(target) == digest):
            write_atomic(target, data)
            if digest_of(target) != digest:
                raise ContentMissing("written-file-not-kept", target=target)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes behind a digest. Raises ContentMissing if they are gone or altered."""
        try:
            data = self.path(digest).read_bytes()
        except FileNotFoundError:
            if not self.root.is_dir():
                raise ContentAway("content-folder-missing", root=self.root) from None
            raise ContentMissing("content-missing", digest=digest, root=self.root) from None
        if sha256(data).hexdigest() != digest:
            raise ContentMissing("content-altered", digest=digest, root=self.root)
        return data

    def damaged(self, digests: Iterator[str]) -> Iterator[tuple[str, str]]:
        """Digest and code, `content-is-missing` or `content-is-altered`, of each."""
        for digest in digests:
            target = self.path(digest)
            if not target.is_file():
                yield digest, "content-is-missing"
            elif digest_of(target) != digest:
                yield digest, "content-is-altered"
