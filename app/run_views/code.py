"""The tab with what a run ran with: commit, command, machine, packages, and its own code."""

from typing import Any, Final

import streamlit as st

from weave_core.app.components.value_list import value_list
from weave_core.app.formats import file_size
from weave_core.app.run_views.media import fetch_blob
from weave_core.app.state import object_url
from weave_core.flat_keys import flattened
from weave_core.model import Run, RunWriter
from weave_core.refs import Ref

__all__ = ["program_of", "show_code", "show_code_files"]

MAX_CODE_SHOWN: Final = 400_000
"""Characters of a file of code, or of what differs from a commit, on the page of a run."""
NOTHING = """Nothing was captured: `capture` left it out, or the run has only just begun.

```python
weave_core.run(capture=["system", "environment", "code", "console"])
```"""
_MACHINE: Final = ("host", "system", "python", "implementation", "executable", "folder")


def show_code(run: Run) -> None:
    """Draw the tab."""
    writers = [each for each in run.writers if each.environment]
    if not writers:
        st.markdown(NOTHING)
        return
    writers.sort(key=lambda each: (each.rank, each.started_ns))
    writer = writers[0] if len(writers) == 1 else pick_writer(writers)
    told = writer.environment or {}
    code = told.get("code") or {}
    left, right = st.columns(2, gap="large")
    with left:
        value_list("Program", program_of(told, code), empty="", key="program")
        machine = told.get("machine")
        shown = {name: told.get(name) for name in _MACHINE} | (machine or {})
        value_list("Machine", _said(shown), empty="", key="machine")
        if launchers := _said(dict(flattened(told.get("launchers") or {}))):
            value_list("Started by", launchers, empty="", key="launchers")
    with right:
        show_version(code)
        show_diff(code)
        show_code_files(code)
    value_list("Packages", _packages(told), empty="None were found.", key="packages")


def pick_writer(writers: list[RunWriter]) -> RunWriter:
    """Which of several programs, or attempts, is looked at."""
    names = {f"rank {each.rank}, {each.host or each.writer_id}": each for each in writers}
    picked = st.selectbox("Program", list(names), key="writer", width=360)
    return names.get(picked or "", writers[0])


def show_version(code: dict[str, Any]) -> None:
    """The object that the code is a version of, the same for runs of the same code."""
    if not code.get("ref"):
        return
    ref = Ref.parse(str(code["ref"]))
    number = int(code["version"])
    label = f"Version {number} of the code {ref.name}"
    url = object_url(ref.project, ref.kind, ref.name, number)
    st.link_button(label, url, icon=":material/commit:", type="tertiary")


def show_diff(code: dict[str, Any]) -> None:
    """What differed from the commit."""
    digest = code.get("diff")
    if digest is None:
        if code.get("is_dirty") is False:
            st.caption("Nothing differed from the commit.")
        return
    with st.expander("What differed from the commit", icon=":material/difference:"):
        show_text(str(digest), language="diff")


def show_code_files(code: dict[str, Any]) -> None:
    """The program's own files, one at a time.

    Args:
        code: With `files`, digests by name.
    """
    files: dict[str, str | None] = code.get("files") or {}
    if not files:
        return
    st.caption(f"Its own code, {len(files):,} {'file' if len(files) == 1 else 'files'}")
    name = st.selectbox(
        "File", sorted(files), key="file", bind="query-params", label_visibility="collapsed"
    )
    if name is None:
        return
    digest = files[name]
    if digest is None:
        st.caption("It is empty, or was too large to be kept.")
    else:
        show_text(digest, language="python")


def show_text(digest: str, *, language: str) -> None:
    """A text by its digest, coloured, and a way to save it."""
    content = fetch_blob(digest)
    if content is None:
        st.caption("It is not there, or too large for a page: client.get_blob(digest) reads it.")
        st.text(digest)
        return
    text = content.decode("utf-8", "replace")
    st.code(text[:MAX_CODE_SHOWN], language=language, line_numbers=language != "diff")
    if len(text) > MAX_CODE_SHOWN:
        st.caption(f"The first {MAX_CODE_SHOWN:,} of {len(text):,} characters.")


def _said(values: dict[str, Any]) -> dict[str, Any]:
    """Those that say something, bytes as people read them."""
    return {
        name: file_size(value) if name.endswith("_bytes") and isinstance(value, int) else value
        for name, value in values.items()
        if value not in (None, "", [], {})
    }


def program_of(told: dict[str, Any], code: dict[str, Any]) -> dict[str, Any]:
    """Command and commit of a program, as far as they are known.

    Args:
        told: The environment of a writer.
        code: Its part about the code.
    """
    git = told.get("git") or {}
    words = told.get("command") or ()
    found = {
        "command": " ".join(map(str, words)) or None,
        "commit": git.get("commit"),
        "branch": git.get("branch"),
        "remote": git.get("remote"),
        "changed since the commit": code.get("is_dirty"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _packages(told: dict[str, Any]) -> dict[str, str]:
    """Versions by name; names have dots, which are no nesting."""
    found: dict[str, str] = {}
    for each in told.get("packages") or ():
        name, _, version = str(each).partition("==")
        found[name] = version
    return found
