"""The frame around every page: title, navigation, and the one place that shows an error."""

import streamlit as st

from weave_core.app.frame import asset, dress, errors_shown

# A Material name as page icon would be fetched from Google by each browser.
st.set_page_config(page_title="weave-core", page_icon=asset("icon.svg"), layout="wide")
dress()
page = st.navigation(
    [
        st.Page("pages/traces.py", title="Traces", icon=":material/account_tree:", default=True),
        st.Page("pages/trace.py", title="Trace", url_path="trace", visibility="hidden"),
    ],
    position="top",
)
with errors_shown():
    page.run()
