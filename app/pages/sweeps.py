"""Sweeps: what is searched, how far it is, and the best that was found."""

import streamlit as st

from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.components.pulse import live
from weave_core.app.frame import errors_shown
from weave_core.app.project_picker import pick_project
from weave_core.app.state import client, sweep_url
from weave_core.app.sweep_cells import state_cell
from weave_core.model import Sweep
from weave_core.sweep_words import best_text, progress_text

REFRESH_S = 5.0
EMPTY = """No sweeps yet. In Python:

```python
sweep_id = weave_core.sweep(
    {{
        "method": "bayes",
        "metric": {{"name": "loss", "goal": "minimize"}},
        "parameters": {{"lr": {{"min": 0.001, "max": 0.1}}}},
        "run_cap": 20,
    }},
    project="{project}",
)
weave_core.agent(sweep_id, train)
```"""
COLUMNS = [
    ("Sweep", "minmax(140px, 1.4fr)", ".cut"),
    ("State", "110px", ""),
    ("Method", "90px", ""),
    ("Trials", "minmax(130px, 1.2fr)", ".cut"),
    ("Best", "minmax(150px, 1.2fr)", ".cut"),
    ("Made", "110px", ".num"),
]


def show_list(project: str) -> None:
    """The newest sweeps, read again while they are looked at."""
    with errors_shown():
        sweeps = client().list_sweeps(project)
        if not sweeps:
            st.markdown(EMPTY.format(project=project.replace("`", "")))
            return
        rows = table_rows("Sweeps", COLUMNS, [sweep_row(each) for each in sweeps])
        figure_table(rows, key="sweep_list")


def sweep_row(sweep: Sweep) -> Row:
    """One sweep; a click opens it."""
    cells: list[Cell] = [
        {"text": sweep.name, "title": f"{sweep.name}, {sweep.sweep_id}"},
        state_cell(sweep.state, sweep.reason),
        sweep.method,
        progress_text(sweep),
        best_text(sweep),
        {"ago": sweep.created_ns / 1e6},
    ]
    return Row(cells, url=sweep_url(sweep.project, sweep.sweep_id), id=sweep.sweep_id)


project = pick_project()
if project is not None:
    live(show_list, every_s=REFRESH_S)(project)
