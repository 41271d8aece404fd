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
        found, why = room.form(desk.home, name, desk.workspace.settings.letters)
        bad = bad or bool(why)
        if found is None:
            rows.append(
                {"form": name, "field": "", "value": "", "said": why or "not in <home>/forms"}
            )
            continue
        rows += [{"form": name, "field": field, "value": found.where.get(field, ""), "said": one.words}
                 for field, one in found.fields.items()]  # fmt: skip
        rows += [{"form": name, "field": box, "value": " ".join(found.ticks.get(box, ())),
                  "said": f"box to tick: {one.words}"} for box, one in found.boxes.items()]  # fmt: skip
        rows += [{"form": name, "field": "", "value": value, "said": "no field was found for it"}
                 for value in found.unused]  # fmt: skip
    show(rows, as_json=as_json, title="Official forms")
    raise typer.Exit(1 if bad else 0)
