"""OTLP requests to plain records and answers back: the only protobuf in the house."""
