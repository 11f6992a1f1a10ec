"""The tab with what a run logged that is no number: a gallery over its steps, tables, figures."""

import base64
from typing import Any, Final

import orjson
import pandas as pd  # type: ignore[import-untyped]  # It ships no types.
import streamlit as st

from weave_core.app.components.media_gallery import GALLERY_KINDS, gallery_content, media_gallery
from weave_core.app.frame import errors_shown
from weave_core.app.state import client
from weave_core.errors import WeaveError
from weave_core.media_types import HEAD_BYTES, media_type_of
from weave_core.model import LoggedMedia, MediaKeys, Run

__all__ = ["fetch_blob", "show_media"]

REFRESH_S = 5.0
MAX_BLOB_BYTES: Final = 8 * 1024 * 1024
"""Bytes of an image, sound or table that a page of a run shows."""
MAX_TABLE_ROWS_SHOWN: Final = 2_000
"""Rows of a logged table on its page."""
MAX_TABLE_IMAGES: Final = 100
"""Images in the cells of a logged table on its page."""
HISTOGRAM_STEPS: Final = 200
"""Steps of a histogram over time, evenly chosen of more."""
MAX_HISTOGRAM_KEYS: Final = 24
_STEP = "media_step"
EMPTY = """Nothing but numbers was logged yet. In Python:

```python
run.log({"sample": weave_core.Image(pixels, caption="epoch 3")}, step=3)
run.log({"weights": weave_core.Histogram(layer), "mistakes": weave_core.Table(data_frame)})
```"""


def show_media(run: Run) -> None:
    """Draw the tab; read again while the run goes on."""
    every = REFRESH_S if run.state == "running" else None
    st.fragment(show_step, run_every=every)(run.project, run.run_id)


def show_step(project: str, run_id: str) -> None:
    """What there is at the step that is looked at."""
    with errors_shown():
        keys = client().list_media_keys(project, run_id)
        if not keys.items:
            st.markdown(EMPTY)
            return
        step = int(st.session_state.get(_STEP, keys.steps[-1]))
        logged = client().list_media(project, run_id, at=step, limit=500).items
        content = gallery_content(
            logged, read_histograms(project, run_id, keys), step=step, steps=keys.steps,
            fetch=fetch_blob,
        )  # fmt: skip
        asked = media_gallery(content, key="media_gallery")
        for each in logged:
            if each.kind not in GALLERY_KINDS:
                show_others(each)
        if asked is not None:
            if asked == "last":
                st.session_state.pop(_STEP, None)
            else:
                st.session_state[_STEP] = int(asked)
            st.rerun()


def read_histograms(project: str, run_id: str, keys: MediaKeys) -> dict[str, list[LoggedMedia]]:
    """Histograms over the steps, by key."""
    names = [each.key for each in keys.items if each.kind == "histogram"][:MAX_HISTOGRAM_KEYS]
    return {
        name: client().list_media(project, run_id, [name], limit=HISTOGRAM_STEPS, sample=True).items
        for name in names
    }


def show_others(each: LoggedMedia) -> None:
    """Tables and figures of plotly's, by Streamlit's own means."""
    for item in each.items:
        # A label is Markdown, and a key may hold anything.
        st.text(f"{each.key} · step {each.step}" + (f" · rank {each.rank}" if each.rank else ""))
        content = fetch_blob(str(item.get("digest")))
        if item.get("caption"):
            st.text(str(item["caption"])[:2_000])
        if content is None:
            st.caption("It is too large for a page: client.run(id).media(key) has it.")
        elif each.kind == "table":
            show_table(orjson.loads(content))
        else:
            show_figure(content, key=f"{each.key}-{each.step}-{item.get('digest')}")


def show_table(told: dict[str, Any]) -> None:
    """The first rows of a table; images in its cells are shown."""
    columns, rows = [str(name) for name in told["columns"]], told["data"]
    frame = pd.DataFrame(rows[:MAX_TABLE_ROWS_SHOWN], columns=_unique(columns))
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
    total = int(told.get("total") or len(rows))
    if total > len(frame):
        kept = f"; {len(rows):,} are kept" if len(rows) < total else ""
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
