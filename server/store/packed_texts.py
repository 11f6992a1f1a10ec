"""Short texts in rows of SQLite, packed with the dictionary of their project.

Two previews were four fifths of a trace's row, and what an application says repeats itself: packed
they take a quarter.  A text that is short, or of a project without a dictionary, stays a text.

    id of the dictionary in 32 bits, then a zstd frame
"""

import struct
from collections.abc import Callable

from weave_core.server.store.payloads import Dictionary, compress, unpack

__all__ = ["packed_text", "unpacked_text"]

_WORTH_IT = 40
"""Characters of a text that is packed."""
_ID = struct.Struct("<I")


def packed_text(text: str | None, dictionary: Dictionary | None) -> str | bytes | None:
    """What a row holds of `text`."""
    if text is None or dictionary is None or len(text) < _WORTH_IT:
        return text
    [body] = compress([text.encode()], dictionary)
    return _ID.pack(dictionary.id) + body


def unpacked_text(held: str | bytes | None, find: Callable[[int], Dictionary | None]) -> str | None:
    """The text of which a row holds `held`.

    Args:
        held: As `packed_text` gave it.
        find: Gives the dictionary of an id.
    """
    if not isinstance(held, bytes):
        return held
    (dictionary_id,) = _ID.unpack_from(held)
    return unpack(held[_ID.size :], find(dictionary_id)).decode()
