"""What an approval binds, row by row, decoded from the bound bytes alone.

The plan is loaded by its digest and each batch by the digest that the approval binds; numbers, types
and amounts are read from the batch's records, never from the fields beside them. Only an importer's
name comes from the journal: the bytes hold none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa

from tasks.ace.api import Deck, RecordColumns, decode_records, entry_text, read_records, record_table
from tasks.approved_acts import act_handler
from tasks.core.content import ContentStore
from tasks.core.errors import ContentMissing, Refused
from tasks.core.journal.journal import Journal
from tasks.core.journal.table_columns import rows_among
from tasks.core.ssn import without_ssn
from tasks.entries.api import ENTRIES, Difference, entry_table_rows
from tasks.reconciliation.accounting.number_account import AccountLine
from tasks.reconciliation.plan.plan_store import PlannedBatch, SendingPlan
from tasks.reconciliation.state.entry_state import difference_text
from tasks.security.api import Act, ApprovalState, masked_value

Row = dict[str, Any]

NAME = "importer_name"
_HEADINGS = {NAME: "name (from the journal, not in the file)"}
_SE_ACTIONS = {"A": "add", "D": "cancel", "R": "replace", "U": "update"}
"""SE10 column 5 (CATAIR SE v40 p.35)."""
_AE_ACTIONS = {"A": "add", "D": "delete", "R": "replace"}
"""AE 10 column 3 (CATAIR AE 2026-07 p.26)."""
_GRAND_TOTALS = ("duty", "user_fee", "ir_tax", "ad_duty", "cv_duty", "other_revenue")
"""Amounts of the AE 90 record, in cents; together they are the total (CATAIR AE 2026-07 p.131)."""
_AMOUNTS = ("value", "duty", "total")


@dataclass(frozen=True)
class ApprovalContents:
    """What an approval binds. `facts`: what is bound once. `rows`: all with the same keys, a row for
    each entry of each batch, or each number; amounts are whole cents, None where the bytes have none.
    """

    plan: str
    act: Act
    facts: dict[str, str]
    rows: tuple[Row, ...] = field(repr=False)

    def tables(self, names: bool = True) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """Title and rows, as text, of each table for a person: one for each batch file and one for
        all. `names`: with the column of importers' names."""
        parts: dict[str, list[Row]] = {}
        for row in self.rows:
            parts.setdefault(self._title(row), []).append(row)
        hidden = {"file", "sends"} if self.act is Act.SEND_BATCHES else self._blank()
        hidden |= set() if names else {NAME}
        for title, rows in parts.items():
            listed = rows if self.act is not Act.SEND_BATCHES else [*rows, _sum_row(rows)]
            yield (
                title,
                [
                    {
                        _HEADINGS.get(key, key.replace("_", " ")): _cell_text(key, value)
                        for key, value in row.items()
                        if key not in hidden
                    }
                    for row in listed
                ],
            )

    def _blank(self) -> set[str]:
        """Columns that no row fills."""
        keys = {key for row in self.rows for key in row}
        return {key for key in keys if all(row.get(key) in ("", None) for row in self.rows)}

    def _title(self, row: Row) -> str:
        if self.act is not Act.SEND_BATCHES:
            return f"{self.act.replace('-', ' ')}: {len(self.rows)} number(s)"
        return f"{row['file']}: {row['sends']}"


def approval_contents(journal: Journal, content: ContentStore, approval: ApprovalState) -> ApprovalContents:
    """Everything that this approval would let go.

    Raises ContentMissing where the bytes are gone or altered, Refused where they are of no kind that
    can be shown, or do not agree with what the approval binds.
    """
    payload = _payload(content, approval)
    handler = act_handler(approval.act)
    decoded = handler.load(content, approval.plan)
    if sorted(handler.binds(approval.plan, decoded)) != sorted(approval.binds):
        raise Refused("plan-binds-other-bytes", plan=approval.plan[:12])
    if approval.act is Act.SEND_BATCHES:
        return ApprovalContents(approval.plan, approval.act, {}, _plan_rows(journal, content, decoded))
    if approval.act is Act.SIGN_ACCOUNTING:
        lines = json.loads(content.get(payload["accounting"]))
        return ApprovalContents(approval.plan, approval.act, {}, tuple(_account_row(line) for line in lines))
    return _act_contents(content, approval, payload)


def _payload(content: ContentStore, approval: ApprovalState) -> dict[str, Any]:
    try:
        payload = json.loads(content.get(approval.plan))
    except ValueError:
        payload = None
    if not isinstance(payload, dict) or payload.get("act") != approval.act:
        raise Refused("act-payload-unreadable", plan=approval.plan[:12])
    return payload


def _plan_rows(journal: Journal, content: ContentStore, plan: SendingPlan) -> tuple[Row, ...]:
    rows = [row for batch in plan.batches for row in _batch_rows(content, plan, batch)]
    names = importer_names(journal, content, [row["number"] for row in rows])
    return tuple(row | {NAME: names.get(row["number"], "")} for row in rows)


def _batch_rows(content: ContentStore, plan: SendingPlan, batch: PlannedBatch) -> list[Row]:
    deck = _deck(content.get(batch.content))
    if deck is None:
        raise Refused("plan-batch-not-shown", plan=plan.digest[:12], file=batch.file)
    rows = _release_rows(deck) if deck.application == "SE" else _summary_rows(deck)
    numbers = [row["number"] for row in rows]
    if numbers != list(batch.numbers):
        raise Refused(
            "plan-numbers-differ-from-bytes",
            plan=plan.digest[:12],
            file=batch.file,
            listed=" ".join(batch.numbers),
            numbers=" ".join(numbers),
        )
    return [{"file": batch.file, **row} for row in rows]


_HEAD_RECORDS = {"SE": "SE10", "AE": "10"}


def _deck(data: bytes) -> Deck | None:
    """The records of a batch, its transactions marked; None if its block is neither SE nor AE."""
    matrix = read_records(data)
    blocks = matrix[matrix[:, 0] == ord("B")]
    names = {row[10:12].tobytes().decode("latin-1") for row in blocks}
    application = names.pop() if len(names) == 1 else ""
    if application not in _HEAD_RECORDS:
        return None
    kinds = record_table(application)
    deck = Deck(application, matrix, kinds.codes(matrix), kinds, _HEAD_RECORDS[application])
    deck.starts = deck.index(deck.head)
    return deck


def _release_rows(deck: Deck) -> list[Row]:
    """SE10: cargo release has a value and no duty."""
    head = _decoded_columns(deck.header, typed=True)
    plain = _decoded_columns(deck.header)
    return [
        {
            "sends": _action_text("cargo release", plain["action_code"][at], _SE_ACTIONS),
            "number": number,
            "importer": masked_value(plain["importer_number"][at]),
            NAME: "",
            "type": plain["entry_type"][at] or "",
            "value": _cents(head["entered_value"][at]),
            "duty": None,
            "total": None,
        }
        for at, number in enumerate(_entry_numbers(deck.header))
    ]


def _summary_rows(deck: Deck) -> list[Row]:
    """AE 10, 11, the values of all 50 and the grand totals of 90."""
    plain = _decoded_columns(deck.header)
    importers = _first_values(deck, "11", "importer_of_record_number")
    values = _field_sums(deck, "50", "value_of_goods_amount")
    totals = [_first_values(deck, "90", f"grand_total_{name}_amount") for name in _GRAND_TOTALS]
    return [
        {
            "sends": _action_text(
                "entry summary with cargo release"
                if plain["cargo_release_certification_request_indicator"][at]
                else "entry summary",
                plain["summary_filing_action_request_code"][at],
                _AE_ACTIONS,
            ),
            "number": number,
            "importer": masked_value(importers.get(at)),
            NAME: "",
            "type": plain["entry_type_code"][at] or "",
            "value": _cents(values.get(at)),
            "duty": totals[0].get(at),
            "total": _total(amounts.get(at) for amounts in totals),
        }
        for at, number in enumerate(_entry_numbers(deck.header))
    ]


def _action_text(what: str, action: str | None, actions: Mapping[str, str]) -> str:
    return f"{what}, {actions.get(action or '', f'action {action}')}"


def _decoded_columns(rows: RecordColumns, typed: bool = False) -> dict[str, list[Any]]:
    return decode_records(rows.layout, rows.matrix, typed=typed).to_pydict()


def _entry_numbers(header: RecordColumns) -> list[str]:
    pairs = zip(header.raw("entry_filer_code"), header.raw("entry_number"), strict=True)
    return [entry_text(filer.tobytes(), number.tobytes()) or "no entry number" for filer, number in pairs]


def _transaction_indices(deck: Deck, rows: RecordColumns) -> list[int]:
    return deck.transaction[rows.at].tolist()


def _first_values(deck: Deck, record: str, name: str) -> dict[int, Any]:
    """A field of the first such record of each transaction that fills it."""
    rows, values = deck.rows(record), {}
    for owner, value in zip(_transaction_indices(deck, rows), _decoded_columns(rows, typed=True)[name], strict=True):
        if value is not None:
            values.setdefault(owner, value)
    return values


def _field_sums(deck: Deck, record: str, name: str) -> dict[int, int]:
    """A field summed over all such records of each transaction that has one."""
    rows = deck.rows(record)
    owners = np.array(_transaction_indices(deck, rows), dtype=np.int64)
    sums: dict[int, int] = {}
    for owner, value in zip(owners.tolist(), _decoded_columns(rows, typed=True)[name], strict=True):
        sums[owner] = sums.get(owner, 0) + (value or 0)
    return sums


def _cents(dollars: int | None) -> int | None:
    return None if dollars is None else dollars * 100


def _total(amounts: Iterable[int | None]) -> int | None:
    stated = [amount for amount in amounts if amount is not None]
    return sum(stated) if stated else None


def importer_names(journal: Journal, content: ContentStore, numbers: Sequence[str]) -> dict[str, str]:
    """Importers' names by entry number, as the record has them: a convenience, in no batch."""
    query = sa.select(ENTRIES.c.number, ENTRIES.c.content)
    where = dict(rows_among(journal.rows, query, ENTRIES.c.number, numbers))
    names: dict[str, str] = {}
    for number, digest in where.items():
        with suppress(ContentMissing):
            rows = entry_table_rows(content, {number: digest}, "entries", ("entry_number", "importer_name"))
            names |= {row["entry_number"]: row["importer_name"] or "" for row in rows.to_pylist()}
    return names


def _account_row(line: Mapping[str, Any]) -> Row:
    """A line of an accounting, in the order of `AccountLine`. Free words may hold a Social Security
    number that somebody wrote."""
    names = [account_field.name for account_field in fields(AccountLine) if account_field.name in line]
    return {
        key: masked_value(line[key]) if key == "importer" else _without_private(line[key])
        for key in [*names, *(key for key in line if key not in names)]
    }


def _act_contents(content: ContentStore, approval: ApprovalState, payload: Mapping[str, Any]) -> ApprovalContents:
    numbers = payload.get("numbers", payload.get("number", ()))
    alike = ("act", "numbers", "number", "since", "other")
    facts = {
        key.replace("_", " "): _fact_text(key, value, content) for key, value in payload.items() if key not in alike
    }
    return ApprovalContents(approval.plan, approval.act, facts, tuple(_number_rows(numbers, payload)))


def _number_rows(numbers: Any, payload: Mapping[str, Any]) -> Iterator[Row]:
    """A row for each number of an act, with all that is bound of it."""
    if isinstance(numbers, Mapping):
        for number, bound in numbers.items():
            yield {"number": number, **{key: _without_private(value) for key, value in bound.items()}}
        return
    bound = {key: payload[key] for key in ("other", "since") if key in payload}
    for number in [numbers] if isinstance(numbers, str) else numbers:
        yield {"number": number, **bound}


def _fact_text(key: str, value: Any, content: ContentStore) -> str:
    if key != "proof":
        return "yes" if value is True else "no" if value is False else str(_without_private(value))
    return f"SHA-256 {value}, {len(content.get(value)):,} bytes"


def _without_private(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_private(element) for element in value]
    if isinstance(value, Mapping):
        return {key: _without_private(inner) for key, inner in value.items()}
    return without_ssn(value) if isinstance(value, str) else value


def _sum_row(rows: Sequence[Row]) -> Row:
    sums = {key: _total(row[key] for row in rows) for key in _AMOUNTS}
    return {**dict.fromkeys(rows[0], ""), "number": f"in all {len(rows)}", **sums}


def _cell_text(key: str, value: Any) -> str:
    if key in _AMOUNTS:
        return "-" if value is None else f"{value / 100:,.2f}"
    if key == "difference":
        differences = msgspec.convert(value, list[Difference])
        return "; ".join(map(difference_text, differences)) or "none"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "none"
    return "" if value is None else str(value)


def content_lines(contents: ApprovalContents) -> list[str]:
    """What is bound once, a line each."""
    return [f"{name}: {value}" for name, value in contents.facts.items()]


def contents_markdown(contents: ApprovalContents) -> str:
    """The same for an artifact or a form, without importers' names: the server keeps none."""
    parts = [f"- {_escaped(line)}" for line in content_lines(contents)]
    for title, rows in contents.tables(names=False):
        columns = list(rows[0])
        parts += ["", f"**{_escaped(title)}**", "", _markdown_row(columns)]
        parts += [_markdown_row(["---:" if column in _AMOUNTS else "---" for column in columns], plain=True)]
        parts += [_markdown_row(row.values()) for row in rows]
    return "\n".join(parts)


def _markdown_row(values: Iterable[str], plain: bool = False) -> str:
    return f"| {' | '.join(value if plain else _escaped(value) for value in values)} |"


_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>#|~!&$"})


def _escaped(text: str) -> str:
    """Text that Markdown shows as it stands, on one line."""
    return " ".join(text.split()).translate(_SPECIAL)
