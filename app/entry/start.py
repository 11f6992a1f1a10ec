"""The script that Streamlit runs; all it does is to draw the frame.

It must not lie beside the folder `pages/`: Streamlit 1.67 takes such a script for an app of its
older kind until `st.navigation` has run once, and a link to a trace as the first request of a
process would run that page without the frame.
"""

from weave_core.app.main import draw

draw()
