"""The tab with what two runs ran with and in what it differs: program, packages, lines of code."""

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from weave_core.app.components.text_diff import diff_content, text_diff
from weave_core.app.components.value_list import value_text
from weave_core.app.run_views.code import MAX_CODE_SHOWN, program_of
from weave_core.app.run_views.media import fetch_blob
from weave_core.flat_keys import flattened
from weave_core.model import Run

__all__ = ["show_code_differences"]

MAX_DIFFERING_FILES: Final = 20
"""Files of code whose lines are compared between two runs, the first by name."""
_PATCH: Final = "What differs from the commit"
NOTHING: Final = (
    "Nothing was captured of one of them: weave_core.run(capture=['environment', 'code']) does."
)
SAME_CODE: Final = "Their code is the same."
SAME: Final = "They ran the same code with the same packages, by the same command."


def show_code_differences(runs: Sequence[Run]) -> None:
    """Draw it of two of the runs, those that the reader picks; kept in the address."""
    names = {run.run_id: run.name for run in runs}
    ids = list(names)
    with st.container(horizontal=True, vertical_alignment="center"):
        first = st.selectbox(
            "Before", ids, format_func=names.__getitem__, key="before", bind="query-params",
            width=260, label_visibility="collapsed",
        )  # fmt: skip
        st.caption("against", width="content")
        second = st.selectbox(
            "After", ids, index=1, format_func=names.__getitem__, key="after_run",
            bind="query-params", width=260, label_visibility="collapsed",
        )  # fmt: skip
    told = {run.run_id: environment_of(run) for run in runs}
    before, after = told[first or ids[0]], told[second or ids[1]]
    if before is None or after is None:
        st.caption(NOTHING)
        return
    facts = [[name, a, b] for name, a, b in _pairs(_facts(before), _facts(after)) if a != b]
    files = _pairs(_files(before), _files(after))
    differing = [(name, a, b) for name, a, b in files if a != b]
    if not facts and not differing:
        st.caption(SAME)
        return
    texts = {name: (_text(a), _text(b)) for name, a, b in differing[:MAX_DIFFERING_FILES]}
    title = f"{names[first or ids[0]]} and {names[second or ids[1]]}"
    text_diff(diff_content(title, texts, facts, empty=SAME_CODE), key="code_differences")
    if len(differing) > len(texts):
        st.caption(f"The first {len(texts)} of {len(differing):,} files that differ.")


def environment_of(run: Run) -> dict[str, Any] | None:
    """What its first program ran with; None: it was not captured."""
    writers = [each for each in run.writers if each.environment]
    return (
        min(writers, key=lambda each: (each.rank, each.started_ns or 0)).environment
        if writers
        else None
    )


def _facts(told: dict[str, Any]) -> dict[str, str]:
    code = told.get("code") or {}
    machine = {name: told[name] for name in ("python", "system") if told.get(name)}
    found = {**program_of(told, code), **machine, **dict(flattened(told.get("machine") or {}))}
    packages = [str(each).partition("==") for each in told.get("packages") or ()]
    named = {f"package {name}": version for name, _, version in packages}
    return {name: value_text(value) for name, value in found.items()} | named


def _files(told: dict[str, Any]) -> dict[str, str]:
    code = told.get("code") or {}
    files = {name: digest or "" for name, digest in (code.get("files") or {}).items()}
    return files | ({_PATCH: str(code["diff"])} if code.get("diff") else {})


def _pairs(first: dict[str, str], second: dict[str, str]) -> list[tuple[str, str, str]]:
    """What both say by name; nothing where one says nothing."""
    names = dict.fromkeys([*first, *second])
    return [(name, first.get(name, ""), second.get(name, "")) for name in names]


def _text(digest: str) -> str | None:
    """The text of a file; None where that side has none."""
    if not digest:
        return None
    content = fetch_blob(digest)
    if content is None:
        return f"(not there, or too large for a page: {digest})"
    return content.decode("utf-8", "replace")[:MAX_CODE_SHOWN]
