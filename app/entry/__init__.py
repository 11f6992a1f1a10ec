"""What Streamlit is started with: a script and its configuration, away from `pages/`."""
