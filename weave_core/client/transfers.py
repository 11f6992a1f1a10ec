"""All spans of a project as a stream of bytes, and back."""

from collections.abc import Iterator

from weave_core.client.connection import Connection, root_of
from weave_core.model import ImportReport

__all__ = ["TransferCalls"]


class TransferCalls(Connection):
    """All spans of a project as a stream of bytes, and back."""

    def export(
        self,
        project: str,
        *,
        format: str = "jsonl",  # noqa: A002
        filter: str | None = None,  # noqa: A002
        of: str = "spans",
    ) -> Iterator[bytes]:
        """All spans of `project` that pass, in chunks of a stream.

        Example:
            >>> with open("support.jsonl", "wb") as file:
            ...     file.writelines(client.export("support", format="otlp"))

        Args:
            project: Its name.
            format: `jsonl` (a Span a line), `otlp` (lines of OTLP/JSON, which keep all that was
                sent) or `parquet`.
            filter: Which spans; None: all.
            of: `traces`: the filter speaks of traces, and all spans of those that pass are taken.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the filter is wrong.
            ServerError: If the server can't write the format.
            ServerUnreachable: If the stream breaks off; what came is not all.
        """
        query = {"format": format, "of": of, "filter": filter or None}
        with self._stream(f"{root_of(project)}/export", query, timeout_s=120.0) as answer:
            yield from answer.iter_bytes()

    def import_lines(self, project: str, lines: bytes) -> ImportReport:
        """Store lines that `export` wrote as `jsonl` or `otlp`, a few MiB at a time.

        Args:
            project: Where to; made if it is new.
            lines: Whole lines, each ended by a newline.

        Raises:
            TooLarge: If they are more than the server reads at once.
            Overloaded: If it can't take more now.
        """
        path = f"{root_of(project)}/import"
        headers = {"content-type": "application/x-ndjson"}
        answer = self._send("POST", path, content=lines, headers=headers, timeout_s=120.0)
        return ImportReport.model_validate_json(answer.content)
