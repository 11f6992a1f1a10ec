"""Spans out of the store as a stream, and lines back in.

`otlp_lines` and `parquet_groups` write, `reading` takes both kinds of lines back.  OTLP keeps all
that was sent; JSON lines of spans keep what readers see.
"""

from weave_core.server.transfers.exporting import FORMATS, Export, open_export
from weave_core.server.transfers.reading import LineRequests, read_lines

__all__ = ["FORMATS", "Export", "LineRequests", "open_export", "read_lines"]
