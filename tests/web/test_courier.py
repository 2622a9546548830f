"""Webhooks on the wire: signed messages reach a real receiver, failures wait longer and longer."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from small_bank import NOON, World
from sqlalchemy import select

from kb import webhooks
from kb.clock import FixedClock
from kb.database import Database
from kb.errors import Invalid
from kb.models import Notification, Webhook, WebhookAttempt, WebhookDelivery
from kb.webhook_outbox import emit, forget_old, signature
from web.courier import Courier


class Receiver:
    """A server that keeps what it was sent and answers as told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answer = 200
        self.headers: dict[str, str] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, dict(self.headers), body))
                self.send_response(receiver.answer)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Stay silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on a free local port."""
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def hook(database: Database, receiver: Receiver) -> int:
    """An address that leads to the receiver and wants every event."""
    with database.write() as session:
        url = f"http://{receiver.host}/hook?group=7"
        return webhooks.register(session, None, "群", url, [], [receiver.host], NOON).id


@pytest.fixture
def courier(database: Database, clock: FixedClock, receiver: Receiver) -> Courier:
    """Delivers to the receiver only."""
    return Courier(database, clock, [receiver.host])


def write(database: Database, event: str = "notification.approved") -> None:
    """Put one message into the outbox."""
    with database.write() as session:
        assert emit(session, event, {"text": "补卡口径已通过"}, NOON) == 1


def only(database: Database) -> WebhookDelivery:
    """The only message there is."""
    with database.read() as session:
        return session.scalars(select(WebhookDelivery)).one()


def test_a_message_arrives_once_with_a_signature_that_the_receiver_can_check(
    database: Database, hook: int, courier: Courier, receiver: Receiver
) -> None:
    write(database)
    assert (courier.deliver_due(), courier.deliver_due()) == (1, 0)
    ((path, headers, body),) = receiver.requests
    assert path == "/hook?group=7"
    assert json.loads(body)["type"] == "notification.approved"
    assert json.loads(body)["data"] == {"text": "补卡口径已通过"}
    with database.read() as session:
        secret = session.get_one(Webhook, hook).secret
    stamp = int(headers["webhook-timestamp"])
    assert stamp == int(NOON.timestamp())
    assert headers["webhook-signature"] == signature(secret, headers["webhook-id"], stamp, body.decode())
    assert only(database).state == "delivered"


def test_the_signature_is_the_one_of_the_convention() -> None:
    # The example of the Standard Webhooks specification's reference libraries.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_after_a_change_both_secrets_sign_for_a_day(
    database: Database, hook: int, courier: Courier, receiver: Receiver, clock: FixedClock
) -> None:
    with database.write() as session:
        webhooks.rotate_secret(session, None, hook, NOON)
    write(database)
    courier.deliver_due()
    clock.at = NOON + timedelta(hours=25)
    write(database)
    courier.deliver_due()
    counts = [len(headers["webhook-signature"].split()) for _path, headers, _body in receiver.requests]
    assert counts == [2, 1]


def test_a_refused_message_waits_ever_longer_and_is_given_up_in_the_end(
    database: Database, hook: int, courier: Courier, receiver: Receiver, clock: FixedClock
) -> None:
    receiver.answer = 500
    write(database)
    pauses = []
    while (message := only(database)).state == "waiting":
        assert message.next_attempt_at is not None
        clock.at = message.next_attempt_at
        assert courier.deliver_due() == 1
        after = only(database).next_attempt_at
        if after is not None:
            pauses.append((after - clock.at).total_seconds())
    expected = [pause.total_seconds() for pause in webhooks.PAUSES]
    assert pauses == [pytest.approx(wanted, rel=0.11) for wanted in expected]
    assert (expected[0], expected[-1]) == (10, 24 * 3600)
    with database.read() as session:
        statuses = session.scalars(select(WebhookAttempt.status)).all()
    assert statuses == [500] * (len(expected) + 1)


def test_nothing_is_due_before_its_pause_is_over(
    database: Database, hook: int, courier: Courier, receiver: Receiver, clock: FixedClock
) -> None:
    receiver.answer = 503
    write(database)
    courier.deliver_due()
    clock.at = NOON + timedelta(seconds=8)
    assert courier.deliver_due() == 0
    receiver.answer = 204
    clock.at = NOON + timedelta(seconds=12)
    assert courier.deliver_due() == 1
    assert only(database).state == "delivered"


def test_a_redirect_is_not_followed(
    database: Database, hook: int, courier: Courier, receiver: Receiver
) -> None:
    receiver.answer, receiver.headers = 302, {"Location": f"http://{receiver.host}/inside"}
    write(database)
    courier.deliver_due()
    assert [path for path, _headers, _body in receiver.requests] == ["/hook?group=7"]
    assert only(database).state == "waiting"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost/",
        "http://allowed.example:8443/",
        "https://user:pass@allowed.example/",
        "ftp://allowed.example/",
        "https://allowed.example.evil.example/",
        "https://evil.example/?allowed.example",
        "https://allowed.example\\@evil.example/",
        "http://[::1/",
        "",
    ],
)
def test_an_address_outside_of_the_list_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        webhooks.check_url(url, ["allowed.example"])


def test_the_listed_hosts_are_accepted_on_their_ports() -> None:
    webhooks.check_url("https://Allowed.example/hook", ["allowed.example"])
    webhooks.check_url("http://10.1.2.3:9000/", ["10.1.2.3:9000"])


def test_a_host_taken_off_the_list_gets_nothing_any_more(
    database: Database, hook: int, receiver: Receiver, clock: FixedClock
) -> None:
    write(database)
    Courier(database, clock, []).deliver_due()
    assert receiver.requests == []
    with database.read() as session:
        assert "名单" in session.scalars(select(WebhookAttempt.note)).one()


def test_a_dead_address_is_switched_off_after_three_days_and_the_admin_is_told(
    database: Database, hook: int, courier: Courier, receiver: Receiver, clock: FixedClock, world: World
) -> None:
    receiver.answer = 500
    write(database)
    courier.deliver_due()
    clock.at = NOON + timedelta(days=3, minutes=1)
    courier.deliver_due()
    with database.read() as session:
        assert not session.get_one(Webhook, hook).is_active
        told = session.scalars(select(Notification)).one()
    assert (told.kind, told.person_id) == ("webhook_disabled", world.people["admin"])
    clock.at = NOON + timedelta(days=9)
    assert courier.deliver_due() == 0


def test_an_answer_that_the_address_is_gone_switches_it_off_at_once(
    database: Database, hook: int, courier: Courier, receiver: Receiver
) -> None:
    receiver.answer = 410
    write(database)
    courier.deliver_due()
    with database.read() as session:
        assert "410" in session.get_one(Webhook, hook).disabled_reason


def test_a_message_rolled_back_with_its_cause_is_never_sent(
    database: Database, hook: int, courier: Courier, receiver: Receiver
) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        emit(session, "notification.approved", {}, NOON)
        raise RuntimeError
    assert courier.deliver_due() == 0


def test_two_couriers_deliver_a_message_once(
    database: Database, hook: int, courier: Courier, receiver: Receiver, clock: FixedClock
) -> None:
    for _ in range(6):
        write(database)
    other = Courier(database, clock, [receiver.host])
    threads = [threading.Thread(target=one.deliver_due) for one in (courier, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [headers["webhook-id"] for _path, headers, _body in receiver.requests]
    assert len(ids) == len(set(ids)) == 6


def test_settled_messages_are_dropped_after_a_month(database: Database, hook: int, courier: Courier) -> None:
    write(database)
    courier.deliver_due()
    with database.write() as session:
        assert forget_old(session, NOON + timedelta(days=29)) == 0
        assert forget_old(session, NOON + timedelta(days=31)) == 1
        assert session.scalars(select(WebhookAttempt)).all() == []
