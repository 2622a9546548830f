"""Builders of articles, queries and indexes, with nothing in them that a test did not ask for."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from indexer.language import Language
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.ports import ArticleChange, EngineAnswer, EngineQuery, IndexDocument, IndexedFile, TextPart

ROOT = Path(__file__).parents[2]
LEXICON = ROOT / "data" / "lexicon"
SAMPLE = ROOT / "data" / "sample"
NOW = datetime(2030, 5, 6, 2, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)


@cache
def language() -> Language:
    """Return the shipped language; loading it once is enough for a whole run."""
    return Language(LEXICON)


@cache
def bare_language() -> Language:
    """Return a language without any lexicon, for tests that are not about words."""
    return Language(LEXICON / "absent")


def document(article_id: int, title: str, body: str = "", **changes: Any) -> IndexDocument:
    """Return a revision that everybody may read and that has been in force for long."""
    plain = IndexDocument(
        article_id=article_id,
        revision_id=article_id * 100,
        external_id=f"ext-{article_id}",
        title=title,
        document_number="",
        tags="",
        summary="",
        wording=(),
        body=body,
        notes="",
        files=(),
        node_id=1,
        department_id=1,
        access_key="",
        shown_from=LONG_AGO,
        shown_to=None,
        previous_from=None,
        next_from=None,
        published_at=LONG_AGO,
        updated_at=LONG_AGO,
        effective_at=LONG_AGO,
    )
    return replace(plain, **changes)


def succession(article_id: int, title: str, *starts: datetime, body: str = "") -> tuple[IndexDocument, ...]:
    """Return revisions of one article, each in force until the next one's start."""
    documents = []
    for number, start in enumerate(starts):
        following = starts[number + 1] if number + 1 < len(starts) else None
        documents.append(
            document(
                article_id,
                title,
                body,
                revision_id=article_id * 100 + number,
                shown_from=start,
                shown_to=following,
                previous_from=starts[number - 1] if number else None,
                next_from=following,
                published_at=starts[0],
                updated_at=start,
                effective_at=start,
            )
        )
    return tuple(documents)


def file(attachment_id: int, name: str, *parts: tuple[str, int, str, str]) -> IndexedFile:
    """Return an attachment; each part is (kind, number, label, text)."""
    return IndexedFile(attachment_id, name, tuple(TextPart(*part) for part in parts))


def changes_of(documents: Iterable[IndexDocument]) -> list[ArticleChange]:
    """Return the documents as changes, those of one article together."""
    by_article: dict[int, list[IndexDocument]] = {}
    for each in documents:
        by_article.setdefault(each.article_id, []).append(each)
    return [ArticleChange(article_id, tuple(found)) for article_id, found in by_article.items()]


def ignore(_done: int) -> None:
    """Take no notice of progress."""


def built(root: Path, *documents: IndexDocument, cursor: int = 1) -> WhooshUpdater:
    """Build an index of the documents and return its write side."""
    updater = WhooshUpdater(root, bare_language())
    assert updater.rebuild(changes_of(documents), cursor, ignore) == []
    return updater


def fresh(root: Path) -> WhooshEngine:
    """Return a read side that has opened nothing yet."""
    return WhooshEngine(root, bare_language())


def query(text: str, **changes: Any) -> EngineQuery:
    """Return a search by somebody who may read everything."""
    return replace(EngineQuery(text, NOW, None), **changes)


def ids(answer: EngineAnswer) -> list[int]:
    """Return the articles of an answer, in order."""
    return [hit.article_id for hit in answer.hits]


def everything(root: Path) -> dict[int, list[tuple[int, str]]]:
    """Return what the newest commit holds: (revision, title) of every living head, by article."""
    snapshot = fresh(root).opened().snapshot
    held: dict[int, list[tuple[int, str]]] = {}
    for head in snapshot.alive.nonzero()[0]:
        record = snapshot.heads[int(head)]
        held.setdefault(int(record["article"]), []).append(
            (int(record["revision"]), snapshot.title(int(head)))
        )
    return {article: sorted(revisions) for article, revisions in held.items()}


def sentence(chance: random.Random, words: int = 6) -> str:
    """Return a made-up sentence of common words of banking."""
    return "".join(chance.choices(WORDS, k=words)) + "。"


WORDS = [
    "信用卡",
    "借记卡",
    "账户",
    "挂失",
    "密码",
    "重置",
    "转账",
    "限额",
    "手续费",
    "年费",
    "积分",
    "还款",
    "逾期",
    "分期",
    "贷款",
    "利率",
    "存款",
    "开户",
    "网银",
    "手机银行",
    "短信",
    "验证码",
    "汇款",
    "外汇",
    "理财",
    "基金",
    "客户",
    "办理",
    "申请",
    "材料",
    "身份证",
    "柜台",
    "投诉",
    "冻结",
    "解冻",
    "对账单",
]
