"""Delivers the messages of the outbox: signs them, posts them to allowed hosts only, notes the outcome."""

import contextlib
import http.client
import logging
import random
import ssl
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from kb.database import Database
from kb.errors import Invalid
from kb.ports import Clock
from kb.webhook_outbox import Outcome, Parcel, claim, has_due, signature
from kb.webhooks import check_url, settle_attempt

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 5.0
ANSWER_BYTES = 500
SPREAD = 0.1


class Courier:
    """Empties the outbox.

    Args:
        database: Where the outbox is.
        clock: Stamps signatures and attempts.
        allowed_hosts: The only hosts it ever talks to.
    """

    def __init__(self, database: Database, clock: Clock, allowed_hosts: Sequence[str]) -> None:
        self._database = database
        self._clock = clock
        self._allowed = tuple(allowed_hosts)

    def deliver_due(self, limit: int = 20) -> int:
        """Try every message that is due, at most ``limit``, and return how many were tried."""
        for done in range(limit):
            # Asked as a reader first: a look every second must not queue with the writers.
            with self._database.read() as session:
                if not has_due(session, self._clock.now()):
                    return done
            with self._database.write() as session:
                parcel = claim(session, self._clock.now())
            if parcel is None:
                return done
            outcome = self._send(parcel)
            with self._database.write() as session:
                spread = random.uniform(-SPREAD, SPREAD)  # noqa: S311 - only keeps retries apart
                settle_attempt(session, parcel.delivery_id, outcome, self._clock.now(), spread)
        return limit

    def _send(self, parcel: Parcel) -> Outcome:
        started = time.monotonic()
        try:
            check_url(parcel.url, self._allowed)
            status, note = self._post(parcel)
        except Invalid as error:
            status, note = None, " ".join(error.errors.values())
        except (OSError, http.client.HTTPException, ValueError) as error:
            status, note = None, f"{type(error).__name__}: {error}"
        return Outcome(status, note, int((time.monotonic() - started) * 1000))

    def _post(self, parcel: Parcel) -> tuple[int, str]:
        parts = urlsplit(parcel.url)
        host = parts.hostname or ""
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(
                host, parts.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
            )
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_SECONDS)
        timestamp = int(self._clock.now().timestamp())
        signatures = (
            signature(secret, parcel.message_id, timestamp, parcel.body) for secret in parcel.secrets
        )
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "kb-webhook",
            "webhook-id": parcel.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        # This connection knows neither proxies nor redirects: it goes to the named host or nowhere.
        with contextlib.closing(connection):
            connection.request("POST", path, parcel.body.encode(), headers)
            answer = connection.getresponse()
            text = answer.read(ANSWER_BYTES).decode("utf-8", "replace")
        return answer.status, "" if 200 <= answer.status < 300 else text
