"""Where wandb clients look for what they want."""

__all__ = [
    "ARTIFACT_FILES",
    "ARTIFACT_PREFIX",
    "CLIENT_PREFIXES",
    "FILE_PREFIX",
    "GRAPHQL",
    "TELEMETRY_PREFIX",
]

GRAPHQL = "/graphql"
FILE_PREFIX = "/wandb-files"
"""Where files of runs are put and read, by signed addresses."""
ARTIFACT_PREFIX = "/wandb-artifacts"
"""Where files of artifacts and lists of them are put and read, by signed addresses."""
ARTIFACT_FILES = "/artifactsV2/"
"""Where clients look for one file of an artifact."""
TELEMETRY_PREFIX = "/sdk/otel/"
"""Where clients send what they measure of themselves."""
CLIENT_PREFIXES = (GRAPHQL, "/files/", ARTIFACT_FILES)
"""What is answered to those with the key; files have addresses that are a permission."""
