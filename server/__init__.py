"""OTLP and JSON in, rows, JSON out.  The server never runs user code."""
