"""One trace: its spans in time, and the chosen span in full."""

import streamlit as st

from weave_core.app.state import client

trace = client().get_trace(st.query_params["project"], st.query_params["trace"], payload=False)
st.title(trace.trace.name)
