"""Which paths a manifest may hold: relative, within the folder, and writable anywhere."""

from collections.abc import Iterable

from weave_core.errors import BadRequest

__all__ = ["check_tree", "checked_path"]

MAX_PATH = 1_024
"""Characters of a path within an artifact."""
_MAX_NAME_BYTES = 255


def checked_path(path: str) -> str:
    """`path`, which leads to a place within an artifact's folder.

    Raises:
        BadRequest: If it does not: it is empty, absolute, leads out of the folder, or can't be the
            name of a file.
    """
    problem = _problem(path)
    if problem:
        raise BadRequest(
            f"the path {path[:200]!r} {problem}", "give a relative path such as data/train.csv"
        )
    return path


def _problem(path: str) -> str:
    if not path:
        return "is empty"
    if len(path) > MAX_PATH:
        return f"has more than {MAX_PATH} characters"
    if "\\" in path or ":" in path.partition("/")[0][1:2]:
        return "is one of Windows"
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in path):  # noqa: PLR2004  # Control characters.
        return "holds a control character"
    for name in path.split("/"):
        if name in ("", ".", ".."):
            return "is absolute or leads out of the folder"
        try:
            length = len(name.encode())
        except UnicodeEncodeError:
            return "is no text: the name of the file is not in UTF-8"
        if length > _MAX_NAME_BYTES:
            return f"holds a name of more than {_MAX_NAME_BYTES} bytes"
    return ""


def check_tree(paths: Iterable[str]) -> None:
    """See that no file is a folder of another; `paths` come in order.

    Raises:
        BadRequest: If one is, or one comes twice.
    """
    files: list[str] = []
    before = ""
    for path in paths:
        if path <= before:
            raise BadRequest(f"the path {path[:200]!r} comes twice, or not in order")
        before = path
        # Between `a` and `a/b` others may come, such as `a-b`.
        while files and not path.startswith(files[-1]):
            files.pop()
        if any(path.startswith(f"{file}/") for file in files):
            raise BadRequest(f"{path[:200]!r} lies in a folder that is a file too")
        files.append(path)
