"""Images, sounds and files in inputs, outputs and messages, set aside as they are at the call.

The record names a medium by its digest, and its bytes become a blob.  In the caller's thread only a
snapshot is taken: encoding, hashing and writing are the exporter's (`weave_core.tracing.outboxes`),
so the record carries a token until then.  Where nothing exports, media are only described.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weave_core.errors import ConfigError
from weave_core.media_contents import MAX_BOXES, box_record
from weave_core.media_types import BYTES, HEAD_BYTES, media_type_of
from weave_core.tracing.media_encoding import (
    gif_of_frames,
    png_of_array,
    png_of_picture,
    wav_of_samples,
)

__all__ = [
    "SHELF",
    "TOKEN",
    "Audio",
    "Content",
    "Html",
    "Image",
    "InlineMedia",
    "Markdown",
    "Media",
    "Shelf",
    "Video",
]

MAX_MEDIUM_BYTES = 64 * 1024 * 1024
"""Bytes of one image, sound or file of a call; of a larger one only the size is recorded."""
MAX_SHELF_BYTES = 256 * 1024 * 1024
"""Media that wait for the exporter; above it the oldest ones are left out."""
MIN_MEDIA_TEXT = 1_024
"""Characters of the shortest base64 text that is taken for a medium by its looks."""
_MAX_KNOWN = 10_000
_CHANNELS = (1, 3, 4)

TOKEN = re.compile(r"sha256:~[0-9a-f]{63}")
"""Stands for a digest that is not known yet."""
_DATA_URL = re.compile(
    r"data:([\w.+-]{1,60}/[\w.+-]{1,60})(?:;[\w=.+-]{1,100}){0,4};base64,", re.ASCII
)
_BASE64_HEAD = re.compile(r"[A-Za-z0-9+/_-]{88}")


@dataclass(frozen=True, slots=True)
class Content:
    """A medium as it was when it was met."""

    media_type: str
    size_bytes: int
    """About how much it holds in memory."""
    make: Callable[[], bytes]
    """Gives the file's bytes; may take long."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the record says beside type and digest."""


class Media:
    """A medium that the program hands over itself; `Image`, `Audio` and `Video` are some.

    Args:
        data: The bytes of a file, or its path.
        caption: Shown with it.

    Raises:
        ConfigError: If `data` is nothing of that kind.
    """

    kind = "file"
    """What it is among what a run logs."""
    _default_type = BYTES

    def __init__(self, data: Any, *, caption: str | None = None) -> None:
        content = self._content(data)
        if content is None:
            raise ConfigError(
                f"{type(self).__name__} was given {type(data).__qualname__}", self._accepted()
            )
        self.caption = caption
        self.content = content
        """The snapshot."""

    def _content(self, data: Any) -> Content | None:
        if isinstance(data, str) and (found := _from_data_url(data)) is not None:
            return found
        if isinstance(data, str | Path):
            try:
                data = Path(data).read_bytes()
            except OSError as error:
                raise ConfigError(f"the file {str(data)[:300]!r} can't be read: {error}") from None
        if not isinstance(data, bytes | bytearray | memoryview):
            return None
        kept = bytes(data)
        told = media_type_of(kept[:HEAD_BYTES])
        return Content(self._default_type if told == BYTES else told, len(kept), lambda: kept)

    def _accepted(self) -> str:
        return "give bytes, the path of a file, or a data: URL"

    def describe(self, shelf: "Shelf") -> dict[str, Any]:
        """What a record says of it; its bytes wait on `shelf`."""
        return {**shelf.put(self.content, caption=self.caption), "kind": self.kind}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.content.media_type})"


class Image(Media):
    """An image in what a call takes or gives, or what a run logs; stored as a file and shown.

    Pillow images, and bytes that are an image, are found without this class; arrays need it.

    Example:
        >>> @weave_core.op
        ... def attention(text: str) -> weave_core.Image:
        ...     return weave_core.Image(weights, caption="layer 3")

    Args:
        data: A Pillow image, an array or tensor (height x width, or with 1, 3 or 4 channels first
            or last; integers to 255 or floats to 1), bytes, a path or a `data:` URL.
        caption: Shown with it.
        boxes: Mappings with `box`, (left, top, right, bottom) in pixels, and maybe a `label`, a
            `score`, and a `group` to show and hide together.
        masks: By name, an array of height x width that says of each pixel which class it is, 0 to
            255; 0 is shown as nothing.
        labels: Names of the classes of masks.
    """

    kind = "image"
    _default_type = "image/png"

    def __init__(
        self,
        data: Any,
        *,
        caption: str | None = None,
        boxes: Sequence[Mapping[str, Any]] = (),
        masks: Mapping[str, Any] | None = None,
        labels: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(data, caption=caption)
        self._boxes = [box_record(each) for each in boxes[:MAX_BOXES]]
        self._masks = {str(name): _mask(each) for name, each in (masks or {}).items()}
        self._labels = {str(int(number)): str(name) for number, name in (labels or {}).items()}

    def describe(self, shelf: "Shelf") -> dict[str, Any]:
        """What a record says of it; its bytes, and those of its masks, wait on `shelf`."""
        told = super().describe(shelf)
        if self._boxes:
            told["boxes"] = self._boxes
        if self._masks:
            told["masks"] = [
                {"name": name, "digest": shelf.put(mask)["digest"]}
                for name, mask in self._masks.items()
            ]
        return told | ({"labels": self._labels} if self._labels else {})

    def _content(self, data: Any) -> Content | None:
        return _from_picture(data) or _from_array(data) or super()._content(data)

    def _accepted(self) -> str:
        return "give a Pillow image, an array of pixels, bytes, a path, or a data: URL"


class Audio(Media):
    """A sound in what a call takes or gives, or what a run logs; stored as a file, and played.

    Example:
        >>> weave_core.Audio(samples, sample_rate=24_000)

    Args:
        data: An array of samples (floats from -1 to 1 or 16-bit integers; one or two channels),
            bytes, a path or a `data:` URL.
        sample_rate: Samples a second, of an array.
        caption: Shown with it.
    """

    kind = "audio"
    _default_type = "audio/wav"

    def __init__(self, data: Any, *, sample_rate: int = 16_000, caption: str | None = None) -> None:
        self._sample_rate = sample_rate
        super().__init__(data, caption=caption)

    def _content(self, data: Any) -> Content | None:
        samples = _copied_array(data)
        if samples is None:
            return super()._content(data)
        rate = self._sample_rate
        facts = {"sample_rate": rate}
        size_bytes = int(samples.nbytes)
        return Content("audio/wav", size_bytes, lambda: wav_of_samples(samples, rate), facts)

    def _accepted(self) -> str:
        return "give an array of samples, bytes, a path, or a data: URL"


class Video(Media):
    """A film in what a call takes or gives, or what a run logs.

    Example:
        >>> weave_core.Video("run.mp4", caption="episode 12")

    Args:
        data: Bytes, a path, a `data:` URL; or an array of frames x height x width x channels, or
            with the channels before the height, which becomes a GIF and needs Pillow.
        fps: Frames a second, of an array.
        caption: Shown with it.
    """

    kind = "video"
    _default_type = "video/mp4"

    def __init__(self, data: Any, *, fps: float = 8, caption: str | None = None) -> None:
        self._fps = fps
        super().__init__(data, caption=caption)

    def _content(self, data: Any) -> Content | None:
        frames = _copied_array(data)
        if frames is None:
            return super()._content(data)
        if len(frames.shape) == 4 and frames.shape[3] not in _CHANNELS:  # noqa: PLR2004
            frames = frames.transpose(0, 2, 3, 1)
        if len(frames.shape) not in (3, 4) or frames.shape[3:] not in ((), (1,), (3,), (4,)):
            raise ConfigError(
                f"a film of the shape {tuple(frames.shape)}",
                "give frames x height x width, or with 1, 3 or 4 channels",
            )
        facts = {"width": int(frames.shape[2]), "height": int(frames.shape[1])}
        facts["frames"] = int(frames.shape[0])
        fps, size_bytes = self._fps, int(frames.nbytes)
        return Content("image/gif", size_bytes, lambda: gif_of_frames(frames, fps), facts)


class Html(Media):
    """A page in what a call takes or gives, or what a run logs; none of its scripts is ever run.

    Example:
        >>> weave_core.Html("<h1>Report</h1>")

    Args:
        data: HTML text, or bytes of it.
        caption: Shown with it.
    """

    kind = "html"
    _default_type = "text/html"

    def _content(self, data: Any) -> Content | None:
        text = data.encode("utf-8", "replace") if isinstance(data, str) else data
        if not isinstance(text, bytes):
            return None
        return Content(self._default_type, len(text), lambda: text)

    def _accepted(self) -> str:
        return "give a text"


class Markdown(Html):
    """A text with headings, lists and tables, to be logged with `run.log`.

    Example:
        >>> run.log({"report": weave_core.Markdown("# Fold 3")})

    Args:
        data: Markdown.
        caption: Shown with it.
    """

    kind = "markdown"
    _default_type = "text/markdown"


@dataclass(frozen=True, slots=True)
class InlineMedia:
    """Base64 that a message holds; integrations put it where a part's digest belongs."""

    base64: str
    media_type: str | None = None


class Shelf:
    """Media between the call that met them and the exporter that stores them.

    Threads of the program put, one dictionary operation each; the exporter's writer takes.
    """

    def __init__(self) -> None:
        self.is_open = False
        """Whether an exporter takes what is put here."""
        self._waiting: dict[str, Content] = {}
        self._waiting_bytes = 0
        self._digests: dict[str, str] = {}

    def clear(self) -> None:
        """In a forked child: what waits is the parent's."""
        self._waiting, self._waiting_bytes, self._digests = {}, 0, {}

    @property
    def has_tokens(self) -> bool:
        """Whether a span may hold a token."""
        return bool(self._waiting or self._digests)

    def value(self, value: Any) -> Any:
        """JSON for `value` where it is a medium; None where it is none."""
        if isinstance(value, InlineMedia):
            raw = value.base64
            media_type = value.media_type or BYTES
            return self._put(Content(media_type, len(raw), lambda: _decoded(raw)))
        if isinstance(value, Media):
            return value.describe(self)
        content: Content | None
        if isinstance(value, bytes):
            media_type = media_type_of(value[:HEAD_BYTES])
            content = None
            if media_type != BYTES:
                content = Content(media_type, len(value), lambda: value)
        else:
            content = _from_picture(value)
        return None if content is None else self.put(content)

    def put(self, content: Content, *, caption: str | None = None) -> dict[str, Any]:
        """What a record says of `content`, whose bytes wait here."""
        told = {"type": "blob", "mime_type": content.media_type, "digest": self._put(content)}
        return {**told, **content.facts, **({} if caption is None else {"caption": caption})}

    def text(self, text: str) -> str | None:
        """What to record of a long text that is base64 of a medium; None where it is not."""
        if not self.is_open or len(text) < MIN_MEDIA_TEXT:
            return None
        head = _DATA_URL.match(text)
        if head is not None:
            start = head.end()
            token = self._put(Content(head[1], len(text), lambda: _decoded(text[start:])))
            return f"data:{head[1]};digest,{token}"
        if _BASE64_HEAD.match(text) is None:
            return None
        media_type = media_type_of(_decoded(text[:88]))
        if media_type == BYTES:
            return None
        return self._put(Content(media_type, len(text), lambda: _decoded(text)))

    def _put(self, content: Content) -> str:
        """A token for `content`; a text that says so where it is left out."""
        if not self.is_open or content.size_bytes > MAX_MEDIUM_BYTES * 4 // 3:
            return f"{content.media_type} of about {content.size_bytes} bytes… <cut: not stored>"
        token = f"sha256:~{secrets.token_hex(32)[1:]}"
        self._waiting[token] = content
        self._waiting_bytes += content.size_bytes
        while self._waiting_bytes > MAX_SHELF_BYTES and len(self._waiting) > 1:
            self._drop_oldest()
        return token

    def _drop_oldest(self) -> None:
        try:
            self._waiting_bytes -= self._waiting.pop(next(iter(self._waiting))).size_bytes
        except (KeyError, StopIteration, RuntimeError):
            return  # Another thread was quicker.

    def find(self, token: str) -> tuple[str | None, Content | None]:
        """The digest of a token that was kept before, or what waits under it."""
        return self._digests.get(token), self._waiting.get(token)

    def kept(self, token: str, digest: str) -> None:
        """The content of `token` is stored under `digest`."""
        content = self._waiting.pop(token, None)
        if content is not None:
            self._waiting_bytes = max(0, self._waiting_bytes - content.size_bytes)
        # Another attribute of the span, or another span, may hold the same text.
        self._digests[token] = digest
        if len(self._digests) > _MAX_KNOWN:
            self._digests.pop(next(iter(self._digests)), None)


SHELF = Shelf()
"""The one of this process."""


def _decoded(text: str) -> bytes:
    """The bytes of base64 text, in either alphabet; empty where it is none."""
    plain = text.translate(_STANDARD) if "-" in text or "_" in text else text
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return b""


_STANDARD = str.maketrans("-_", "+/")


def _from_data_url(text: str) -> Content | None:
    head = _DATA_URL.match(text)
    if head is None:
        return None
    raw = text[head.end() :]
    return Content(head[1], len(raw), lambda: _decoded(raw))


def _from_picture(value: Any) -> Content | None:
    """A Pillow image, told by its class's module, so that Pillow is not imported for it."""
    module = type(value).__module__
    if not module.startswith("PIL.") or not hasattr(value, "getbands"):
        return None
    copy = value.copy()
    width, height = copy.size
    size_bytes = width * height * len(copy.getbands())
    facts = {"width": width, "height": height}
    return Content("image/png", size_bytes, lambda: png_of_picture(copy), facts)


def _from_array(value: Any) -> Content | None:
    copy = _copied_array(value)
    if copy is None:
        return None
    if len(copy.shape) == 3 and copy.shape[2] not in _CHANNELS and copy.shape[0] in _CHANNELS:  # noqa: PLR2004
        copy = copy.transpose(1, 2, 0)  # As torch has it.
    shape = copy.shape
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in _CHANNELS):  # noqa: PLR2004
        raise ConfigError(
            f"an image of the shape {tuple(shape)}", "give height x width, or 1, 3 or 4 channels"
        )
    facts = {"width": int(shape[1]), "height": int(shape[0])}
    size_bytes = int(shape[0]) * int(shape[1]) * (int(shape[2]) if len(shape) > 2 else 1)  # noqa: PLR2004
    return Content("image/png", size_bytes, lambda: png_of_array(copy), facts)


def _copied_array(value: Any) -> Any:
    """An array as it is now; also a tensor, of which numpy knows the type.  None: it is none."""
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        return None
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if not hasattr(value.dtype, "kind") and value.dtype.is_floating_point:
            value = value.float()  # numpy has no bfloat16.
    return value.__array__().copy() if hasattr(value, "__array__") else value.copy()


def _mask(given: Any) -> Content:
    if isinstance(given, bytes) and media_type_of(given[:HEAD_BYTES]) == "image/png":
        return Content("image/png", len(given), lambda: given)
    copy = _copied_array(given)
    if copy is None or len(copy.shape) != 2:  # noqa: PLR2004
        raise ConfigError("a mask of an image is no array of height x width", "give classes")
    if copy.dtype.kind == "b":
        copy = copy.astype("uint8")
    size_bytes = int(copy.shape[0]) * int(copy.shape[1])
    return Content("image/png", size_bytes, lambda: png_of_array(copy))
