"""What a blob is, told from its first bytes: never from what a sender says that it is.

Only types that a browser shows without running anything are named; all else is bytes.
"""

__all__ = ["BYTES", "HEAD_BYTES", "extension_of", "media_type_of"]

BYTES = "application/octet-stream"
HEAD_BYTES = 64
"""How much of a blob's beginning `media_type_of` wants to see."""

_MP3_SYNC = 0xE0
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_FTYP = {b"M4A ": "audio/mp4", b"avif": "image/avif", b"heic": "image/heic"}
_EXTENSIONS = {
    "application/pdf": ".pdf",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "image/avif": ".avif",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
}


def media_type_of(head: bytes) -> str:
    """The media type of what begins with `head`; `BYTES` where it is none that we know.

    SVG and HTML are none: they hold programs.

    Source: https://mimesniff.spec.whatwg.org, section 6, for the signatures.
    """
    for beginning, media_type in _BEGINNINGS:
        if head.startswith(beginning):
            return media_type
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], BYTES)
    if head[4:8] == b"ftyp":
        return _FTYP.get(head[8:12], "video/mp4")
    is_frame = len(head) > 1 and head[0] == 0xFF and head[1] & _MP3_SYNC == _MP3_SYNC  # noqa: PLR2004
    return "audio/mpeg" if is_frame else BYTES


def extension_of(media_type: str) -> str:
    """The ending of a file's name; `.bin` for what is only bytes."""
    return _EXTENSIONS.get(media_type, ".bin")
