"""The list of traces: what ran lately, how long it took and what it cost."""

import streamlit as st

from weave_core.app.state import client, find_project, list_projects

project = find_project(list_projects(), st.query_params.get("project"))
if project is None:
    st.info("No traces yet.")
    st.stop()
page = client().list_traces(project)
st.dataframe([trace.model_dump(include={"name", "status", "duration_ms"}) for trace in page.items])
