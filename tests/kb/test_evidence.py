"""Evidence: everything about an article in one file that shows any change made to it."""

import hashlib
import io
import json
import zipfile

import pytest
from small_bank import NOON, World
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope
from kb.audit import record
from kb.copies import record_copy
from kb.database import Database
from kb.errors import Forbidden, NotFound
from kb.evidence import begin, evidence_article, pack, register
from kb.evidence_check import differs_from, problems_of
from kb.models import Article, AuditEvent, Person
from kb.revision_text import RevisionText, Wording, text_hash
from kb.sealing import sealed


def packed(session: Session, article: Article) -> bytes:
    """Take out the evidence of an article, with both its events."""
    begin(session, article, NOON, by=None)
    made = pack(session, article, NOON, by=None)
    register(session, article.id, made, NOON, by=None)
    return made.data


@pytest.fixture
def taken(database: Database, world: World) -> bytes:
    with database.write() as session:
        return packed(session, session.get_one(Article, world.articles["loss"]))


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


def relisted(data: bytes, name: str, forged: bytes) -> bytes:
    """Return a pack with a forged file whose hash in the manifest is mended."""
    manifest = json.loads(content(data, "manifest.json"))
    manifest["files"][name] = hashlib.sha256(forged).hexdigest()
    return changed(changed(data, name, forged), "manifest.json", json.dumps(manifest).encode())


def test_the_page_that_was_shown_is_sealed_as_well_as_its_source(taken: bytes) -> None:
    name = "revisions/v0002/page.html"
    forged = relisted(taken, name, content(taken, name).replace("10 元".encode(), "9 元".encode()))
    assert problems_of(forged) == ["版本 V2 的页面、附件或归属与审核时的封印不符。"]


def test_a_text_forged_with_its_hashes_is_not_what_was_copied_and_approved(
    database: Database, world: World
) -> None:
    article_id = world.articles["loss"]
    with database.write() as session:
        people = {role: Actor.of(session.get_one(Person, number)) for role, number in world.people.items()}
        article = session.get_one(Article, article_id)
        revision = next(item for item in article.revisions if item.number == 2)
        record_copy(session, people["agent"], revision, 2, NOON, token="token-0001")
        record(
            session,
            people["reviewer"],
            "article.approve",
            f"article:{article_id}",
            NOON,
            revision_hash=revision.content_hash,
            detail={"number": 2},
        )
        data = packed(session, article)
    assert problems_of(data) == []
    folder = "revisions/v0002"
    meta = json.loads(content(data, f"{folder}/revision.json"))
    meta["wording"][1]["text"] = "补卡工本费为每张九元。"
    text = RevisionText(
        title=meta["title"],
        source=content(data, f"{folder}/source.txt").decode(),
        format=meta["format"],
        summary=meta["summary"],
        wording=tuple(Wording(block["title"], block["text"]) for block in meta["wording"]),
        internal_notes=meta["internal_notes"],
        document_number=meta["document_number"],
        tags=meta["tags"],
        change_summary=meta["change_summary"],
    )
    files = [(file["name"], file["sha256"]) for file in meta["attachments"]]
    page = content(data, f"{folder}/page.html").decode()
    meta["text_hash"], meta["content_hash"] = text_hash(text), sealed(text, page, meta["placement"], files)

    found = problems_of(relisted(data, f"{folder}/revision.json", json.dumps(meta).encode()))

    assert any("通过的不是版本 V2 的内容" in problem for problem in found)
    assert any("李晓雯复制的文字与版本 V2 的口径不符" in problem for problem in found)


def test_a_pack_that_was_never_handed_out_is_not_in_the_running_log(taken: bytes, database: Database) -> None:
    made_up = relisted(taken, "README.txt", b"!")
    assert problems_of(made_up) == []
    with database.read() as session:
        assert "没有这份存证的登记" in differs_from(session, made_up)


def test_damage_anywhere_is_said_and_never_raises(taken: bytes) -> None:
    for place in range(0, len(taken), max(1, len(taken) // 60)):
        damaged = bytearray(taken)
        damaged[place] ^= 0xFF
        assert isinstance(problems_of(bytes(damaged)), list)
