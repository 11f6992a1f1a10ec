"""The files of an artifact's version: a folder at a time, and a look into one file."""

import io

import orjson
import pandas as pd  # type: ignore[import-untyped]  # It ships no types.
import streamlit as st

from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.formats import file_size
from weave_core.app.state import artifact_url, client
from weave_core.media_types import HEAD_BYTES, media_type_of
from weave_core.model import StoredArtifact

__all__ = ["show_files"]

PAGE_SIZE = 200
MAX_SHOWN_TEXT = 100_000
"""Bytes of a file of an artifact that its page shows as text."""
MAX_SHOWN_IMAGE = 8 * 1024 * 1024
"""Bytes of an image of an artifact that its page shows."""
MAX_PAGE_DOWNLOAD = 64 * 1024 * 1024
"""Bytes of a file of an artifact that the app hands to a browser; the client brings larger ones."""
MAX_SHOWN_TABLE_ROWS = 200
"""Rows of a table among an artifact's files that its page shows."""
_MAX_TABLE_BYTES = 1024 * 1024


def show_files(project: str, shown: StoredArtifact) -> None:
    """The folder that the address names, with the file that it names beside it."""
    under, path = st.query_params.get("under", ""), st.query_params.get("file", "")
    table, beside = st.columns([3, 2], gap="medium") if path else (st.container(), None)
    with table:
        _show_folder(project, shown, under, path)
    if path and beside is not None:
        with beside:
            _show_file(project, shown, path)


def _show_folder(project: str, shown: StoredArtifact, under: str, path: str) -> None:
    cursor = st.query_params.get("files_after")
    page = client().list_artifact_files(
        project, shown.name, str(shown.version), under=under, limit=PAGE_SIZE, cursor=cursor
    )
    rows = []
    if under:
        above = under.rpartition("/")[0]
        rows.append(Row(["..", "", ""], url=_url(project, shown, under=above), id=".."))
    for each in page.items:
        cells: list[Cell] = [
            {"text": each.name + "/" * each.is_folder, "title": each.path},
            f"{each.file_count:,}" if each.is_folder else "",
            file_size(each.size_bytes),
        ]
        url = (
            _url(project, shown, under=each.path)
            if each.is_folder
            else _url(project, shown, under=under, file=each.path)
        )
        rows.append(Row(cells, url=url, is_on=each.path == path, id=each.path))
    title = f"{shown.name}/{under}" if under else shown.name
    columns = [
        (title, "minmax(120px, 1fr)", ".cut"), ("Files", "60px", ".num"), ("Size", "90px", ".num")
    ]  # fmt: skip
    figure_table(table_rows("Files", columns, rows, empty="It has no files."), key="files")
    if page.next_cursor and st.button("More files", type="tertiary", icon=":material/more_horiz:"):
        st.query_params["files_after"] = page.next_cursor
        st.rerun()


def _url(project: str, shown: StoredArtifact, **query: str) -> str:
    given = {key: text for key, text in query.items() if text}
    return artifact_url(project, shown.name, shown.version, **given)


def _show_file(project: str, shown: StoredArtifact, path: str) -> None:
    """What a file looks like, where that can be told from its beginning."""
    folder, _, name = path.rpartition("/")
    page = client().list_artifact_files(
        project, shown.name, str(shown.version), under=folder, limit=500
    )
    found = [each for each in page.items if each.name == name and not each.is_folder]
    st.markdown(f"**{_plain(name)}**")
    if found and found[0].reference is not None:
        st.caption("It is a reference: its bytes are not kept here.")
        st.code(found[0].reference, language=None)
        return
    size_bytes = found[0].size_bytes if found else None
    if size_bytes is not None:
        st.caption(f"{file_size(size_bytes)}, {found[0].digest[:23]}…")
    if size_bytes == 0:
        st.caption("It is empty.")
        return
    key = (project, shown.name, str(shown.version), path)
    head = client().get_artifact_file(*key, stop=_MAX_TABLE_BYTES)
    is_whole = len(head) < _MAX_TABLE_BYTES
    if media_type_of(head[:HEAD_BYTES]).startswith("image/"):
        data = head if is_whole else client().get_artifact_file(*key, stop=MAX_SHOWN_IMAGE)
        st.image(data)
    elif not _show_table(name, head, is_whole=is_whole):
        _show_text(head, is_whole=is_whole)
    _offer(key, name, size_bytes)


def _plain(name: str) -> str:
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()#+-.!|<>~$:" else sign for sign in name)


def _show_table(name: str, head: bytes, *, is_whole: bool) -> bool:
    """Show a table; whether it is one."""
    try:
        if name.endswith(".table.json") and is_whole:
            told = orjson.loads(head)
            frame = pd.DataFrame(told["data"], columns=told["columns"])
        elif name.endswith((".csv", ".tsv")):
            whole = head if is_whole else head[: head.rfind(b"\n")]
            sign = "\t" if name.endswith(".tsv") else ","
            frame = pd.read_csv(io.BytesIO(whole), sep=sign, nrows=MAX_SHOWN_TABLE_ROWS)
        else:
            return False
    except (ValueError, KeyError, TypeError):  # pandas' own errors are ValueErrors.
        return False
    st.dataframe(frame.head(MAX_SHOWN_TABLE_ROWS), hide_index=True)
    return True


def _show_text(head: bytes, *, is_whole: bool) -> None:
    shown = head[:MAX_SHOWN_TEXT]
    if b"\0" in shown:
        st.caption("It is no text.")
        return
    st.code(shown.decode("utf-8", "replace"), language=None, wrap_lines=True, height=420)
    if not is_whole or len(head) > len(shown):
        st.caption(f"The first {file_size(len(shown))}.")


def _offer(key: tuple[str, str, str, str], name: str, size_bytes: int | None) -> None:
    if size_bytes is None or size_bytes > MAX_PAGE_DOWNLOAD:
        st.caption(f"It is too large for a browser: weave-core artifact get {key[1]}:v{key[2]}")
        return

    def read() -> bytes:
        return client().get_artifact_file(*key)

    st.download_button("Download", read, file_name=name, icon=":material/download:")
