"""How an alert reaches somebody: a webhook, a chat that takes Slack's texts, e-mail.

Nothing is sent anywhere that no alert names.
"""

import hashlib
import hmac
import json
import smtplib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx

from weave_core.errors import ConfigError
from weave_core.evals.retries import retry_after_s
from weave_core.model import AlertSending, AlertSent
from weave_core.model.alerts import MAX_ALERT_TEXT

__all__ = ["AlertPost", "signature_of"]

SEND_TIMEOUT_S = 10.0
"""How long a receiver of an alert may take."""
_FROM_ENV = "env:WEAVE_CORE_ALERT_"
_AGAIN = frozenset((408, 409, 425, 429, 500, 502, 503, 504))


class NotSent(Exception):  # It is no error of ours, and never leaves this module.
    """Raised when a message was not taken."""

    def __init__(self, why: str, *, is_final: bool, after_s: float | None = None) -> None:
        super().__init__(why)
        self.is_final = is_final
        self.after_s = after_s


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """What the header `x-weave-signature` has: HMAC-SHA256 of `timestamp.body`, in hex."""
    signed = timestamp.encode() + b"." + body
    return f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


@dataclass(frozen=True)
class AlertPost:
    """Sends messages."""

    environment: Mapping[str, str]
    """Where addresses and keys are that channels only name."""
    app_url: str
    """Where the link of a message leads."""
    smtp_url: str | None = None
    smtp_from: str | None = None

    def send(self, sending: AlertSending) -> AlertSent:
        """Send one message; says what came of it."""
        try:
            self._send(sending)
        except NotSent as error:
            return AlertSent(
                token=sending.token,
                error=str(error)[:MAX_ALERT_TEXT],
                is_final=error.is_final,
                retry_after_s=error.after_s,
            )
        except ConfigError as error:  # Of the worker's environment: somebody has to mend it.
            return AlertSent(token=sending.token, error=str(error)[:MAX_ALERT_TEXT])
        return AlertSent(token=sending.token)

    def _send(self, sending: AlertSending) -> None:
        channel = sending.channel
        to = self._named(channel.to)
        payload = sending.payload | {"url": self._link(sending.payload)}
        if channel.kind == "email":
            self._mail(to, sending.delivery_id, payload)
            return
        if urlsplit(to).scheme not in {"http", "https"}:
            raise NotSent(f"{channel.kind} leads to no http or https address", is_final=True)
        told: dict[str, Any] = payload
        if channel.kind == "slack":
            told = {"text": message_of(payload)}
        body = json.dumps(told, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", "x-weave-delivery": sending.delivery_id}
        if channel.secret is not None:
            stamp = str(int(time.time()))
            headers["x-weave-timestamp"] = stamp
            headers["x-weave-signature"] = signature_of(self._named(channel.secret), stamp, body)
        _post(to, body, headers)

    def _named(self, text: str) -> str:
        """`text`, or what of the environment it names.

        Raises:
            ConfigError: If that is not set.
        """
        if not text.startswith("env:"):
            return text
        name = text.removeprefix("env:")
        found = self.environment.get(name) if text.startswith(_FROM_ENV) else None
        if not found:
            raise ConfigError(
                f"the worker has no {name} in its environment",
                "names begin with WEAVE_CORE_ALERT_; start the worker with it",
            )
        return found

    def _link(self, payload: Mapping[str, Any]) -> str:
        query = f"project={quote(str(payload['project']))}&alert={quote(str(payload['alert']))}"
        return f"{self.app_url.rstrip('/')}/alerts?{query}"

    def _mail(self, to: str, delivery_id: str, payload: Mapping[str, Any]) -> None:
        if self.smtp_url is None:
            raise ConfigError(
                "the worker has no WEAVE_CORE_SMTP_URL",
                "set it to smtp://user:password@host:587?starttls=1 or smtps://host:465",
            )
        parts = urlsplit(self.smtp_url)
        mail = EmailMessage()
        title = f"[{payload['state']}] {payload['alert']} of {payload['project']}"
        mail["Subject"] = " ".join(title.split())
        mail["From"] = self.smtp_from or f"weave-core@{parts.hostname}"
        mail["To"] = ", ".join(each.strip() for each in to.split(",") if each.strip())
        mail["Message-ID"] = f"<{delivery_id}@weave-core>"
        mail.set_content(message_of(payload))
        try:
            _post_mail(self.smtp_url, mail)
        except smtplib.SMTPRecipientsRefused as error:
            raise NotSent(f"no recipient was taken: {error.recipients}", is_final=True) from error
        except smtplib.SMTPResponseException as error:
            raise NotSent(
                f"the mail server said {error.smtp_code} {error.smtp_error!r}",
                is_final=500 <= error.smtp_code < 600,  # noqa: PLR2004  # RFC 5321: permanent.
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"the mail server can't be reached: {error}", is_final=False) from error


def message_of(payload: Mapping[str, Any]) -> str:
    """What a person reads."""
    word = "still firing" if payload["is_reminder"] else payload["state"]
    word = f"{word} (a test)" if payload["is_test"] else word
    lines = [
        f"{payload['alert']} ({payload['project']}) is {word}",
        str(payload["measurement"]["text"]),
    ]
    if payload.get("filter"):
        lines.append(f"where {payload['filter']}")
    if payload.get("note"):
        lines.append(str(payload["note"]))
    return "\n".join([*lines, str(payload["url"])])


def _post(to: str, body: bytes, headers: dict[str, str]) -> None:
    try:
        # Not where a redirect leads: nobody named that address.
        answer = httpx.post(
            to, content=body, headers=headers, timeout=SEND_TIMEOUT_S, follow_redirects=False
        )
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        raise NotSent(
            f"the receiver answered {code}",
            is_final=code not in _AGAIN and code < 500,  # noqa: PLR2004  # HTTP: the server's fault.
            after_s=retry_after_s(error),
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        told = str(error) or type(error).__name__
        is_wrong = isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol)
        raise NotSent(f"the receiver can't be reached: {told}", is_final=is_wrong) from error


def _post_mail(url: str, mail: EmailMessage) -> None:
    """Hand a mail to the server that a URL names."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        opened: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=SEND_TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        opened = smtplib.SMTP(host, parts.port or 25, timeout=SEND_TIMEOUT_S)
    with opened as server:
        if parse_qs(parts.query).get("starttls", ["0"])[0] not in {"0", "false", "no"}:
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(mail)
