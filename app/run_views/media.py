"""The tab with what a run logged that is no number: a gallery over its steps, tables, figures."""

import base64
from collections.abc import Mapping
from contextlib import nullcontext
from itertools import cycle, groupby
from typing import Any, Final

import orjson
import pandas as pd  # type: ignore[import-untyped]  # It ships no types.
import streamlit as st
from pydantic import ValidationError

from weave_core.app.components.media_gallery import GALLERY_KINDS, gallery_content, media_gallery
from weave_core.app.components.pulse import live
from weave_core.app.frame import errors_shown
from weave_core.app.state import client
from weave_core.app.table_charts import chart_height, table_chart
from weave_core.errors import WeaveError
from weave_core.media_types import HEAD_BYTES, media_type_of
from weave_core.model import LoggedMedia, MediaKeys, Run, TableChart

__all__ = ["fetch_blob", "show_media"]

REFRESH_S = 5.0
MAX_BLOB_BYTES: Final = 8 * 1024 * 1024
"""Bytes of an image, sound or table that a page of a run shows."""
MAX_TABLE_ROWS_SHOWN: Final = 2_000
"""Rows of a logged table on its page."""
MAX_TABLE_CELLS: Final = 100_000
"""Cells of a logged table on its page: of one with many columns fewer rows."""
MAX_TABLE_BYTES_READ: Final = 64 * 1024 * 1024
"""Bytes of a logged table that a page reads to show its first rows; more than a run keeps."""
MAX_TABLE_IMAGES: Final = 100
"""Images in the cells of a logged table on its page."""
HISTOGRAM_STEPS: Final = 200
"""Steps of a histogram over time, evenly chosen of more."""
MAX_HISTOGRAM_KEYS: Final = 24
MAX_BESIDE: Final = 4
"""Tables of several runs beside each other; further ones stand below."""
MAX_CHARTS_BESIDE: Final = 2
"""Logged charts of one run beside each other."""
_STEP = "media_step"
EMPTY = """Nothing but numbers was logged yet. In Python:

```python
run.log({"sample": weave_core.Image(pixels, caption="epoch 3")}, step=3)
run.log({"weights": weave_core.Histogram(layer), "mistakes": weave_core.Table(data_frame)})
```"""


def show_media(*runs: Run) -> None:
    """Draw what one run logged, or what several did, side by side; read again while one goes on."""
    every = REFRESH_S if any(run.state == "running" for run in runs) else None
    names = {run.run_id: run.name if len(runs) > 1 else "" for run in runs}
    live(show_step, every_s=every)(runs[0].project, names)


def show_step(project: str, names: Mapping[str, str]) -> None:
    """What there is at the step that is looked at.

    Args:
        project: Of the runs.
        names: What each run is called by its id; empty where there is one.
    """
    with errors_shown():
        keys = [client().list_media_keys(project, run_id) for run_id in names]
        steps = sorted({step for each in keys for step in each.steps})
        if not steps:
            st.markdown(EMPTY)
            return
        step = int(st.session_state.get(_STEP, steps[-1]))
        # Those of one key stand together, a run after the other.
        logged = sorted(
            (
                each
                for run_id in names
                for each in client().list_media(project, run_id, at=step, limit=500).items
            ),
            key=lambda each: each.key,
        )
        content = gallery_content(
            logged, read_histograms(project, dict(zip(names, keys, strict=True))), step=step,
            steps=steps, fetch=fetch_blob, names=names,
        )  # fmt: skip
        asked = media_gallery(content, key="media_gallery")
        others = [each for each in logged if each.kind not in GALLERY_KINDS]
        groups = [[*of_key] for _, of_key in groupby(others, key=lambda each: each.key)]
        charts = [each for [each, *more] in groups if not more and is_chart(each)]
        beside = [
            charts[at : at + MAX_CHARTS_BESIDE] for at in range(0, len(charts), MAX_CHARTS_BESIDE)
        ]
        beside += [group for group in groups if group[1:] or not is_chart(group[0])]
        for row in beside:
            # A last chart alone is as wide as the others.
            count = MAX_CHARTS_BESIDE if is_chart(row[0]) and row[0] in charts else len(row)
            columns = st.columns(min(count, MAX_BESIDE))
            for place, column in zip(row, cycle(columns), strict=False):
                with column:
                    show_other(place, names[place.run_id])
        if asked is not None:
            if asked == "last":
                st.session_state.pop(_STEP, None)
            else:
                st.session_state[_STEP] = int(asked)
            st.rerun()


def read_histograms(project: str, keys: Mapping[str, MediaKeys]) -> dict[str, list[LoggedMedia]]:
    """Histograms over the steps, by key, of all runs.

    Args:
        project: Of the runs.
        keys: What each run has, by its id.
    """
    found: dict[str, list[LoggedMedia]] = {}
    for run_id, of_run in keys.items():
        for each in of_run.items:
            if each.kind != "histogram" or (
                each.key not in found and len(found) >= MAX_HISTOGRAM_KEYS
            ):
                continue
            asked: dict[str, Any] = {"limit": HISTOGRAM_STEPS, "sample": True}
            page = client().list_media(project, run_id, [each.key], **asked)
            found.setdefault(each.key, []).extend(page.items)
    return found


def show_other(each: LoggedMedia, owner: str) -> None:
    """A table or a figure of plotly's, by Streamlit's own means."""
    rank = f"rank {each.rank}" if each.rank else ""
    facts = [owner, each.key, f"step {each.step}", rank]
    for item in each.items:
        # A label is Markdown, and a key may hold anything.
        st.text(" · ".join(filter(None, facts)))
        digest = str(item.get("digest"))
        if item.get("caption"):
            st.text(str(item["caption"])[:2_000])
        if each.kind == "table" and (table := fetch_table(digest)):
            is_drawn = show_chart(item, table, key=f"chart-{each.key}-{each.run_id}-{digest}")
            with st.expander("Rows") if is_drawn else nullcontext():
                show_table(table)
        elif each.kind == "table" or (content := fetch_blob(digest)) is None:
            st.caption("It is too large for a page: client.run(id).media(key) has it.")
        else:
            key = f"{each.key}-{each.run_id}-{each.rank}-{each.step}-{item.get('digest')}"
            show_figure(content, key=key)


def is_chart(each: LoggedMedia) -> bool:
    """Whether it is one table that was logged as a chart."""
    return each.kind == "table" and len(each.items) == 1 and "chart" in each.items[0]


def show_chart(item: dict[str, Any], told: dict[str, Any], *, key: str) -> bool:
    """A table as the chart that it was logged as; whether it is one."""
    if "chart" not in item:
        return False
    try:
        chart = TableChart.model_validate(item["chart"])
    except ValidationError:
        return False  # Of a newer program; its rows are shown all the same.
    options = table_chart(chart, [str(name) for name in told["columns"]], told["data"])
    if options is None:
        return False
    st.echarts_chart(
        options, height=chart_height(chart, options), alt=chart.title or "A logged chart", key=key
    )
    return True


def show_table(told: dict[str, Any]) -> None:
    """The first rows of a table; images in its cells are shown."""
    columns, rows = [str(name) for name in told["columns"]], told["data"]
    frame = pd.DataFrame(rows, columns=_unique(columns))
    config: dict[str, Any] = {}
    shown = 0
    for name in frame.columns:
        cells = list(frame[name])
        if not any(isinstance(cell, dict) and "digest" in cell for cell in cells):
            if any(isinstance(cell, dict | list) for cell in cells):
                frame[name] = [orjson.dumps(cell).decode() for cell in cells]
            continue
        pictures = []
        for cell in cells:
            wanted = isinstance(cell, dict) and shown < MAX_TABLE_IMAGES
            pictures.append(_picture(cell) if wanted else None)
            shown += pictures[-1] is not None
        frame[name] = pictures
        config[name] = st.column_config.ImageColumn(name)
    st.dataframe(frame, hide_index=True, width="stretch", column_config=config)
    total, count = int(told["total"]), int(told["kept"])
    if total > len(frame):
        kept = f"; {count:,} are kept" if count < total else ""
        st.caption(f"The first {len(frame):,} of {total:,} rows{kept}.")


def show_figure(content: bytes, *, key: str) -> None:
    """A figure of plotly's, where plotly is installed."""
    try:
        import plotly.io as pio  # Only who logs its figures has it.
    except ImportError:
        st.caption("Figures of plotly's are drawn where it is installed: pip install plotly")
        st.download_button("Save its JSON", content, "figure.json", key=f"save-{key}")
        return
    st.plotly_chart(pio.from_json(content.decode(), skip_invalid=True), key=f"figure-{key}")


@st.cache_data(max_entries=400, show_spinner=False)
def _blob(digest: str) -> bytes | None:
    reader = client()
    try:
        info = reader.find_blob(digest)
        if info is None or info.size_bytes > MAX_BLOB_BYTES:
            return None
        return reader.get_blob(digest)
    except WeaveError:
        return None  # The page shows the others all the same.


@st.cache_data(max_entries=50, show_spinner=False)
def _table(digest: str) -> dict[str, Any] | None:
    """What a page shows of a table, a small part of a large one."""
    try:
        info = client().find_blob(digest)
        if info is None or info.size_bytes > MAX_TABLE_BYTES_READ:
            return None
        told = orjson.loads(client().get_blob(digest))
    except WeaveError:
        return None
    rows, columns = told["data"], told["columns"]
    shown = rows[: max(1, min(MAX_TABLE_ROWS_SHOWN, MAX_TABLE_CELLS // max(1, len(columns))))]
    total = told.get("total") or len(rows)
    return {"columns": columns, "data": shown, "kept": len(rows), "total": total}


def fetch_table(digest: str) -> dict[str, Any] | None:
    """The first rows of a table, how many are kept and how many there were; None without it."""
    found = _table(digest) if digest.startswith("sha256:") else None
    if found is None:
        _table.clear(digest)  # It may be there the next time.
    return found


def fetch_blob(digest: str) -> bytes | None:
    """The bytes of a blob; None where there is none or it is too large for a page."""
    if not digest.startswith("sha256:"):
        return None
    content = _blob(digest)
    if content is None:
        _blob.clear(digest)  # It may be there the next time.
    return content


def _picture(cell: dict[str, Any]) -> str | None:
    content = fetch_blob(str(cell.get("digest")))
    if content is None:
        return None
    media_type = media_type_of(content[:HEAD_BYTES])
    if not media_type.startswith("image/"):
        return None
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _unique(names: list[str]) -> list[str]:
    """Names of columns, none twice: a data frame that is drawn can't have that."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = number = seen.get(name, 0) + 1
        found.append(name if number == 1 else f"{name} ({number})")
    return found
