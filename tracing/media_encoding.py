"""Pixels to PNG, frames to GIF and samples to WAV, without a library where that can be."""

import io
import struct
import wave
import zlib
from typing import Any

__all__ = ["gif_of_frames", "png_of_array", "png_of_picture", "wav_of_samples"]

_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}
_LEVEL = 3
_MAX_SAMPLE = 32_767


def png_of_picture(picture: Any) -> bytes:
    """A Pillow image as PNG."""
    target = io.BytesIO()
    if picture.mode not in ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA"):
        picture = picture.convert("RGB")  # CMYK, YCbCr, floats: PNG has no word for them.
    picture.save(target, format="PNG", compress_level=_LEVEL)
    return target.getvalue()


def png_of_array(pixels: Any) -> bytes:
    """An array of pixels as PNG: height x width, or with 1, 3 or 4 channels.

    Source: https://www.w3.org/TR/png-3/, 11.2.1 (IHDR) and 9 (filter type 0).
    """
    plain = _bytes_of(pixels)
    height, width = plain.shape[:2]
    channels = plain.shape[2] if len(plain.shape) > 2 else 1  # noqa: PLR2004
    row_bytes = width * channels
    raw = plain.tobytes()
    rows = b"".join(b"\0" + raw[at : at + row_bytes] for at in range(0, len(raw), row_bytes))
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, _LEVEL)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def gif_of_frames(frames: Any, fps: float) -> bytes:
    """An array of frames as GIF: frames x height x width, or with 1, 3 or 4 channels.

    Raises:
        ImportError: If Pillow is not installed.
    """
    from PIL import Image  # Only films want it.

    plain = _bytes_of(frames)
    if len(plain.shape) == 4 and plain.shape[3] == 1:  # noqa: PLR2004
        plain = plain[:, :, :, 0]
    first, *others = [Image.fromarray(frame) for frame in plain]
    target = io.BytesIO()
    pause_ms = max(20, round(1000 / max(fps, 0.01)))
    first.save(target, format="GIF", save_all=True, append_images=others, duration=pause_ms, loop=0)
    return target.getvalue()


def _bytes_of(pixels: Any) -> Any:
    """Pixels as bytes: of floats to 1, of truths, of integers."""
    if pixels.dtype.kind == "f":
        dark = pixels != pixels  # noqa: PLR0124  # NaN, of which no byte can be made.
        pixels = (pixels.clip(0, 1) * 255).round()
        pixels[dark] = 0
    elif pixels.dtype.kind == "b":
        pixels = pixels.astype("uint8") * 255
    return pixels.clip(0, 255).astype("uint8")


def wav_of_samples(samples: Any, sample_rate: int) -> bytes:
    """An array of samples as 16-bit WAV: samples, or samples x channels."""
    if samples.dtype.kind == "f":
        silent = samples != samples  # noqa: PLR0124  # As above.
        samples = (samples.clip(-1, 1) * _MAX_SAMPLE).round()
        samples[silent] = 0
    plain = samples.clip(-_MAX_SAMPLE - 1, _MAX_SAMPLE).astype("<i2")
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(plain.shape[1] if len(plain.shape) > 1 else 1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(plain.tobytes())
    return target.getvalue()


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
