"""The Streamlit app: draws what `weave_core.Client` reads."""
