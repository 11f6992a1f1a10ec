"""What programs had in memory when they were killed, brought to where their spans wait on disk.

Whoever comes next does it: a program that traces, its sender now and then, `weave-core sync`, a
server's start.  Journals that another process left are `weave_core.tracing.journals`' business.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from weave_core.errors import WeaveError
from weave_core.tracing import segments, slates, snapshots
from weave_core.tracing.encoding import Encoder, size_estimate
from weave_core.tracing.failures import logger, warn_once
from weave_core.tracing.journals import Journal, folder_of
from weave_core.tracing.outboxes import MediaSorter, Outbox
from weave_core.tracing.policies import policy_of
from weave_core.tracing.redaction import Redactor, without_texts
from weave_core.tracing.rings import of_all_homes, places, take_over

__all__ = ["rescue"]

_VANISHED_S = 3_600.0


def rescue(home: Path) -> int:
    """Write what killed programs of this home had not into the spool; gives how many spans.

    Those that were in the spool already may come twice; servers keep one span per id.  Never
    raises: what can't be written now stays where it is.
    """
    count = 0
    for folder, prefix in places(home):
        with suppress(OSError):  # No such folder.
            for owner in sorted(folder.glob(f"{prefix}*.owner")):
                count += _rescue_one(home, owner)
    for owner in of_all_homes():
        _forget_vanished(owner)
    return count


def _forget_vanished(owner: Path) -> None:
    """Give back the memory of what nobody will come for: the home itself was deleted."""
    with suppress(OSError, ValueError):
        if time.time() - owner.stat().st_mtime < _VANISHED_S:
            return  # A home is made by the first program, a moment after its first span.
        home = Path(json.loads(_content(owner.with_suffix(".facts")))["home"])
        if not home.exists() and (descriptor := take_over(owner)) is not None:
            _remove(owner)
            os.close(descriptor)


def _remove(owner: Path) -> None:
    for path in _files(owner):
        path.unlink(missing_ok=True)


def _files(owner: Path) -> list[Path]:
    """Slates first, the owner's mark last: it leads to the others."""
    return sorted(owner.parent.glob(f"{owner.stem}[-.]*"))


def _rescue_one(home: Path, owner: Path) -> int:
    descriptor = take_over(owner)
    if descriptor is None:
        return 0
    try:
        files = _files(owner)
        count = 0
        facts = owner.with_suffix(".facts")
        if facts in files:
            told = json.loads(_content(facts))
            found = [_content(path) for path in files if path.suffix == ".slate"]
            count = _store(home, told, found)
        _remove(owner)
    except Exception as error:  # noqa: BLE001  # Another program's rest must not end this one's tracing.
        warn_once("rescue", "what a killed program left can't be taken over now", error=error)
        return 0
    finally:
        os.close(descriptor)
    if count:
        logger.info("took over %d spans of a program that was killed", count)
    return count


def _store(home: Path, told: dict[str, Any], found: Iterable[bytes]) -> int:
    folder = folder_of(home)
    encoder = Encoder(told["project"])
    encoder.describe(told["process"])
    clean = _cleaner(told)
    sorter = MediaSorter(Outbox(folder, told["targets"][0]), of_others=True)
    journals: list[Journal] = []
    count = 0
    try:
        for spans in _groups(found):
            body = encoder.encode([sorter.settled(clean(span)) for span in spans])
            record = segments.compress(body, len(spans))
            if not journals:
                journals = [Journal(folder, endpoint=target) for target in told["targets"]]
                for journal in journals:
                    journal.open()
            for journal in journals:
                journal.append(record)
            count += len(spans)
    finally:
        for journal in journals:
            journal.close()
    return count


def _groups(found: Iterable[bytes]) -> Iterator[list[ReadableSpan]]:
    """The spans of slates, in the portions that a record may have."""
    group: list[ReadableSpan] = []
    size_bytes = 0
    for data in found:
        for span in snapshots.spans_from(slates.records(data), slates.taken(data)):
            group.append(span)
            size_bytes += size_estimate(span)
            if len(group) >= segments.MAX_RECORD_SPANS or size_bytes >= segments.MAX_RECORD_BYTES:
                yield group
                group, size_bytes = [], 0
    if group:
        yield group


def _cleaner(told: dict[str, Any]) -> Callable[[ReadableSpan], ReadableSpan]:
    """What redacts as the program would have; where that is not possible, texts are left out."""
    if told["has_hook"]:
        return without_texts
    if told["policy"] is None:
        return lambda span: span
    try:
        policy = policy_of(told["policy"])
    except WeaveError as error:  # Presidio is not installed here.
        warn_once("rescue policy", "texts of a killed program's spans are left out: %s", error)
        return without_texts
    return Redactor(policy).clean if policy is not None else without_texts


def _content(path: Path) -> bytes:
    """The bytes of a file of this user's; in a folder that is everybody's, it may be another's."""
    if path.lstat().st_uid != os.geteuid():
        raise PermissionError(f"{path} is another user's")
    return path.read_bytes()
