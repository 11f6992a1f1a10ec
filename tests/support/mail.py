"""A mail server on this machine that takes what it is given, or refuses."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["MailServer", "mail_server"]


@dataclass
class MailServer:
    """Where it is, and what came."""

    url: str = ""
    mails: list[str] = field(default_factory=list)
    refuses: bool = False


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Speak as much of SMTP as a client needs."""
        box: MailServer = self.server.box  # type: ignore[attr-defined]  # Set below.
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "DATA":
                self._say("354 go on")
                mail = []
                while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    mail.append(text)
                box.mails.append("\n".join(mail))
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            elif word == "RCPT" and box.refuses:
                self._say("550 nobody of that name")
            else:
                self._say("250 fine")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A mail server while the block runs."""
    box = MailServer()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        server.daemon_threads = True
        server.box = box  # type: ignore[attr-defined]  # Ours, for its sessions.
        box.url = f"smtp://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join(timeout=5)
