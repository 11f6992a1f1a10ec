"""The version of this package, from its one home: the installed metadata."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["package_version"]


def package_version() -> str:
    """The installed version, or `0+unknown` in a checkout that was never installed."""
    try:
        return version("weave-core")
    except PackageNotFoundError:
        return "0+unknown"
