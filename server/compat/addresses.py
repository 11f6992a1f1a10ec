"""Where wandb clients look for what they want."""

__all__ = ["CLIENT_PREFIXES", "FILE_PREFIX", "GRAPHQL", "TELEMETRY_PREFIX"]

GRAPHQL = "/graphql"
FILE_PREFIX = "/wandb-files"
"""Where files of runs are put and read, by signed addresses."""
TELEMETRY_PREFIX = "/sdk/otel/"
"""Where clients send what they measure of themselves."""
CLIENT_PREFIXES = (GRAPHQL, "/files/")
"""What is answered to those with the key; files have addresses that are a permission."""
