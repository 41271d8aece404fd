"""Restores this repository with nothing but Python and: pip install cryptography zstandard blake3

    python restore.py KEYFILE NEWFOLDER [--host NAME] [--snapshot DIGEST | --newest]
                      [--retention CLASS] [--only PATH]

KEYFILE is the recovery key or the typed key sheet; the passphrase is asked for, or taken from
CONTINUITY_PASSPHRASE. Restores the newest snapshot that a drill countersigned. README.md tells the
format. What cannot be restored is named, and the exit code is 1; or 3, when it is only what the
snapshot itself is without: files that could not be read, lines that do not read, times.
"""
# Paths are bytes here, since not all names are text, and pathlib takes no bytes.

# ruff: noqa: PTH101, PTH103, PTH108, PTH118, PTH120, PTH123, PTH211

import argparse
import base64
import contextlib
import getpass
import hashlib
import json
import os
import re
import struct
import sys
import unicodedata
from pathlib import Path

import blake3
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DOMAIN = b"continuity-backup/1/"
MOST = {"config": 1 << 21, "proof": 1 << 17, "manifest": 1 << 25}  # bytes as stored
LEADS_OUT = re.compile(rb"^[A-Za-z]:|\0|^\.{0,2}$|" + (rb"\\" if os.name == "nt" else rb"\0"))


def inflate(data, limit=1 << 28):
    if not 0 <= zstandard.frame_content_size(data) <= limit:
        raise ValueError("expands too far")
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=limit)


def read_key(path):
    """Seed, repository id and officer key from a key file and its passphrase."""
    raw = Path(path).read_bytes()
    typed = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    plain = [" ".join(re.findall("[A-Za-z0-9]+", line)) for line in typed.splitlines()]
    lines = [m[1] for line in plain if (m := re.match(r"\d{1,2} (.+) \w\w$", line))]
    text = "".join(lines).replace(" ", "").upper().translate(str.maketrans("018", "OIB"))
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    phrase = os.environ.get("CONTINUITY_PASSPHRASE") or getpass.getpass("Passphrase: ")
    passes, lanes, memory = data[51], data[52], 1 << data[50]
    seed = b""
    forms = [unicodedata.normalize(form, phrase) for form in ("NFC", "NFD")]
    for form in dict.fromkeys([phrase, *forms]):
        stretch = Argon2id(salt=data[53:69], length=32, iterations=passes, lanes=lanes, memory_cost=memory)
        key = stretch.derive(form.encode())
        with contextlib.suppress(InvalidTag):
            seed = AESGCM(key).decrypt(data[69:81], data[81:129], data[:81])
    if not seed:
        sys.exit("this passphrase does not open the key")
    return seed, data[2:18].hex(), data[18:50].hex()


def signed(path, kind, keys):
    """The body of a signed object if its name, kind and signature hold, else None. Its sizes are checked
    before it expands, the signature before it is parsed: anybody may have written it."""
    with contextlib.suppress(Exception):
        data = path.read_bytes() if path.stat().st_size <= MOST[kind] else b""
        text = inflate(data, min(2 * MOST[kind], max(1 << 20, 16 * len(data))))
        tail = rb',"kind":"%b","signature":"(.{128})","signer":"(.{64})"\}\Z' % kind.encode()
        match = re.search(tail, text, re.DOTALL)
        if not match or match[2].decode() not in keys:
            return None
        if hashlib.sha256(data).hexdigest() not in path.name:
            return None
        body = text.removeprefix(b'{"body":')[: match.start() - 8]
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(match[2].decode()))
        key.verify(bytes.fromhex(match[1].decode()), DOMAIN + kind.encode() + b"\n" + body)
        body = json.loads(body)
        return body if body["format"] == 1 else None


def choose(root, officer, args):
    """The manifest to restore; the newest config names the keys of hosts and drill workers."""
    configs = [c for p in (root / "config").iterdir() if (c := signed(p, "config", [officer]))]
    config = max(configs, key=lambda c: c["sequence"])
    drills = [key for keys in config["drills"].values() for key in keys]
    proofs = [p for path in root.glob("proofs/*/*") if (p := signed(path, "proof", drills))]
    proven, matching = {proof["manifest"] for proof in proofs}, []
    for path in sorted(root.glob("manifests/*/*")):
        with contextlib.suppress(ValueError, LookupError, TypeError):  # anybody may have made it
            number, host, name = int(path.name[:8]), path.parent.name, path.name[9:73]
            host_keys = config["hosts"][host]
            keys = [k["key"] for k in host_keys if k["first"] <= number <= (k["last"] or number)]
            body = signed(path, "manifest", keys)
            if not body or (body["host"], body["sequence"]) != (host, number):
                continue
            note = "countersigned" if name in proven else ""
            print(body["time"], host, number, body["retention"], name[:16], note)
            usual = body["retention"] == args.retention and (args.newest or name in proven)
            mine = args.host in ("", host)
            if mine and (name.startswith(args.snapshot) if args.snapshot else usual):
                matching.append(body)
    if not matching:
        sys.exit("no such snapshot (without --newest or --snapshot it must be countersigned)")
    if len(hosts := sorted({body["host"] for body in matching})) > 1:
        sys.exit(f"snapshots of several hosts are there: --host, one of {', '.join(hosts)}")
    return max(matching, key=lambda body: (body["sequence"], body["time"]))


class ReaderPacks:
    """The blobs of the packs that a manifest names."""

    def __init__(self, root, repository, seed, manifest):
        def derive(label, size):
            return HKDF(algorithm=SHA256(), length=size, salt=None, info=DOMAIN + label).derive(seed)

        kem = MLKEM768PrivateKey.from_seed_bytes(derive(b"mlkem768", 64))
        curve = X25519PrivateKey.from_private_bytes(derive(b"x25519", 32))
        public = kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        self.key_id, self.private = (hashlib.sha256(public).hexdigest()[:16], MLKEM768X25519PrivateKey(kem, curve))
        self.id, self.places, self.last, self.key = bytes.fromhex(repository), {}, ((), b""), b""
        self.gaps = []
        for name, size in manifest["packs"]:
            for path in sorted(root.glob(f"packs/{name}*")):
                try:
                    self.open(path, size)
                    break
                except Exception as error:
                    print(f"pack {path.name[:16]} does not open: {error!r}", file=sys.stderr)

    def open(self, path, size):
        with path.open("rb") as file:
            length = struct.unpack("<8sI", file.read(12))[1]
            header = file.read(length if length <= 1 << 18 else 0)
            head = json.loads(header)
            salt = bytes.fromhex(head["salt"])
            sealed = {s["to"]: base64.b64decode(s["key"]) for s in head["sealed"]}
            if self.key_id not in sealed:
                raise ValueError("sealed to other keys than this one, which opens older snapshots")
            suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
            cipher = AESGCM(suite.decrypt(sealed[self.key_id], self.private, DOMAIN + b"pack\n" + self.id + salt))
            file.seek(size - 24)
            offset, length, count = struct.unpack("<QII", file.read(16))
            file.seek(offset)
            bond = b"directory\n" + struct.pack("<I", count) + header
            sealed = file.read(length if length <= 1 << 23 else 0)
            rows = inflate(cipher.decrypt(count.to_bytes(12, "big"), sealed, bond), 1 << 23)
        for number, (at, stored, plain, method, blobs) in enumerate(json.loads(rows)["frames"]):
            bond = b"frame\n" + self.id + salt + b"".join(bytes.fromhex(blob[0]) for blob in blobs)
            frame, start = (path, number, cipher, at, stored, plain, method, bond), 0
            for name, size in blobs:
                self.places.setdefault(name, []).append((frame, start, size))
                start += size

    def blob(self, name):
        for frame, start, size in self.places.get(name, []):
            path, number, cipher, at, stored, plain, method, bond = frame
            with contextlib.suppress(InvalidTag, ValueError, zstandard.ZstdError):
                if self.last[0] != frame[:2]:
                    with path.open("rb") as file:
                        file.seek(at)
                        data = cipher.decrypt(number.to_bytes(12, "big"), file.read(stored), bond)
                    self.last = (frame[:2], inflate(data, plain) if method else data)
                data = self.last[1][start : start + size]
                if not self.key or blake3.blake3(data, key=self.key).hexdigest() == name:
                    return data
        raise ValueError("its pack is lost or damaged")


def near(path):
    """A short name for a long path: the system takes about 4,000 bytes at once."""
    while os.name != "nt" and len(path) > 3000:
        cut = path.rindex(b"/", 0, 3000)
        os.chdir(path[:cut])
        path = path[cut + 1 :]
    return path


def entries(lines, gaps):
    """Entries of the listing; a faulty line costs that line."""
    for line in lines:
        try:
            entry = json.loads(line)
            for text in (entry.get("path", ""), entry.get("mark", ""), entry.get("reason", "")):
                text.encode()
            bytes.fromhex(entry.get("raw", ""))
            yield entry
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            gaps.append(f"faulty line {line[:60]!r}: {error}")


def restore(packs, manifest, target, only):
    """Folders and files, then links. Returns what could not be restored. An entry lies in the target
    itself or in a folder that was listed before it: nothing is made below a link."""
    troubles, folders, links, lines, listed = [], [], [], [], {b""}
    for number, name in enumerate(manifest["tree"]):
        try:
            if not number:  # the first line tells the key of all ids
                packs.key = bytes.fromhex(json.loads(packs.blob(name).split(b"\n")[0])["key"])
            lines += filter(None, packs.blob(name).split(b"\n")[not number :])
        except ValueError as error:
            troubles.append(f"part {number + 1} of the listing: {error}")
    for entry in entries(lines, packs.gaps):
        path = bytes.fromhex(entry["raw"]) if "raw" in entry else entry.get("path", "").encode()
        kind, name = entry.get("type", "file"), path.decode(errors="backslashreplace")
        full_path = os.path.join(os.fsencode(target), *path.split(b"/"))
        try:
            if any(map(LEADS_OUT.search, path.split(b"/"))):
                raise ValueError("a name that could lead outside")
            if path.rpartition(b"/")[0] not in listed:
                raise ValueError("its folder is no folder of this snapshot, or a link")
            if kind == "folder":
                listed.add(path)
            if not name.startswith(only):
                continue
            if kind == "folder":
                os.makedirs(near(full_path), exist_ok=True)
                folders.append((full_path, entry))
            elif kind == "link":
                raw = "target_raw" in entry
                aim = bytes.fromhex(entry["target_raw"]) if raw else entry.get("target", "").encode()
                os.makedirs(near(os.path.dirname(full_path)), exist_ok=True)
                links.append((full_path, aim))  # made last: nothing is written through one
            elif kind == "file" and entry.get("mark") not in ("gone", "unreadable"):
                os.makedirs(near(os.path.dirname(full_path)), exist_ok=True)
                write(packs, entry, near(full_path))
            elif kind == "file":
                packs.gaps.append(f"{name!r}: {entry['mark']} {entry.get('reason', '')}")
            else:
                raise ValueError(f"a {kind} {entry.get('mark', '')} is not restored")
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            troubles += [f"{name!r}: {error}"] if name.startswith(only) else []
    for full_path, aim in links:
        try:
            os.symlink(aim, near(full_path))
        except OSError as error:
            troubles.append(f"{full_path!r}: {error}")
    for full_path, entry in reversed(folders):
        settle(packs, entry, near(full_path))
    return troubles


def write(packs, entry, path):
    names, size, hasher = entry.get("blobs", []), entry.get("size", 0), blake3.blake3(key=packs.key)
    spans = [list(span) for span in entry.get("extents", [[0, size]])]
    with open(path, "xb") as file:
        for name in names:
            data = packs.blob(name)
            hasher.update(data)
            while data:  # the content of a file with holes lies in several spans
                file.seek(spans[0][0])
                took = file.write(data[: spans[0][1]])
                data, spans[0] = data[took:], [spans[0][0] + took, spans[0][1] - took]
                spans = spans if spans[0][1] else spans[1:]
        file.truncate(size)
    missing = spans and spans[0][1]
    if missing or (names and hasher.hexdigest() != entry.get("digest", names[0])):
        os.unlink(path)
        raise ValueError("what was written does not have the digest of the original")
    settle(packs, entry, path)


def settle(packs, entry, path):
    mode, time, note = entry.get("mode", 0), entry.get("mtime", 0), entry.get("mark", "")
    if note == "unreadable":  # a folder whose content is missing
        packs.gaps.append(f"{path!r}: {note}: {entry.get('reason', '')}")
    if "far_mtime" in entry:
        print(f"{path!r}: its time was {entry['far_mtime']!s:.40}", file=sys.stderr)
    try:
        os.chmod(path, mode & 0o777)
        nearest = max(-(1 << 63), min(time, (1 << 63) - 1))
        os.utime(path, ns=(nearest, nearest))
    except (OSError, OverflowError, TypeError):
        time = 1 << 64
    if not -(1 << 63) <= time < 1 << 63:
        packs.gaps.append(f"{path!r}: its mode or time is not set")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("key")
    parser.add_argument("target", type=Path)
    parser.add_argument("--repository", type=Path, default=Path(__file__).resolve().parent)
    for name in ("--host", "--snapshot", "--only"):
        parser.add_argument(name, default="")
    parser.add_argument("--retention", default="records")
    parser.add_argument("--newest", action="store_true")
    args = parser.parse_args()
    args.snapshot = args.snapshot.rpartition(":")[2]  # of a label, the digest
    if 0 < len(args.snapshot) < 8:
        sys.exit("--snapshot takes 8 or more digits of a digest")
    args.target, args.repository = args.target.absolute(), args.repository.absolute()
    seed, repository, officer = read_key(args.key)
    head = json.loads((args.repository / "REPO").read_bytes())
    if (head["id"], head["officer"], head["format"]) != (repository, officer, 1):
        sys.exit("this key belongs to another repository, or the format is newer")
    manifest = choose(args.repository, officer, args)
    args.target.mkdir(parents=True)
    print(f"restoring {manifest['host']} number {manifest['sequence']} of {manifest['time']}")
    packs = ReaderPacks(args.repository, repository, seed, manifest)
    troubles = restore(packs, manifest, args.target, args.only)
    named = troubles + packs.gaps
    print("\n".join(named) or "all of it restored", file=sys.stderr if named else sys.stdout)
    sys.exit(1 if troubles else 3 if packs.gaps else 0)


if __name__ == "__main__":
    main()
