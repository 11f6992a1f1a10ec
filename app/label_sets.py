"""The label sets of a project, as pages offer them."""

import streamlit as st
from pydantic import ValidationError

from weave_core.app.state import client
from weave_core.errors import NotFound
from weave_core.model import LABEL_SET, Label, LabelSet

__all__ = ["OFFERED", "label_set_of", "offered_labels"]

OFFERED = "feedback"
"""Name of the label set that every trace, session and run can be judged by."""
_TTL_S = 10


def offered_labels(project: str) -> list[Label]:
    """The labels beside thumbs and comments; none where nobody has made that set."""
    found = _latest(str(id(client())), project)
    return found.labels if found is not None else []


@st.cache_data(ttl=_TTL_S, max_entries=64, show_spinner=False)
def _latest(endpoint: str, project: str) -> LabelSet | None:  # noqa: ARG001  # The endpoint is part of the cache's key.
    try:
        return label_set_of(project, OFFERED, "latest")
    except (NotFound, ValidationError):
        return None


def label_set_of(project: str, name: str, version: str) -> LabelSet:
    """One version of a label set.

    Raises:
        NotFound: If it is not stored.
        ValidationError: If it is something else.
    """
    return LabelSet.model_validate(client().get_object(project, LABEL_SET, name, version).content)
