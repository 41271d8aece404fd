from __future__ import annotations

from pathlib import Path

from tasks.reconciliation.events import AnswerLine, AnswerRead
from tasks.reconciliation.receiving.answer_files import Contradiction, contradictions
from tests.reconciliation.broker_office import Office


def test_a_second_word_of_ace_that_is_another_is_told(office: Office, tmp_path: Path) -> None:
    office.record(1, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    office.write(made)
    (batch,), (number,) = made.batches, made.numbers

    def said(disposition: str, rejected: bool = False) -> AnswerRead:
        lines = [] if rejected else [AnswerLine(number=number, disposition=disposition)]
        return AnswerRead(application="SX", about="release", batch=batch.batch, content="",
                                rejected=rejected, lines=lines)  # fmt: skip

    assert [*contradictions(office.journal, [said("accepted"), said("accepted")])] == []
    (odd,) = contradictions(office.journal, [said("accepted"), said("rejected")])
    assert odd == Contradiction(number, batch.batch, "taken", "rejected")
    office.journal.append(said("accepted"), "answer/x", "bo")
    assert len([*contradictions(office.journal, [said("rejected")])]) == 1
    assert len([*contradictions(office.journal, [said("", rejected=True)])]) == 1
    assert [*contradictions(office.journal, [said("system failure")])] == []
