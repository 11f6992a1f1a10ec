"""The tab with the files that a run keeps: a folder, and one of its files to look at or save."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Final

import orjson
import pandas as pd  # type: ignore[import-untyped]  # It ships no types.
import streamlit as st

from weave_core.app.components.figure_table import Row, figure_table, table_rows
from weave_core.app.components.json_value import json_value
from weave_core.app.components.pulse import live
from weave_core.app.formats import file_size
from weave_core.app.frame import errors_shown
from weave_core.app.state import client
from weave_core.errors import WeaveError
from weave_core.media_types import HEAD_BYTES, media_type_of
from weave_core.model import Run, RunFile

__all__ = ["show_files_of"]

REFRESH_S = 5.0
MAX_FILES_SHOWN: Final = 10_000
"""Files of a run that its page looks through, the first ones by name."""
MAX_FOLDER_ROWS: Final = 1_000
"""Rows of one folder on the page of a run."""
MAX_PREVIEW_BYTES: Final = 4 * 1024 * 1024
"""Bytes of an image, a sound or JSON that the tab of files shows."""
MAX_TEXT_BYTES: Final = 200 * 1024
"""Bytes of a text that the tab of files shows."""
MAX_CSV_ROWS: Final = 1_000
"""Rows of a file of values that the tab of files shows."""
MAX_DOWNLOAD_BYTES: Final = 256 * 1024 * 1024
"""Bytes of a file that can be saved from the page; larger ones by the client, piece by piece."""
EMPTY = """This run keeps no files. In Python:

```python
run.save("checkpoints/*.pt")
run.save("report.html", policy="end")
```"""
_LANGUAGES: Final = {
    ".py": "python",
    ".md": "markdown",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "toml",
    ".sh": "bash",
    ".html": "html",
    ".js": "javascript",
    ".sql": "sql",
    ".diff": "diff",
}


@dataclass
class _Folder:
    count: int = 0
    size_bytes: int = 0
    time_ns: int = 0


def show_files_of(run: Run) -> None:
    """Draw the tab; read again while the run goes on."""
    every = REFRESH_S if run.state == "running" else None
    live(show_folder, every_s=every)(run.project, run.run_id)


def show_folder(project: str, run_id: str) -> None:
    """The folder of the address, and beside it the file that was picked."""
    with errors_shown():
        kept = list(islice(client().run_files(project, run_id), MAX_FILES_SHOWN + 1))
        files = [each.info for each in kept[:MAX_FILES_SHOWN]]
        if not files:
            st.markdown(EMPTY)
            return
        name = st.query_params.get("file", "")
        # A link to a file opens the folder that it lies in.
        inside = name.rpartition("/")[0] + "/" if "/" in name else ""
        folder = st.query_params.get("folder", inside)
        shown = next((each for each in files if each.name == name), None)
        total = sum(each.size_bytes for each in files)
        is_cut = len(kept) > len(files)
        st.caption(
            f"{len(files):,} files, {file_size(total)}"
            + (" are shown; client.run(id).files() has all." if is_cut else "")
        )
        table, beside = st.columns([3, 4], gap="large") if shown else (st.container(), None)
        with table:
            rows = _rows(files, folder, name)
            columns = [
                ("Name", "minmax(140px, 1fr)", ".mono.cut"), ("Size", "84px", ".num"),
                ("Saved", "84px", ".num"),
            ]  # fmt: skip
            told = table_rows("Files", columns, rows, empty="There is nothing in this folder.")
            picked = figure_table(told, key=f"files_{folder}")
            if picked is not None and _go(picked):
                st.rerun()
        if shown and beside:
            with beside:
                show_file(shown)


def show_file(file: RunFile) -> None:
    """What is in a file, as far as a page can hold it, and the way to save it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(file.name)
        if file.size_bytes <= MAX_DOWNLOAD_BYTES:
            st.download_button(
                "Save", partial(client().get_blob, file.digest), PurePosixPath(file.name).name,
                icon=":material/download:", on_click="ignore", key=f"save_{file.digest}",
            )  # fmt: skip
    st.caption(f"{file_size(file.size_bytes)} · {file.digest}")
    if file.size_bytes > MAX_DOWNLOAD_BYTES:
        st.text(f"It is large: client.run(id).file({file.name!r}).download() saves it.")
    try:
        show_content(file)
    except (WeaveError, ValueError) as error:
        # What is no JSON or no table is no defect of the page, which can still save it.
        st.caption("It can't be shown here.")
        st.text(str(error)[:500])


def show_content(file: RunFile) -> None:
    """By what it is: a picture, a sound, values, JSON, text."""
    ending = PurePosixPath(file.name).suffix.lower()
    head = _read(file.digest, HEAD_BYTES)
    kind = media_type_of(head).partition("/")[0]
    is_small = file.size_bytes <= MAX_PREVIEW_BYTES
    if kind in {"image", "audio", "video"} and ending != ".svg":
        if not is_small:
            st.caption("It is too large to be shown here.")
            return
        content = _read(file.digest, MAX_PREVIEW_BYTES)
        if kind == "image":
            st.image(content)
        elif kind == "audio":
            st.audio(content)
        else:
            st.video(content)
    elif ending in {".csv", ".tsv"}:
        text = io.BytesIO(_read(file.digest, MAX_PREVIEW_BYTES))
        separator = "\t" if ending == ".tsv" else ","
        frame = pd.read_csv(text, sep=separator, nrows=MAX_CSV_ROWS, on_bad_lines="skip")
        st.dataframe(frame, hide_index=True, width="stretch")
        if len(frame) == MAX_CSV_ROWS:
            st.caption(f"The first {MAX_CSV_ROWS:,} rows.")
    elif ending == ".json" and is_small:
        json_value(file.name, orjson.loads(_read(file.digest, MAX_PREVIEW_BYTES)), key="file_json")
    else:
        _show_text(file, ending)


def _show_text(file: RunFile, ending: str) -> None:
    content = _read(file.digest, MAX_TEXT_BYTES)
    if b"\0" in content:
        st.caption("It is no text, so it can only be saved.")
        return
    # A letter may have been cut in two at the end.
    text = content.decode("utf-8", "replace")
    st.code(text, language=_LANGUAGES.get(ending), wrap_lines=ending in {".txt", ".md", ".log"})
    if file.size_bytes > MAX_TEXT_BYTES:
        st.caption(f"The first {file_size(MAX_TEXT_BYTES)}.")


def _rows(files: Iterable[RunFile], folder: str, picked: str) -> list[Row]:
    """The folder above, the folders in it, then its files."""
    folders: dict[str, _Folder] = {}
    rows: list[Row] = []
    for each in files:
        if not each.name.startswith(folder):
            continue
        inner, slash, _ = each.name[len(folder) :].partition("/")
        if slash:
            found = folders.setdefault(inner, _Folder())
            found.count += 1
            found.size_bytes += each.size_bytes
            found.time_ns = max(found.time_ns, each.time_ns)
        elif len(rows) < MAX_FOLDER_ROWS:
            cells: list[Any] = [
                {"text": inner, "title": each.name}, file_size(each.size_bytes),
                {"ago": each.time_ns / 1e6},
            ]  # fmt: skip
            rows.append(Row(cells, pick=each.name, is_on=each.name == picked, id=each.name))
    above = [
        Row([{"text": "..", "title": "The folder above"}, None, None], pick=f"{_above(folder)}/")
    ]
    inner_rows = [
        Row(
            [
                {"text": f"{name}/", "title": f"{found.count:,} files"},
                file_size(found.size_bytes),
                {"ago": found.time_ns / 1e6},
            ],
            pick=f"{folder}{name}/",
            id=f"{folder}{name}/",
        )
        for name, found in islice(folders.items(), MAX_FOLDER_ROWS)
    ]
    return [*(above if folder else ()), *inner_rows, *rows]


def _above(folder: str) -> str:
    return folder.removesuffix("/").rpartition("/")[0]


def _go(picked: str) -> bool:
    """Let the address name what was picked; whether that is another."""
    is_folder = picked.endswith("/")
    name = "folder" if is_folder else "file"
    value = picked.removeprefix("/") if is_folder else picked
    if st.query_params.get(name, "") == value:
        return False
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)
    if is_folder:
        st.query_params.pop("file", None)
    return True


@st.cache_data(max_entries=100, show_spinner=False)
def _read(digest: str, most: int) -> bytes:
    return client().get_blob(digest, start=0, stop=most)
