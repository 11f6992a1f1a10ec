"""Parts of pages that draw one value each; the drawing itself is in `app/assets`.

Each module turns a value of `weave_core.model` into what its script needs, by a pure function, and
mounts the script.  What the reader does there comes back as a small value.
"""
