"""The registry: names above all projects, where their aliases lead, and who led them there."""

import streamlit as st

from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.frame import errors_shown
from weave_core.app.state import artifact_url, client, evaluation_url, registry_url, run_url
from weave_core.model import RegistryEntry, RegistryEvent, TracedRegistryVersion

MAX_SHOWN_NAMES = 500
"""Names of the registry, versions of one, and moves of its aliases that a page shows."""
EMPTY = (
    "Nothing is registered yet. In Python: client.register("
    '"digit-reader", "digits/digits-cnn:best", aliases=["production"]).'
)


def show_names(name: str | None) -> None:
    """One row a name, with where its aliases lead."""
    columns = [
        ("Name", "minmax(160px, 1fr)", ".cut"), ("Type", "110px", ".cut"),
        ("Versions", "80px", ".num"), ("Aliases", "minmax(160px, 2fr)", ".cut"),
        ("Changed", "100px", ".num"),
    ]  # fmt: skip
    page = client().list_registry(limit=MAX_SHOWN_NAMES)
    rows = [name_row(each, is_on=each.name == name) for each in page.items]
    figure_table(table_rows("Registry", columns, rows, empty=EMPTY), key="registry_names")


def name_row(entry: RegistryEntry, *, is_on: bool) -> Row:
    """One name; a click shows it."""
    aliases = ", ".join(f"{alias} v{at}" for alias, at in sorted(entry.aliases.items()))
    cells: list[Cell] = [
        entry.name,
        {"text": entry.type, "dim": True},
        f"{entry.version_count}",
        {"text": aliases, "title": aliases},
        {"ago": entry.updated_ns / 1e6},
    ]
    return Row(cells, url=registry_url(entry.name), is_on=is_on, id=entry.name)


def show_versions(name: str, picked: int | None) -> None:
    """The versions of a name; a click shows where one comes from and who used it."""
    columns = [
        ("Version", "70px", ".num"), ("Aliases", "minmax(120px, 1fr)", ".cut"),
        ("Artifact", "minmax(160px, 2fr)", ".cut"), ("Made by run", "minmax(90px, 1fr)", ".cut"),
        ("Added", "90px", ".num"), ("By", "110px", ".cut"), ("Note", "minmax(120px, 2fr)", ".cut"),
    ]  # fmt: skip
    rows = []
    for each in client().list_registered(name, limit=MAX_SHOWN_NAMES).items:
        gone = "" if each.digest else " (deleted)"
        cells: list[Cell] = [
            f"v{each.version}",
            ", ".join(each.aliases),
            f"{each.project}/{each.artifact}:v{each.artifact_version}{gone}",
            {"text": each.run_id or "", "dim": True},
            {"ago": each.added_ns / 1e6},
            {"text": each.added_by, "dim": True},
            {"text": each.note, "title": each.note},
        ]
        url = registry_url(name, each.version)
        rows.append(Row(cells, url=url, is_on=each.version == picked, id=str(each.version)))
    figure_table(table_rows("Versions", columns, rows), key="registry_versions")


def show_version(version: TracedRegistryVersion) -> None:
    """Links to what it is, and the runs and evaluations that came of it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        place = (version.project, version.artifact, version.artifact_version)
        st.link_button("Its files", artifact_url(*place), icon=":material/folder_copy:")
        if version.run_id:
            made_by = run_url(version.project, version.run_id)
            st.link_button("The run that made it", made_by, icon=":material/show_chart:")
        move_alias(version)
    columns = [
        ("Project", "minmax(120px, 1fr)", ".cut"), ("Run", "minmax(120px, 1fr)", ".cut"),
        ("Used", "100px", ".num"),
    ]  # fmt: skip
    runs = [
        Row([each.project, each.run_id, {"ago": each.time_ns / 1e6}],
            url=run_url(each.project, each.run_id), id=f"{each.project}/{each.run_id}")
        for each in version.used_by
    ]  # fmt: skip
    used = table_rows("Used by", columns, runs, empty="No run has said that it uses it.")
    figure_table(used, key="registry_uses")
    if version.evaluations:
        columns = [
            ("Evaluation", "minmax(160px, 2fr)", ".cut"), ("State", "100px", ".cut"),
            ("Run", "minmax(120px, 1fr)", ".cut"),
        ]  # fmt: skip
        judged = [
            Row([each.name, each.state, f"{each.project}/{each.run_id}"],
                url=evaluation_url(each.project, each.evaluation_id), id=each.evaluation_id)
            for each in version.evaluations
        ]  # fmt: skip
        figure_table(table_rows("Evaluations", columns, judged), key="registry_evaluations")


def move_alias(version: TracedRegistryVersion) -> None:
    """A form that leads an alias to the version that is shown."""
    with st.popover("Lead an alias here", icon=":material/move_up:"), st.form("move", border=False):
        alias = st.text_input("Alias", placeholder="production")
        by = st.text_input("Your name")
        note = st.text_input("Why")
        if st.form_submit_button("Lead it here", type="primary") and alias:
            with errors_shown():
                client().move_registry_alias(
                    version.name, alias, f"v{version.version}", by=by, note=note
                )
                st.rerun()


def show_history(name: str) -> None:
    """Who led which alias where, newest first."""
    columns = [
        ("When", "100px", ".num"), ("Alias", "minmax(120px, 1fr)", ".cut"),
        ("From", "70px", ".num"), ("To", "90px", ".num"), ("By", "minmax(100px, 1fr)", ".cut"),
        ("Why", "minmax(160px, 2fr)", ".cut"),
    ]  # fmt: skip
    events = client().list_registry_events(name, limit=MAX_SHOWN_NAMES).items
    rows = [event_row(each) for each in events]
    figure_table(table_rows("History", columns, rows), key="registry_history")


def event_row(event: RegistryEvent) -> Row:
    """One move of an alias."""
    before = "" if event.before is None else f"v{event.before}"
    after = "taken away" if event.version is None else f"v{event.version}"
    cells: list[Cell] = [
        {"ago": event.at_ns / 1e6},
        event.alias,
        before,
        after,
        {"text": event.by, "dim": True},
        {"text": event.note, "title": event.note},
    ]
    return Row(cells)


wanted = st.query_params.get("name")
show_names(wanted)
if wanted:
    asked = st.query_params.get("version", "latest")
    shown = client().get_registered(wanted, asked)
    show_versions(wanted, shown.version)
    show_version(shown)
    show_history(wanted)
