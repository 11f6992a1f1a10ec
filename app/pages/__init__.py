"""One file a page; `weave_core.app.main` names them."""
