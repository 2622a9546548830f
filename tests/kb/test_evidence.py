"""Evidence: everything about an article in one file that shows any change made to it."""

import io
import json
import zipfile

import pytest
from small_bank import NOON, World

from kb.access import Actor, AudienceScope
from kb.database import Database
from kb.errors import Forbidden, NotFound
from kb.evidence import evidence_article, pack
from kb.evidence_check import differs_from, problems_of
from kb.models import Article, AuditEvent, Person


@pytest.fixture
def taken(database: Database, world: World) -> bytes:
    with database.write() as session:
        return pack(session, session.get_one(Article, world.articles["loss"]), NOON, by=None)


def changed(data: bytes, name: str, content: bytes | None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        if content is not None:
            new.writestr(name, content)
    return buffer.getvalue()


def content(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def test_a_pack_is_whole_and_holds_every_version_with_its_files_and_differences(taken: bytes) -> None:
    assert problems_of(taken) == []
    with zipfile.ZipFile(io.BytesIO(taken)) as archive:
        names = archive.namelist()
    assert {"revisions/v0001/source.txt", "revisions/v0002/source.txt"} <= set(names)
    assert "工本费 1[-5-]{+0+} 元/张" in content(taken, "diffs/v0001-v0002.txt").decode()
    meta = json.loads(content(taken, "revisions/v0002/revision.json"))
    assert meta["approver"] == "孙慧敏"
    assert content(taken, meta["attachments"][0]["file"]).decode().startswith("项目,收费")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("revisions/v0001/source.txt", "改过的正文"),
        ("audit.jsonl", ""),
        ("chain.jsonl", None),
        ("copies.json", "[]"),
        ("further.txt", "多出来的"),
    ],
)
def test_any_change_to_a_pack_is_noticed(taken: bytes, name: str, text: str | None) -> None:
    if name == "copies.json":
        text = "[{}]"
    spoilt = changed(taken, name, text.encode() if text is not None else None)
    assert problems_of(spoilt) != []


def test_a_forged_manifest_does_not_hide_a_forged_text(taken: bytes) -> None:
    import hashlib

    forged = content(taken, "revisions/v0001/source.txt") + "补写".encode()
    manifest = json.loads(content(taken, "manifest.json"))
    manifest["files"]["revisions/v0001/source.txt"] = hashlib.sha256(forged).hexdigest()
    spoilt = changed(taken, "revisions/v0001/source.txt", forged)
    spoilt = changed(spoilt, "manifest.json", json.dumps(manifest).encode())
    assert problems_of(spoilt) == ["版本 V1 的内容与审核时的校验码不符。"]


def test_a_pack_is_compared_with_the_running_log(taken: bytes, database: Database) -> None:
    with database.write() as session:
        assert differs_from(session, taken) == ""
        last = session.query(AuditEvent).order_by(AuditEvent.id.desc()).first()
        assert last is not None
        last.hash = "0" * 64
        session.flush()
        assert "不一致" in differs_from(session, taken)


def test_taking_out_is_for_those_who_answer_for_it(database: Database, world: World) -> None:
    everybody = AudienceScope(frozenset({""}))
    with database.read() as session:
        people = {role: Actor.of(session.get_one(Person, number)) for role, number in world.people.items()}
        assert evidence_article(session, people["reviewer"], everybody, world.articles["loss"])
        with pytest.raises(Forbidden):
            evidence_article(session, people["agent"], everybody, world.articles["loss"])
        with pytest.raises(NotFound):
            evidence_article(session, people["reviewer"], everybody, world.articles["restricted"])


def test_that_it_was_taken_out_is_in_the_log(taken: bytes) -> None:
    events = [json.loads(line) for line in content(taken, "audit.jsonl").decode().splitlines()]
    assert events[-1]["action"] == "article.evidence"
