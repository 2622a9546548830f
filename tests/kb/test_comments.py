"""Comments: what is kept of what was typed, who sees it, and what is refused."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from personal_numbers import cards, identities, mobiles
from small_bank import NOON, World
from sqlalchemy import String, Text, select
from sqlalchemy.orm import Session
from talking import ZONE, actor, comment, moderate_after, newcomer, passed, task_of

from kb.access import audience_scope
from kb.audit import first_broken
from kb.comment_images import image_of
from kb.comment_reactions import report, thank
from kb.comment_threads import discussion, own_comments
from kb.comments import TEXT_BYTES, answer, reply, withdraw
from kb.database import Database
from kb.errors import Forbidden, Invalid, NotFound, TooMany
from kb.feedback import give
from kb.mentions import candidates, mentioned
from kb.models import (
    Article,
    AuditEvent,
    Comment,
    CommentMention,
    CommentReport,
    Feedback,
    Notification,
    Revision,
    Role,
    Task,
    TaskEvent,
)
from kb.moderation import Verdict, decide
from kb.points import own_total
from kb.quotes import Quote
from kb.tasks import decline


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction over the small bank."""
    with database.write() as session:
        yield session


def article(session: Session, world: World, name: str = "loss") -> Article:
    return session.get_one(Article, world.articles[name])


def seen(session: Session, world: World, role: str) -> list[str]:
    """The texts that a person sees under the article about lost cards, with their answers."""
    found = discussion(session, actor(session, world, role), article(session, world), current(session, world))
    return [said.comment.text for thread in found.threads for said in (thread.root, *thread.replies)]


def current(session: Session, world: World) -> Revision:
    return article(session, world).revisions[-1]


def told(session: Session, world: World, role: str) -> list[str]:
    rows = session.scalars(
        select(Notification.kind)
        .where(Notification.person_id == world.people[role])
        .order_by(Notification.id)
    )
    return list(rows)


def test_a_comment_waits_until_a_moderator_let_it_pass(session: Session, world: World) -> None:
    comment(session, world, "补卡要不要本人去？")
    assert seen(session, world, "agent") == ["补卡要不要本人去？"]
    assert seen(session, world, "publisher") == []
    passed(session, world, "正式挂失在哪里办？")
    assert seen(session, world, "publisher") == ["正式挂失在哪里办？"]


def test_a_node_that_is_moderated_afterwards_shows_comments_at_once(session: Session, world: World) -> None:
    moderate_after(session, world)
    comment(session, world, "补卡要不要本人去？")
    assert seen(session, world, "publisher") == ["补卡要不要本人去？"]


def test_a_sensitive_word_waits_even_where_moderation_comes_afterwards(
    session: Session, world: World
) -> None:
    moderate_after(session, world)
    said = comment(session, world, "客户问是不是保 本 保 息？")
    assert said.is_sensitive
    assert said.state == "pending"


def test_numbers_of_customers_are_masked_before_they_are_stored(session: Session, world: World) -> None:
    said = comment(
        session, world, "客户卡号 6222021234567890128，手机 13812345678，身份证 11010519491231002X"
    )
    session.flush()
    stored = session.scalars(select(Comment.text).where(Comment.id == said.id)).one()
    assert "6222021234567890128" not in stored
    assert "13812345678" not in stored
    assert "11010519491231002X" not in stored
    assert said.is_masked
    assert "6222021234567890128" not in " ".join(session.scalars(select(AuditEvent.detail)))


@pytest.mark.parametrize("text", ["", "  \n ", "字" * (TEXT_BYTES // 3 + 1)])
def test_nothing_and_too_much_are_refused(session: Session, world: World, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        comment(session, world, text)
    assert "text" in refused.value.errors


def test_a_comment_needs_one_of_the_kinds(session: Session, world: World) -> None:
    for kind in ("", "reply", "praise"):
        with pytest.raises(Invalid):
            comment(session, world, kind=kind)


def test_who_may_not_read_the_article_can_neither_comment_nor_see_comments(
    session: Session, world: World
) -> None:
    secret = world.articles["restricted"]
    with pytest.raises(NotFound):
        comment(session, world, article="restricted", number=1)
    said = comment(session, world, "阈值是多少？", article="restricted", number=1, role="publisher")
    assert said.article_id == secret
    with pytest.raises(NotFound):
        reply(session, actor(session, world, "agent"), said.id, "我也想知道", NOON, ZONE)


def test_a_version_that_was_never_shown_cannot_be_commented_on(session: Session, world: World) -> None:
    with pytest.raises(NotFound):
        comment(session, world, number=9)


def test_the_same_words_sent_twice_are_one_comment(session: Session, world: World) -> None:
    first = comment(session, world)
    again = comment(session, world, at=NOON + timedelta(seconds=20))
    assert first.id == again.id
    later = comment(session, world, at=NOON + timedelta(minutes=5))
    assert later.id != first.id


def test_flooding_is_stopped_and_ends_by_itself(session: Session, world: World) -> None:
    for number in range(10):
        comment(session, world, f"第 {number} 个问题")
    with pytest.raises(TooMany):
        comment(session, world, "再来一个")
    assert comment(session, world, "过一会儿再问", at=NOON + timedelta(minutes=11)).id


def test_a_quote_is_pinned_to_its_place_in_the_text(session: Session, world: World) -> None:
    quote = Quote("补卡，工本费 10 元/张", prefix="可至任一网点办理", suffix="。")
    said = comment(session, world, quote=quote)
    text = session.scalars(select(Revision.text).where(Revision.id == said.revision_id)).one()
    assert said.quote_offset is not None
    assert text[said.quote_offset :].startswith("补卡")
    assert said.quote_block is None


def test_a_quote_may_stand_in_the_official_wording(session: Session, world: World) -> None:
    said = comment(session, world, quote=Quote("六十五岁以上客户免收"))
    assert said.quote_block == 1


def test_a_quote_that_is_not_in_the_text_is_refused(session: Session, world: World) -> None:
    with pytest.raises(Invalid) as refused:
        comment(session, world, quote=Quote("补卡免费"))
    assert "quote" in refused.value.errors


def test_a_passage_that_changed_marks_its_comment_as_possibly_solved(session: Session, world: World) -> None:
    changed = passed(session, world, "现在是 10 元", number=1, quote=Quote("工本费 15 元/张"))
    same = passed(session, world, "5 天从哪天算？", number=1, quote=Quote("有效期 5 天"))
    found = discussion(
        session, actor(session, world, "agent"), article(session, world), current(session, world)
    )
    marks = {thread.root.comment.id: thread.root.may_be_solved for thread in found.threads}
    assert marks == {changed.id: True, same.id: False}


def test_an_official_answer_is_public_at_once_and_tells_the_asker(session: Session, world: World) -> None:
    said = passed(session, world)
    official = answer(
        session, actor(session, world, "publisher"), said.id, "五天，自登记时起算。", NOON, ZONE
    )
    assert official.state == "visible"
    assert official.is_official
    assert task_of(session, said).state == "answered"
    assert "comment_answered" in told(session, world, "agent")


def test_only_the_department_that_owns_the_text_answers_officially(session: Session, world: World) -> None:
    said = passed(session, world)
    for role in ("agent", "manager"):
        with pytest.raises(Forbidden):
            answer(session, actor(session, world, role), said.id, "五天。", NOON, ZONE)


def test_an_answer_to_an_answer_joins_the_same_conversation(session: Session, world: World) -> None:
    moderate_after(session, world)
    said = comment(session, world)
    first = reply(session, actor(session, world, "publisher"), said.id, "五天。", NOON, ZONE)
    second = reply(session, actor(session, world, "agent"), first.id, "谢谢", NOON, ZONE)
    assert second.parent_id == said.id
    assert seen(session, world, "reviewer") == [said.text, "五天。", "谢谢"]


def test_a_withdrawn_comment_is_gone_with_its_task(session: Session, world: World) -> None:
    said = passed(session, world)
    withdraw(session, actor(session, world, "agent"), said.id, NOON)
    assert seen(session, world, "publisher") == []
    assert task_of(session, said).state == "cancelled"
    with pytest.raises(NotFound):
        withdraw(session, actor(session, world, "publisher"), said.id, NOON)


def test_thanks_count_once_for_each_person_and_can_be_taken_back(session: Session, world: World) -> None:
    said = passed(session, world)
    publisher, agent = actor(session, world, "publisher"), actor(session, world, "agent")
    assert thank(session, publisher, said.id, NOON) is True
    assert own_total(session, agent) == 1
    assert thank(session, publisher, said.id, NOON) is False
    assert own_total(session, agent) == 0
    with pytest.raises(Forbidden):
        thank(session, agent, said.id, NOON)


def test_a_report_needs_a_reason(session: Session, world: World) -> None:
    said = passed(session, world)
    publisher = actor(session, world, "publisher")
    with pytest.raises(Invalid):
        report(session, publisher, said.id, " ", NOON)
    report(session, publisher, said.id, "含有内部电话", NOON)


def test_a_mentioned_reader_is_told_once_the_comment_is_public(session: Session, world: World) -> None:
    said = comment(session, world, "请@赵立群看一下，@孙慧敏(3001)也看看，@不存在的人")
    names = session.scalars(select(CommentMention.words).where(CommentMention.comment_id == said.id)).all()
    assert set(names) == {"@赵立群", "@孙慧敏(3001)"}
    assert "mention" not in told(session, world, "publisher")
    passed(session, world, "再请 @publisher 看一下")
    assert "mention" in told(session, world, "publisher")


def test_who_may_not_read_the_article_is_neither_offered_nor_mentioned(
    session: Session, world: World
) -> None:
    secret = article(session, world, "restricted")
    assert candidates(session, secret, "李晓") == []
    assert mentioned(session, secret, "@李晓雯 看看") == []
    assert [one.name for one in candidates(session, article(session, world), "李晓")] == ["李晓雯"]


def test_a_name_that_two_readers_share_needs_the_staff_number(session: Session, world: World) -> None:
    namesake = newcomer(session, "lixw", "李晓雯", "retail", Role.AGENT, "1002")
    loss = article(session, world)
    assert mentioned(session, loss, "@李晓雯 看看") == []
    assert [one.person_id for one in mentioned(session, loss, "@李晓雯（1002）看看")] == [namesake.person_id]
    assert {one.words for one in candidates(session, loss, "李")} == {"李晓雯(1001)", "李晓雯(1002)"}


def test_own_comments_show_their_state(session: Session, world: World) -> None:
    said = comment(session, world)
    agent = actor(session, world, "agent")
    own = own_comments(session, agent, audience_scope(session, agent).clause())
    assert [(item.comment.id, item.comment.state) for item in own] == [(said.id, "pending")]


def test_every_step_is_in_the_audit_log_and_its_chain_holds(session: Session, world: World) -> None:
    said = passed(session, world)
    withdraw(session, actor(session, world, "agent"), said.id, NOON)
    actions = session.scalars(
        select(AuditEvent.action).where(AuditEvent.subject == f"comment:{said.id}")
    ).all()
    assert actions == ["comment.post", "comment.pass", "comment.withdraw"]
    assert first_broken(session) is None


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(cards(), identities(), mobiles()))
def test_no_number_of_a_customer_is_kept_anywhere_on_the_way_of_a_comment(
    database: Database, world: World, number: str
) -> None:
    typed = f"客户号码 {number}，请回复"
    with database.read() as session:
        agent, publisher = actor(session, world, "agent"), actor(session, world, "publisher")
        said = passed(session, world, f"{typed} @赵立群")
        reply(session, agent, said.id, typed, NOON, ZONE)
        report(session, publisher, said.id, typed, NOON)
        decline(session, publisher, task_of(session, said).id, typed, NOON)
        give(session, agent, world.articles["loss"], 2, False, NOON, "wrong", typed)
        decide(session, actor(session, world, "manager"), [said.id], Verdict.HIDE, NOON, ZONE, typed)
        session.flush()
        assert [place for place in stored_texts(session) if number in place] == []
        session.rollback()


def stored_texts(session: Session) -> list[str]:
    """Every text of every table that has to do with comments, and of the audit log and notifications."""
    models = (Comment, CommentReport, Task, TaskEvent, Feedback, Notification, AuditEvent)
    return [
        f"{model.__tablename__}.{column.name}: {value}"
        for model in models
        for column in model.__table__.columns
        if isinstance(column.type, (String, Text))
        for value in session.scalars(select(column))
        if value
    ]


def png(colour: str = "red") -> bytes:
    from io import BytesIO

    from PIL import Image

    written = BytesIO()
    Image.new("RGB", (40, 30), colour).save(written, "PNG")
    return written.getvalue()


def test_pictures_are_drawn_anew_and_seen_by_who_may_see_the_comment(session: Session, world: World) -> None:
    said = comment(session, world, images=(png(), png("blue")))
    assert [(image.width, image.height) for image in said.images] == [(40, 30), (40, 30)]
    image_id = said.images[0].id
    assert image_of(session, actor(session, world, "agent"), image_id)
    assert image_of(session, actor(session, world, "reviewer"), image_id)
    with pytest.raises(NotFound):
        image_of(session, actor(session, world, "publisher"), image_id)


@pytest.mark.parametrize("images", [(b"no picture",), tuple(png() for _ in range(4))])
def test_what_is_no_picture_or_too_many_is_refused(
    session: Session, world: World, images: tuple[bytes, ...]
) -> None:
    with pytest.raises(Invalid):
        comment(session, world, images=images)


def test_a_picture_of_an_article_out_of_sight_is_out_of_sight(session: Session, world: World) -> None:
    said = comment(session, world, article="restricted", number=1, role="publisher", images=(png(),))
    for role in ("agent", "reviewer"):
        with pytest.raises(NotFound):
            image_of(session, actor(session, world, role), said.images[0].id)
