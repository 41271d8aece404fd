"""The key sheet for the safe: PDF with a QR code and the key as lines that can be typed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from tasks.backup.format.sealing import LockedKey, to_text
from tasks.core import clock

_USES = {
    "recovery": "Opens every backup of this repository. Keep it off the premises, apart from its "
    "passphrase. Without it no backup can ever be restored.",
    "officer": "Names hosts, keys and drill workers, and approves what prune removes. It opens no backup.",
    "drill": "Opens backups and countersigns them after a restore. Keep it on the drill machine.",
}
_NEEDED = {
    "officer": "It is given by --key to: backup keys rotate-host, add-host and recipient; backup hold "
    "release; backup prune plan, approve and execute.",
    "drill": "The drill machine's continuity.toml names it: drill_key under [backup].",
}


def write_key_sheet(path: Path, key: LockedKey, store: str, heads: Sequence[str], reader: str) -> None:
    """One page. `heads` are the newest snapshots, for `--expect-head`; `reader` is the SHA-256 of the
    repository's restore.py, which an attacker could have replaced on a store without guard."""
    import segno
    from fpdf import FPDF

    text = to_text(key)
    picture = io.BytesIO()
    segno.make(text, error="m").save(picture, kind="png", scale=6, border=2)
    page = FPDF(format="letter")
    page.set_auto_page_break(False)
    page.add_page()
    page.set_font("helvetica", "B", 18)
    page.cell(0, 12, f"Backup {key.kind} key", new_x="LMARGIN", new_y="NEXT")
    page.set_font("helvetica", size=10)
    for line in (
        f"Repository {key.repository.hex()}",
        f"at {store}",
        f"Printed {clock.text()[:16].replace('T', ' ')} UTC",
    ):
        page.cell(0, 6, _latin(line), new_x="LMARGIN", new_y="NEXT")
    page.ln(2)
    page.multi_cell(0, 5, _USES[key.kind], new_x="LMARGIN", new_y="NEXT")
    page.image(picture, x=140, y=60, w=60)
    page.ln(4)
    page.set_font("courier", "B", 12)
    for line in text.splitlines()[2:]:
        page.cell(120, 8, line, new_x="LMARGIN", new_y="NEXT")
    page.set_font("helvetica", size=10)
    page.ln(4)
    instructions = _instructions(key.kind, store, heads, reader)
    page.multi_cell(0, 5, instructions, new_x="LMARGIN", new_y="NEXT")
    page.output(str(path))


def _instructions(kind: str, store: str, heads: Sequence[str], reader: str) -> str:
    locked = "The key is locked with a passphrase, which is not on this sheet.\n\n"
    check = "Two letters at the end of each line check it. O and 0, I and 1, B and 8 count the same.\n\n"
    newest = "\n".join(f"    --expect-head {head}" for head in heads) or "    none made yet"
    newest = f"Newest snapshots when this was printed:\n{newest}"
    if kind == "recovery":
        return locked + _restoring(store, reader) + check + newest
    return (
        f"{locked}To have the file again: type the numbered lines into a text file {kind}.key (or scan "
        f"the code), then\n    continuity backup keys check {kind}.key\n{_NEEDED[kind]}\n" + check + newest
    )


def _restoring(store_address: str, reader: str) -> str:
    share = store_address.startswith("//")
    store = f"smb:{store_address} --user USER --password-file FILE" if share else store_address
    return (
        "To restore on any machine: type the numbered lines into a text file recovery.key (or scan "
        "the code), then\n    continuity backup restore TARGET --key recovery.key\n"
        f"        --store {_latin(store)}\n"
        "or, with nothing but Python and the repository's own reader,\n"
        "    python restore.py recovery.key TARGET\n"
        f"if it has the SHA-256 {reader[:32]}\n{reader[32:]}.\n"
    )


def _latin(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")
