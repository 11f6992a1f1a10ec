"""What a project without traces shows: the code that makes the first one."""

import streamlit as st

from weave_core.settings import DEFAULT_ENDPOINT, DEFAULT_PROJECT, Settings

__all__ = ["show"]


def show(project: str | None) -> None:
    """Say how to send a first trace to `project`, with code to paste."""
    endpoint = Settings.from_env().endpoint or DEFAULT_ENDPOINT
    name = project or DEFAULT_PROJECT
    with st.container(key="welcome", width=760):
        st.subheader("Nothing here yet", anchor=False)
        st.markdown("Run this, and the trace appears on this page by itself.", anchors=False)
        st.code(python_example(endpoint, name), language="python")
        st.markdown("A program that already speaks OpenTelemetry needs two variables:")
        st.code(otel_example(endpoint, name), language="bash")


def python_example(endpoint: str, project: str) -> str:
    """A first program, ready to run."""
    return f"""import weave_core

weave_core.init({project!r}, endpoint={endpoint!r}, autoinstrument=True)


@weave_core.op
def answer(question: str) -> str:
    return question[::-1]


answer("Is this traced?")"""


def otel_example(endpoint: str, project: str) -> str:
    """Environment of any program with an OpenTelemetry SDK."""
    return (
        f"export OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}\n"
        f"export OTEL_RESOURCE_ATTRIBUTES=weave_core.project={project}"
    )
