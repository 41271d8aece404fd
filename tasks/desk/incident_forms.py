"""`continuity incident letters forms`: what is found in the official forms that the broker put there."""

from __future__ import annotations

import typer

from tasks.desk.context import Json, desk, show


def add_to(app: typer.Typer) -> None:
    app.command("forms")(forms)


def forms(as_json: Json = False) -> None:
    """Official forms in <home>/forms: which boxes are found, which are not. A box to tick is ticked where
    cbp3461.csv or cbp7501.csv beside the form says for what: field,value,when. Exit 1 if a form that lies
    there cannot be used."""
    from tasks.incident.letters import forms as room

    rows, bad = [], False
    for name in (room.CBP_3461, room.CBP_7501):
        found, problems = room.form(desk.home, name, desk.workspace.settings.letters)
        bad = bad or bool(problems)
        if found is None:
            rows += [_row(name, "problem", value=problem.column, label=str(problem), code=problem.code)
                     for problem in problems] or [_row(name, "absent")]  # fmt: skip
            continue
        rows += [_row(name, "field", field, found.where.get(field, ""), one.words)
                 for field, one in found.fields.items()]  # fmt: skip
        rows += [_row(name, "checkbox", box, " ".join(found.ticks.get(box, ())), one.words)
                 for box, one in found.boxes.items()]  # fmt: skip
        rows += [_row(name, "without-field", value=value) for value in found.unused]
    show(rows, as_json=as_json, title="Official forms")
    raise typer.Exit(1 if bad else 0)


def _row(form: str, kind: str, field: str = "", value: str = "", label: str = "", code: str = ""
         ) -> dict[str, str]:  # fmt: skip
    """`kind`: field, checkbox, without-field (a value that no field takes), problem or absent."""
    return {"form": form, "kind": kind, "field": field, "value": value, "label": label,
            "code": code}  # fmt: skip
