"""Alerts over HTTP: made, read and steered, and what a worker takes and tells."""

from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.model import (
    Alert,
    AlertChanges,
    AlertClaim,
    AlertEvent,
    AlertTake,
    AlertTellings,
    NewAlert,
)

__all__ = ["AlertCalls"]


class AlertCalls(Connection):
    """Alerts over HTTP."""

    def list_alerts(self, project: str | None = None) -> list[Alert]:
        """The alerts of a project by name; None: those of all projects."""
        path = "/api/alerts" if project is None else f"{root_of(project)}/alerts"
        return self._page(Alert, path, {}).items

    def get_alert(self, project: str, name: str) -> Alert:
        """One alert: its rule, its state, what was measured last.

        Raises:
            NotFound: If the project or the alert does not exist.
        """
        return Alert.model_validate(self._get(_path(project, name)))

    def add_alert(self, project: str, alert: NewAlert) -> Alert:
        """Make an alert, or a new version of the one of that name.

        Raises:
            BadFilter: If its filter is wrong, with the position.
            BadRequest: If there are too many alerts.
        """
        given = alert.model_dump(mode="json")
        answer = self._send("POST", f"{root_of(project)}/alerts", json=given)
        return Alert.model_validate(answer.json())

    def change_alert(self, project: str, name: str, changes: AlertChanges) -> Alert:
        """Pause, resume or mute an alert.

        Raises:
            NotFound: If the project or the alert does not exist.
        """
        given = changes.model_dump(exclude_unset=True)
        return Alert.model_validate(self._send("PATCH", _path(project, name), json=given).json())

    def delete_alert(self, project: str, name: str) -> None:
        """Delete an alert with its history; the versions of its rule stay as objects.

        Raises:
            NotFound: If the project or the alert does not exist.
        """
        self._send("DELETE", _path(project, name))

    def list_alert_events(self, project: str, alert: str | None = None) -> list[AlertEvent]:
        """What became of an alert, or of all of a project, newest first, and who was told.

        Raises:
            NotFound: If the project or the alert does not exist.
        """
        path = f"{root_of(project)}/alert-events"
        return self._page(AlertEvent, path, {"alert": alert}).items

    def retry_alert(self, project: str, name: str) -> Alert:
        """Send again what could not be delivered.

        Raises:
            NotFound: If there is no such alert, or nothing of it is dead.
        """
        return Alert.model_validate(self._send("POST", f"{_path(project, name)}/retry").json())

    def test_alert(self, project: str, name: str) -> None:
        """Send a message to all channels of an alert, to see that it arrives.

        Raises:
            NotFound: If the project or the alert does not exist.
            BadRequest: If it has no channel.
        """
        self._send("POST", f"{_path(project, name)}/test")

    def take_alerts(self, asked: AlertTake) -> AlertClaim:
        """Alerts for a worker to measure, and messages for it to send."""
        answer = self._send("POST", "/api/alerts/take", json=asked.model_dump())
        return AlertClaim.model_validate(answer.json())

    def tell_alerts(self, told: AlertTellings) -> None:
        """Say what was measured, and what came of messages."""
        self._send("POST", "/api/alerts/tell", json=told.model_dump(mode="json"))


def _path(project: str, name: str) -> str:
    return f"{root_of(project)}/alerts/{quote(name, safe='')}"
