"""TensorBoard event files: `events.out.tfevents.*`, records of protocol buffers.

A folder with such files is a run, as TensorBoard has it; files of one folder follow each other.
Scalars and media of both generations are read, and hyper-parameters; what else there is is told.

Source: TensorFlow's record_writer.h, event.proto, summary.proto, tensor.proto, and the hparams
plugin's plugin_data.proto, for framing and field numbers.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from weave_core.errors import ConfigError
from weave_core.foreign_runs.event_media import media_of_value
from weave_core.foreign_runs.records import ForeignRun, checked_id, ns_of
from weave_core.foreign_runs.wire import Fields, fields_of, message, signed, text, to_double

__all__ = ["EventFile", "find", "read", "take_event"]

MAX_EVENT_BYTES = 256 * 1024 * 1024
"""Longest record of an event file; a longer one is taken for a broken one."""
MAX_CHECKED_BYTES = 1024
"""A longer record's checksum is not counted, which takes 60 ns a byte; its length's always is."""
_FILES = "*.tfevents.*"
_SESSION = re.compile(r"\d{9,11}\.\d+")
_HEAD = struct.Struct("<QI")
_TAIL = struct.Struct("<I")
_POLYNOMIAL = 0x82F63B78
_HPARAMS, _MESH = "hparams", "mesh"
_VERTICES = 1
"""What a mesh's tensor holds, as its plugin numbers it."""
_SIMPLE, _TENSOR = 2, 8
_NUMBER, _TEXT, _BOOL = 2, 3, 4
"""Fields of a summary's value, and of the value of a hyper-parameter."""


def find(path: Path) -> list[Path]:
    """The folders with event files at or below `path`, or the file itself."""
    if path.is_file():
        return [path] if ".tfevents." in path.name else []
    folders = {file.parent for file in path.rglob(_FILES)}
    return sorted(each for each in folders if each == path or not _is_part(each))


def read(source: Path, root: Path) -> Iterator[ForeignRun]:
    """The run of a folder, or of one file.

    `add_hparams` writes to a folder of its own below that of its writer: what it tells belongs to
    the writer's run, and is part of that where there is one such folder.

    Raises:
        ConfigError: If a file is no event file.
    """
    files = [source] if source.is_file() else sorted(source.glob(_FILES))
    folder = source.parent if source.is_file() else source
    within = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else ""
    name = folder.resolve().name if within in ("", ".") else within
    # The first file's name has when, where and by which process it was begun.
    run = ForeignRun("tensorboard", str(source), checked_id(name, files[0].name), name=name)
    if source.is_dir() and len(sessions := _sessions(source)) == 1:
        files += sorted(sessions[0].glob(_FILES))
    for file in files:
        with file.open("rb") as opened:
            events = EventFile(opened)
            try:
                for event in events:
                    take_event(run, event)
            except ValueError as error:
                if events.count == 0:
                    raise ConfigError(
                        f"{str(file)!r} is no event file of TensorBoard: {error}", ""
                    ) from error
                told = f"{file.name}: behind record {events.count}: {error}; the rest is missing"
                run.problems["*"] = told
    run.state = "finished"  # TensorBoard knows no end.
    if (
        run.rows or run.media or run.config or run.problems
    ):  # A writer of folders below leaves an empty file.
        yield run


def _sessions(folder: Path) -> list[Path]:
    """The folders of `add_hparams` right below one of a writer, which are called by their time."""
    return [each for each in folder.iterdir() if each.is_dir() and _SESSION.fullmatch(each.name)]


def _is_part(folder: Path) -> bool:
    """Whether a folder is the only session of the writer of the folder above."""
    if _SESSION.fullmatch(folder.name) is None or not any(folder.parent.glob(_FILES)):
        return False
    return _sessions(folder.parent) == [folder]


class EventFile:
    """The events of a file from where it stands, also of one that is still being written."""

    def __init__(self, file: BinaryIO, *, is_live: bool = False) -> None:
        self._file = file
        self._is_live = is_live
        self.count = 0

    def __iter__(self) -> Iterator[Fields]:
        while True:
            begin = self._file.tell()
            body = self._record()
            if body is None:
                self._file.seek(begin)
                return
            event = fields_of(body)
            self.count += 1
            yield event

    def _record(self) -> bytes | None:
        head = self._file.read(_HEAD.size)
        if not head or (self._is_live and len(head) < _HEAD.size):
            return None
        if len(head) < _HEAD.size:
            raise ValueError("the record is cut off")
        size, checksum = _HEAD.unpack(head)
        if _masked(head[:8]) != checksum or size > MAX_EVENT_BYTES:
            raise ValueError("the length of the record has another checksum")
        body = self._file.read(size)
        tail = self._file.read(_TAIL.size)
        if len(tail) < _TAIL.size:
            if self._is_live:
                return None
            raise ValueError("the record is cut off")
        if size <= MAX_CHECKED_BYTES and _TAIL.unpack(tail)[0] != _masked(body):
            raise ValueError("the record has another checksum")
        return body


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)  # noqa: PLW2901  # The remainder so far.
        table.append(byte)
    return table


_TABLE = _crc_table()


def _masked(data: bytes) -> int:
    """CRC-32C, turned and shifted as TensorFlow's records have it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def take_event(run: ForeignRun, event: Fields) -> None:
    """Add what an event says to a run.

    Raises:
        ValueError: If it is none.
    """
    time_ns = ns_of(to_double(event[1][-1])) if 1 in event else 0
    if run.started_ns is None or time_ns < run.started_ns:
        run.started_ns = time_ns
    step = signed(event, 2)
    for summary in event.get(5, ()):
        if not isinstance(summary, bytes):
            continue
        values: dict[str, Any] = {}
        for body in fields_of(summary).get(1, ()):
            if isinstance(body, bytes):
                _take_value(run, fields_of(body), values, (step, time_ns))
        run.add(values, step, time_ns)


def _take_value(
    run: ForeignRun, value: Fields, values: dict[str, Any], when: tuple[int, int]
) -> None:
    tag = text(value, 1)
    metadata = message(message(value, 9), 1)
    plugin = text(metadata, 1)
    if plugin == _HPARAMS:
        _take_hparams(run, message(metadata, 2))
    elif _SIMPLE in value:
        values[tag] = to_double(value[_SIMPLE][-1])
    elif _TENSOR in value and (number := _scalar(message(value, _TENSOR))) is not None:
        values[tag] = number
    elif plugin == _MESH and signed(message(metadata, 2), 3) != _VERTICES:
        run.problems.setdefault(tag, "faces and colours of a mesh are left out")
    elif items := media_of_value(value, plugin):
        run.show(tag.removesuffix("/text_summary"), *when, items)  # tensorboardX adds that.
    else:
        told = plugin or "value of an unknown kind"
        run.problems.setdefault(tag, f"what TensorBoard has there ({told}) is left out")


def _scalar(tensor: Fields) -> float | None:
    """The number of a tensor of no dimensions, as TensorFlow 2 writes scalars."""
    if message(tensor, 2).get(2):
        return None
    kind = signed(tensor, 1)
    for number, form in ((4, {1: "<f", 2: "<d", 3: "<i", 9: "<q"}.get(kind)), (5, "<f"), (6, "<d")):
        body = tensor.get(number, [b""])[-1]
        if form and isinstance(body, bytes) and len(body) == struct.calcsize(form):
            return float(struct.unpack(form, body)[0])
    for number in (7, 10):
        body = tensor.get(number, [b""])[-1]
        if isinstance(body, int):
            return float(body)
    return None


def _take_hparams(run: ForeignRun, data: Fields) -> None:
    """Hyper-parameters, and whether the session ended well."""
    for entry in message(data, 3).get(1, ()):
        if not isinstance(entry, bytes):
            continue
        told = fields_of(entry)
        value = message(told, 2)
        if _NUMBER in value:
            run.config[text(told, 1)] = to_double(value[_NUMBER][-1])
        elif _TEXT in value:
            run.config[text(told, 1)] = text(value, _TEXT)
        elif _BOOL in value:
            run.config[text(told, 1)] = bool(signed(value, _BOOL))
