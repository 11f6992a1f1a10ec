"""The program of the decode process: requests come in on stdin, rows of spans go out on stdout.

It knows no database and keeps nothing but compression dictionaries, so it may end at any moment.
`decoders` starts it and speaks with it.  Both are of one installation and one Python, so values
cross as `marshal` writes them, which is three times as fast as pickle and runs no code.
"""

import gc
import marshal
import os
import signal
import struct
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

from weave_core.digests import digest_bytes
from weave_core.server.heap import settle_heap, share_arenas
from weave_core.server.otlp.requests import EncodedRequest, Share, TraceRequest
from weave_core.server.otlp.traces import decode_json_traces, decode_traces
from weave_core.server.store.batches import Batch, Part, decode_part
from weave_core.server.store.blocks import Block
from weave_core.server.store.evaluation_words import EvaluationWord
from weave_core.server.store.feedback_words import FeedbackWord
from weave_core.server.store.payloads import Dictionary, read_dictionary
from weave_core.server.store.run_words import RunWord

__all__ = ["ASK", "DECODERS", "HEAD", "LEARN", "READY", "REPLY", "Answer", "read_answer"]

DECODERS: tuple[Callable[..., TraceRequest], ...] = (
    decode_traces,
    decode_json_traces,
)
"""What it can decode, by place."""
HEAD = struct.Struct("<BII")
"""Of what it is sent: what it is, the bytes of its values, the bytes of the body behind them."""
REPLY = struct.Struct("<BI")
"""Of what it answers: whether it could, and the bytes behind."""
READY = REPLY.pack(1, 0)
"""Its first words: it has been started, which takes a second, and can be asked."""
ASK, LEARN = 1, 2
_MAX_DICTIONARIES = 256
"""Projects whose dictionary is kept; then it starts anew and compresses without."""


def main() -> None:
    """Answer until stdin ends, which it does with the server, however that ends."""
    # A Ctrl-C goes to all programs of a terminal; the server says when it is over.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever prints must not print into the answers.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    share_arenas()
    gc.collect()
    settle_heap()
    _write(answers, READY)
    serve(os.fdopen(0, "rb"), answers)


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer each question of `questions` in turn, until they end."""
    dictionaries: dict[str, Dictionary] = {}
    while len(head := questions.read(HEAD.size)) == HEAD.size:
        kind, values_bytes, body_bytes = HEAD.unpack(head)
        values = marshal.loads(questions.read(values_bytes))  # noqa: S302  # From our own parent.
        body = questions.read(body_bytes)
        if kind == LEARN:
            project, dictionary_id = values
            if len(dictionaries) >= _MAX_DICTIONARIES:
                dictionaries.clear()
            dictionaries[project] = read_dictionary(dictionary_id, body)
            continue
        try:
            answer = _answer(values, body, dictionaries)
        except Exception:  # noqa: BLE001  # The server decodes it itself, and its sender hears why.
            answer, is_done = b"", False
        else:
            is_done = True
        _write(answers, REPLY.pack(is_done, len(answer)) + answer)


def _write(answers: BinaryIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[answers.write(left) :]


def _answer(
    values: tuple[int, str | None, tuple[float, float]], body: bytes, known: dict[str, Dictionary]
) -> bytes:
    decoder, header_project, share = values
    encoded = EncodedRequest(DECODERS[decoder], body, header_project)
    media: list[bytes] = []

    def keep(content: bytes) -> str:
        media.append(content)
        return digest_bytes(content)

    request, batches = decode_part(encoded, Share(*share), keep=keep, dictionary_of=known.get)
    plain = [_plain(batch) for batch in batches]
    return marshal.dumps((request.rejected, request.first_reason, plain, media), 2)


def _plain(batch: Batch) -> tuple[Any, ...]:
    blocks = [(block.first_row_id, block.span_count, block.body) for block in batch.blocks]
    return (
        *(batch.project, batch.origins, batch.rows, blocks),
        *(
            batch.dictionary_id,
            batch.sent_bytes,
            batch.digests,
            [tuple(word) for word in batch.evaluation_words],
            [tuple(word) for word in batch.run_words],
            [tuple(word) for word in batch.feedback_words],
        ),
    )


class Answer(NamedTuple):
    """What the program made of a request."""

    part: Part
    media: list[bytes]
    """Yet to be kept, under the digests that stand in the spans."""


def read_answer(answer: bytes) -> Answer:
    """What `_answer` wrote."""
    rejected, first_reason, plain, media = marshal.loads(answer)  # noqa: S302  # From our own child.
    batches: list[Batch] = []
    for project, origins, rows, blocks, dictionary_id, sent_bytes, digests, *words in plain:
        batch = Batch(project, origins, rows, dictionary_id=dictionary_id, sent_bytes=sent_bytes)
        batch.digests = digests
        batch.blocks = [Block(*block) for block in blocks]
        of_evaluations, of_runs, of_feedback = words
        batch.evaluation_words = [EvaluationWord(*word) for word in of_evaluations]
        batch.run_words = [RunWord(*word) for word in of_runs]
        batch.feedback_words = [FeedbackWord(*word) for word in of_feedback]
        batches.append(batch)
    count = sum(len(batch.rows) for batch in batches)
    return Answer(Part(TraceRequest(rejected, first_reason, span_count=count), batches), media)


if __name__ == "__main__":
    main()
