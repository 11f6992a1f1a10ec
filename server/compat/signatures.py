"""Addresses that are a permission by themselves: clients put files without saying who they are.

    path, expiry as seconds since the epoch, HMAC-SHA-256 over both

The secret lies in the home folder, so that an address outlives the server that gave it: a client
drops a file without a word when its address is refused.
"""

import base64
import hashlib
import hmac
import secrets
import time
from pathlib import Path

from weave_core.errors import StoreError
from weave_core.server.routes.answers import JsonAnswer

__all__ = ["UPLOAD_LIFE_S", "Signer", "not_allowed"]

UPLOAD_LIFE_S = 24 * 3600
"""How long an address for a file of a wandb client can be used; the client asks for new ones."""
_NAME = "upload-secret"
_BYTES = 32


class Signer:
    """Signs paths; made once a server.

    Args:
        home: The folder that keeps the secret; it is made with the first address.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / _NAME
        self._secret: bytes | None = None

    def sign(self, method: str, path: str, life_s: float = UPLOAD_LIFE_S) -> str:
        """`path` with what allows `method` on it for a while."""
        expiry = int(time.time() + life_s)
        return f"{path}?expires={expiry}&signature={self._signature(method, path, expiry)}"

    def allows(self, method: str, path: str, expires: str, signature: str) -> bool:
        """Whether `sign` gave this and its time is not over."""
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12:  # noqa: PLR2004  # 30,000 years.
            return False
        wanted = self._signature(method, path, int(expires))
        is_same = hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace"))
        return is_same and time.time() <= int(expires)

    def _signature(self, method: str, path: str, expiry: int) -> str:
        if self._secret is None:
            self._secret = self._read()
        told = f"{method}\n{path}\n{expiry}".encode("utf-8", "replace")
        digest = hmac.digest(self._secret, told, hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _read(self) -> bytes:
        """The secret; a new one where there is none that is whole."""
        try:
            if self._path.exists() and len(found := self._path.read_bytes()) == _BYTES:
                return found
            self._path.parent.mkdir(parents=True, exist_ok=True)
            made = secrets.token_bytes(_BYTES)
            near = self._path.with_name(f".{_NAME}.{secrets.token_hex(6)}")
            near.write_bytes(made)
            near.chmod(0o600)
            near.replace(self._path)
        except OSError as error:
            raise StoreError(
                f"{self._path} can't be written: {error}", "free some space"
            ) from error
        return made


def not_allowed() -> JsonAnswer:
    """What is answered to an address that the signer does not allow."""
    return JsonAnswer({"message": "the address is not ours, or its time is over"}, 403)
