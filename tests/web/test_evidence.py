"""Evidence leaves as a reader, between two short entries of the log, and never without both."""

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from small_bank import World
from sqlalchemy import select

from kb import evidence
from kb.clock import FixedClock
from kb.database import Database
from kb.evidence_check import differs_from, problems_of
from kb.models import Article, AuditEvent
from web.packing import take_out


def actions(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id.desc()).limit(2)))[::-1]


def test_a_manager_takes_out_evidence_that_fits_the_running_log(
    client: FlaskClient,
    logged_in: Callable[..., FlaskClient],
    csrf_token: Callable[[FlaskClient], str],
    database: Database,
    world: World,
) -> None:
    manager = logged_in(client, "manager")
    sent = {"csrf_token": csrf_token(manager)}
    answer = manager.post(f"/a/{world.articles['loss']}/evidence", data=sent)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert problems_of(answer.data) == []
    with database.read() as session:
        assert differs_from(session, answer.data) == ""
    assert actions(database) == ["article.evidence", "article.evidence_sealed"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        last = json.loads(archive.read("audit.jsonl").decode().splitlines()[-1])
    assert (last["action"], last["actor_name"]) == ("article.evidence", "钱国梁")


def test_others_write_while_a_pack_is_put_together(
    database: Database, world: World, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_together = evidence.pack

    def slowly(session, article, at, *, by):
        with database.write() as other:
            other.get_one(Article, world.articles["today"]).review_due_at = at
        return put_together(session, article, at, by=by)

    monkeypatch.setattr(evidence, "pack", slowly)
    data = take_out(
        database, clock, lambda session: session.get_one(Article, world.articles["loss"]), by=None
    )
    assert problems_of(data) == []


def test_nothing_is_handed_out_that_could_not_be_registered(
    database: Database, world: World, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_named: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(evidence, "register", full)
    with pytest.raises(OSError, match="disk full"):
        take_out(database, clock, lambda session: session.get_one(Article, world.articles["loss"]), by=None)
    assert actions(database)[-1] == "article.evidence"
