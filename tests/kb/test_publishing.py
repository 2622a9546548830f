"""Drafts, four eyes, and what readers see of them: nothing until somebody else approved exactly that."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from small_bank import NOON, PASSWORD, World
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kb import articles, audit, autosaves
from kb.access import Actor, audience_scope
from kb.articles import RevisionText, Wording, visible_article
from kb.attachments import of_revision
from kb.database import Database
from kb.draft_rights import visible_draft
from kb.drafts import DraftConflict, discard, drafts_for, open_draft, restore, save_draft
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.models import (
    Article,
    Audience,
    AudienceRule,
    AuditEvent,
    Department,
    Notification,
    Person,
    PersonRole,
    Review,
    Revision,
    RevisionState,
    Role,
)
from kb.people import create_person
from kb.placement import Placement
from kb.publishing import approve, break_glass, rebase, recall, return_to_author, submit
from kb.revision_text import text_of
from kb.revisions import Status, revision_at, status_at
from kb.withdrawal import cancel_scheduled, withdraw

TEXT = RevisionText(
    title="跨行转账手续费说明",
    source="手机银行跨行转账免收手续费。",
    wording=(Wording("转账", "您通过手机银行转账不收手续费。"),),
    change_summary="新增",
)
HOUR = timedelta(hours=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session that is rolled back."""
    with database.read() as session:
        yield session


@pytest.fixture
def people(session: Session, world: World) -> dict[str, Actor]:
    """An actor for every role."""
    return {role: actor(session, number) for role, number in world.people.items()}


def actor(session: Session, person_id: int) -> Actor:
    return Actor.of(session.get_one(Person, person_id))


def give_role(session: Session, person_id: int, role: Role) -> Actor:
    session.add(PersonRole(person_id=person_id, role=role))
    session.flush()
    session.expire(session.get_one(Person, person_id))
    return actor(session, person_id)


def place(world: World) -> Placement:
    return Placement(world.nodes["fees"], world.departments["retail"])


def new_draft(
    session: Session, people: dict[str, Actor], world: World, text: RevisionText = TEXT
) -> Revision:
    return open_draft(session, people["publisher"], None, NOON, placement=place(world), text=text)


def in_review(
    session: Session, people: dict[str, Actor], world: World, text: RevisionText = TEXT
) -> Revision:
    draft = new_draft(session, people, world, text)
    return submit(session, people["publisher"], draft.id, draft.lock_version, NOON)


def live(session: Session, world: World, name: str = "loss") -> Article:
    return session.get_one(Article, world.articles[name])


def shown(session: Session, article_id: int, at=NOON) -> str:  # type: ignore[no-untyped-def]
    article = session.get_one(Article, article_id)
    session.refresh(article, ["revisions"])
    found = revision_at(article.revisions, at)
    assert found is not None
    return found.title


def test_a_new_article_is_unknown_to_readers_until_approved(session, people, world):
    draft = in_review(session, people, world)
    scope = audience_scope(session, people["manager"])
    with pytest.raises(NotFound):
        visible_article(session, draft.article_id, scope)
    approve(session, people["reviewer"], draft.id, draft.content_hash, NOON + HOUR)
    assert visible_article(session, draft.article_id, scope).revisions[0].shown_from == NOON + HOUR


def test_the_live_revision_stays_untouched_while_the_next_is_written(session, people, world):
    article = live(session, world)
    before = shown(session, article.id)
    draft = open_draft(session, people["publisher"], article, NOON)
    changed = replace(text_of(draft), title="新的标题", change_summary="改标题")
    draft = save_draft(session, people["publisher"], draft.id, draft.lock_version, changed, NOON)
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    assert shown(session, article.id) == before
    approve(session, people["reviewer"], draft.id, draft.content_hash, NOON)
    assert shown(session, article.id) == "新的标题"


def test_the_next_draft_begins_with_text_wording_and_files(session, people, world):
    article = live(session, world)
    draft = open_draft(session, people["publisher"], article, NOON)
    newest = session.get_one(Revision, draft.based_on_id)
    assert replace(text_of(draft), change_summary="") == replace(text_of(newest), change_summary="")
    assert [file.name for file, _text in of_revision(session, draft.id)] == ["收费标准.csv"]
    assert open_draft(session, people["publisher"], article, NOON).id == draft.id


def test_an_article_never_has_two_open_revisions(session, people, world):
    draft = new_draft(session, people, world)
    session.add(
        Revision(
            article_id=draft.article_id,
            number=9,
            title="",
            format="markdown",
            source="",
            html="",
            text="",
            sanitizer_version="",
            content_hash="",
            created_at=NOON,
        )
    )
    with pytest.raises(IntegrityError):
        session.flush()


def test_two_editors_lose_neither_text(session, people, world):
    draft = new_draft(session, people, world)
    version = draft.lock_version
    second = give_role(session, world.people["agent"], Role.PUBLISHER)
    session.get_one(Article, draft.article_id).owner_department_id = world.departments["service"]
    session.flush()
    first = replace(TEXT, source="第一位写的。")
    with pytest.raises(Forbidden):
        save_draft(session, people["publisher"], draft.id, version, first, NOON)
    save_draft(session, second, draft.id, version, first, NOON)
    typed = replace(TEXT, source="第二位写的。")
    with pytest.raises(DraftConflict) as conflict:
        save_draft(session, second, draft.id, version, typed, NOON)
    assert conflict.value.stored.source == "第一位写的。"
    assert conflict.value.typed == typed
    assert conflict.value.stored_version == version + 1
    assert conflict.value.saved_by == "李晓雯"


def test_what_is_typed_is_kept_beside_the_saved_text(session, people, world):
    draft = new_draft(session, people, world)
    autosaves.keep(session, people["publisher"], draft.id, 1, {"source": "打到一半"}, NOON)
    kept = autosaves.keep(session, people["publisher"], draft.id, 1, {"source": "打完了"}, NOON + HOUR)
    assert "打完了" in kept.payload
    assert draft.source == TEXT.source
    assert draft.lock_version == 1
    save_draft(session, people["publisher"], draft.id, 1, replace(TEXT, source="打完了"), NOON)
    assert autosaves.kept_for(session, people["publisher"], draft.id) is None


def test_saving_an_unchanged_text_changes_nothing(session, people, world):
    draft = new_draft(session, people, world)
    events = session.scalar(select(func.count()).select_from(AuditEvent))
    save_draft(session, people["publisher"], draft.id, 1, TEXT, NOON)
    assert draft.lock_version == 1
    assert session.scalar(select(func.count()).select_from(AuditEvent)) == events


def test_submitting_names_everything_that_is_missing(session, people, world):
    text = RevisionText("", "", wording=(Wording("空", " "),), effective_to=NOON - HOUR)
    draft = new_draft(session, people, world, text)
    with pytest.raises(Invalid) as refused:
        submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    assert set(refused.value.errors) == {"title", "wording", "change_summary", "effective_to"}
    assert draft.state == RevisionState.DRAFT


@pytest.mark.parametrize("role", ["publisher", "reviewer", "manager", "admin"])
def test_nobody_approves_what_they_wrote_whatever_their_roles(session, people, world, role):
    draft = new_draft(session, people, world)
    number = world.people[role]
    for extra in (Role.PUBLISHER, Role.REVIEWER, Role.ADMIN):
        if extra not in people[role].roles:
            give_role(session, number, extra)
    session.get_one(Person, number).department_id = world.departments["retail"]
    session.flush()
    session.expire_all()
    mighty = actor(session, number)
    if role != "publisher":
        save_draft(session, mighty, draft.id, 1, replace(TEXT, source="我也改了一句。"), NOON)
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    with pytest.raises(Forbidden, match="撰写或提交过"):
        approve(session, mighty, draft.id, draft.content_hash, NOON)


def test_the_submitter_does_not_approve_either(session, people, world):
    draft = new_draft(session, people, world)
    session.get_one(Person, world.people["reviewer"]).department_id = world.departments["retail"]
    both = give_role(session, world.people["reviewer"], Role.PUBLISHER)
    submit(session, both, draft.id, draft.lock_version, NOON)
    with pytest.raises(Forbidden):
        approve(session, both, draft.id, draft.content_hash, NOON)


def test_the_database_itself_refuses_an_author_as_approver(session, people, world):
    draft = in_review(session, people, world)
    draft.approver_id = world.people["publisher"]
    with pytest.raises(IntegrityError):
        session.flush()


@pytest.mark.parametrize("role", ["agent", "publisher", "manager", "admin"])
def test_only_reviewers_approve(session, people, world, role):
    draft = in_review(session, people, world)
    with pytest.raises((Forbidden, NotFound)):
        approve(session, people[role], draft.id, draft.content_hash, NOON)


def test_an_approval_of_something_older_is_refused(session, people, world):
    draft = in_review(session, people, world)
    seen = draft.content_hash
    recall(session, people["publisher"], draft.id, NOON)
    save_draft(
        session, people["publisher"], draft.id, draft.lock_version, replace(TEXT, source="偷偷改过。"), NOON
    )
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    with pytest.raises(Conflict):
        approve(session, people["reviewer"], draft.id, seen, NOON)
    assert draft.state == RevisionState.IN_REVIEW


def test_text_changed_behind_the_product_is_not_approved(session, people, world):
    draft = in_review(session, people, world)
    draft.wording[0].text = "被人直接改了数据库"
    session.flush()
    with pytest.raises(Conflict, match="校验码"):
        approve(session, people["reviewer"], draft.id, draft.content_hash, NOON)


def test_a_draft_cannot_be_edited_while_it_is_in_review(session, people, world):
    draft = in_review(session, people, world)
    with pytest.raises(Conflict, match="撤回"):
        save_draft(session, people["publisher"], draft.id, draft.lock_version, TEXT, NOON)


def test_returning_needs_a_reason_and_reaches_the_author(session, people, world):
    draft = in_review(session, people, world)
    with pytest.raises(Invalid):
        return_to_author(session, people["reviewer"], draft.id, draft.content_hash, NOON, "  ")
    return_to_author(session, people["reviewer"], draft.id, draft.content_hash, NOON, "收费依据没有写。")
    assert draft.state == RevisionState.RETURNED
    told = session.scalars(
        select(Notification.kind).where(Notification.person_id == world.people["publisher"])
    ).all()
    assert told == ["returned"]
    steps = session.execute(
        select(Review.action, Review.reason).where(Review.revision_id == draft.id).order_by(Review.id)
    ).all()
    assert [tuple(row) for row in steps] == [("submitted", ""), ("returned", "收费依据没有写。")]


def test_reviewers_are_told_and_the_author_is_not(session, people, world):
    in_review(session, people, world)
    told = session.scalars(
        select(Notification.person_id).where(Notification.kind == "review_requested")
    ).all()
    assert told == [world.people["reviewer"]]


def test_a_late_approval_never_publishes_into_the_past(session, people, world):
    draft = in_review(session, people, world, replace(TEXT, effective_from=NOON - 5 * HOUR))
    approve(session, people["reviewer"], draft.id, draft.content_hash, NOON + HOUR)
    assert draft.shown_from == NOON + HOUR


def test_the_approver_may_choose_a_minute_in_the_future(session, people, world):
    draft = in_review(session, people, world)
    starts = NOON + timedelta(minutes=1)
    approve(session, people["reviewer"], draft.id, draft.content_hash, NOON, starts)
    assert draft.shown_from == starts
    assert status_at(draft, draft.article, NOON) is Status.SCHEDULED
    assert status_at(draft, draft.article, starts) is Status.CURRENT


def test_what_would_never_be_shown_is_not_approved(session, people, world):
    draft = in_review(session, people, world, replace(TEXT, effective_to=NOON + HOUR))
    with pytest.raises(Invalid):
        approve(session, people["reviewer"], draft.id, draft.content_hash, NOON + 2 * HOUR)


def test_a_draft_that_missed_a_newer_version_is_shown_to_its_author_again(session, people, world):
    article = live(session, world)
    draft = open_draft(session, people["publisher"], article, NOON)
    text = replace(text_of(draft), change_summary="改")
    save_draft(session, people["publisher"], draft.id, 1, text, NOON)
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    imported = articles.add_revision(
        session, article, replace(TEXT, title="系统导入"), NOON, approved_at=NOON
    )
    articles.approve(session, imported, NOON)
    with pytest.raises(Conflict, match="新版本"):
        approve(session, people["reviewer"], draft.id, draft.content_hash, NOON)
    recall(session, people["publisher"], draft.id, NOON)
    with pytest.raises(Conflict, match="新版本"):
        submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    rebase(session, people["publisher"], draft.id, draft.lock_version, NOON)
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    approve(session, people["reviewer"], draft.id, draft.content_hash, NOON + HOUR)
    assert shown(session, article.id, NOON + HOUR) == text.title


def test_an_older_revision_comes_back_as_a_draft(session, people, world):
    draft = restore(session, people["publisher"], world.articles["loss"], 1, NOON)
    assert "15 元/张" in draft.source
    assert draft.state == RevisionState.DRAFT
    assert "10 元" in session.get_one(Revision, draft.based_on_id).source
    with pytest.raises(Conflict):
        restore(session, people["publisher"], world.articles["loss"], 1, NOON)


def test_a_discarded_draft_is_gone_and_gives_its_number_back(session, people, world):
    article = live(session, world)
    draft = open_draft(session, people["publisher"], article, NOON)
    number = draft.number
    discard(session, people["publisher"], draft.id, draft.lock_version, NOON)
    with pytest.raises(NotFound):
        visible_draft(session, people["publisher"], draft.id)
    assert open_draft(session, people["publisher"], article, NOON).number == number


def test_withdrawing_needs_a_reason_and_names_what_to_read_instead(session, people, world):
    article_id = world.articles["today"]
    with pytest.raises(Invalid):
        withdraw(session, people["publisher"], article_id, "", NOON)
    withdraw(
        session, people["publisher"], article_id, "业务已停办", NOON, successor_id=world.articles["loss"]
    )
    article = live(session, world, "today")
    assert article.successor_id == world.articles["loss"]
    assert status_at(article.revisions[0], article, NOON) is Status.WITHDRAWN
    with pytest.raises(Conflict):
        withdraw(session, people["publisher"], article_id, "再次废止", NOON)


def test_successors_never_lead_in_a_circle(session, people, world):
    loss, today = world.articles["loss"], world.articles["today"]
    withdraw(session, people["publisher"], today, "并入", NOON, successor_id=loss)
    with pytest.raises(Invalid):
        withdraw(session, people["publisher"], loss, "并入", NOON, successor_id=today)
    with pytest.raises(Invalid):
        withdraw(session, people["publisher"], loss, "并入", NOON, successor_id=loss)


def test_an_approval_brings_a_withdrawn_article_back_but_not_the_time_between(session, people, world):
    article = live(session, world)
    withdraw(session, people["publisher"], article.id, "暂停", NOON)
    draft = restore(session, people["publisher"], article.id, 2, NOON + HOUR)
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON + HOUR)
    approve(session, people["reviewer"], draft.id, draft.content_hash, NOON + 2 * HOUR)
    assert article.withdrawn_at is None
    session.refresh(article, ["revisions"])
    old = revision_at(article.revisions, NOON + HOUR)
    assert old is not None
    assert old.shown_to == NOON
    assert status_at(old, article, NOON + HOUR) is Status.WITHDRAWN
    assert status_at(draft, article, NOON + 2 * HOUR) is Status.CURRENT


def test_a_replacement_ends_the_old_article_when_it_starts(session, people, world):
    old = live(session, world, "today")
    placement = replace(place(world), replaces_id=old.id)
    starts = NOON + 24 * HOUR
    draft = open_draft(session, people["publisher"], None, NOON, placement=placement, text=TEXT)
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    approve(session, people["reviewer"], draft.id, draft.content_hash, NOON, starts)
    session.refresh(old, ["revisions"])
    assert old.successor_id == draft.article_id
    assert old.revisions[0].shown_to == starts
    assert status_at(old.revisions[0], old, NOON) is Status.CURRENT
    cancel_scheduled(session, people["reviewer"], draft.id, "方案暂缓", NOON + HOUR)
    session.refresh(old, ["revisions"])
    assert (old.withdrawn_at, old.successor_id, old.revisions[0].shown_to) == (None, None, None)


def test_a_scheduled_revision_that_is_cancelled_leaves_the_present_one_in_place(session, people, world):
    article = live(session, world)
    draft = open_draft(session, people["publisher"], article, NOON)
    text = replace(text_of(draft), title="明天的", change_summary="改")
    save_draft(session, people["publisher"], draft.id, 1, text, NOON)
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    approve(session, people["reviewer"], draft.id, draft.content_hash, NOON, NOON + 24 * HOUR)
    assert shown(session, article.id, NOON + 25 * HOUR) == "明天的"
    cancel_scheduled(session, people["publisher"], draft.id, "暂缓", NOON + HOUR)
    assert shown(session, article.id, NOON + 25 * HOUR) == "借记卡挂失与补卡业务办理口径"


def test_a_new_place_takes_effect_with_the_approval(session, people, world):
    article = live(session, world)
    draft = open_draft(session, people["publisher"], article, NOON)
    wanted = Placement(world.nodes["personal/deposit"], world.departments["retail"])
    text = replace(text_of(draft), change_summary="改分类")
    before = draft.content_hash
    save_draft(session, people["publisher"], draft.id, 1, text, NOON, placement=wanted)
    assert draft.content_hash != before
    assert article.node_id == world.nodes["personal/debit/loss"]
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    approve(session, people["reviewer"], draft.id, draft.content_hash, NOON)
    assert article.node_id == world.nodes["personal/deposit"]


def test_a_draft_for_fewer_readers_is_kept_from_the_others_at_once(session, people, world):
    outsider = people["reviewer"]
    retail = session.scalars(select(Audience)).one()
    draft = open_draft(session, people["publisher"], live(session, world), NOON)
    wanted = Placement(world.nodes["personal/debit/loss"], world.departments["retail"], retail.id)
    text = replace(text_of(draft), change_summary="只给本部门看")
    save_draft(session, people["publisher"], draft.id, 1, text, NOON, placement=wanted)
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    with pytest.raises(NotFound):
        approve(session, outsider, draft.id, draft.content_hash, NOON)
    assert drafts_for(session, outsider, (RevisionState.IN_REVIEW,)) == []
    assert session.scalars(select(Notification)).all() == []


def test_an_author_cannot_lock_themselves_out(session, people, world):
    nobody = Audience(name="信用卡", rules=[AudienceRule(department_id=world.departments["cards"])])
    session.add(nobody)
    session.flush()
    draft = new_draft(session, people, world)
    wanted = replace(place(world), audience_id=nobody.id)
    with pytest.raises(Invalid) as refused:
        save_draft(session, people["publisher"], draft.id, 1, TEXT, NOON, placement=wanted)
    assert "audience" in refused.value.errors


def test_agents_know_of_no_draft(session, people, world):
    draft = in_review(session, people, world)
    with pytest.raises(NotFound):
        visible_draft(session, people["agent"], draft.id)
    assert drafts_for(session, people["agent"], tuple(RevisionState)) == []


def test_reviewers_see_a_draft_only_once_it_is_submitted(session, people, world):
    draft = new_draft(session, people, world)
    with pytest.raises(NotFound):
        visible_draft(session, people["reviewer"], draft.id)
    submit(session, people["publisher"], draft.id, draft.lock_version, NOON)
    assert visible_draft(session, people["reviewer"], draft.id).id == draft.id


def test_publishers_of_another_department_neither_see_nor_write_a_draft(session, people, world):
    other = create_person(
        session,
        "cards",
        "郑信",
        PASSWORD,
        session.get_one(Department, world.departments["cards"]),
        [Role.PUBLISHER],
        NOON,
    )
    stranger = Actor.of(other)
    draft = new_draft(session, people, world)
    with pytest.raises(NotFound):
        save_draft(session, stranger, draft.id, 1, TEXT, NOON)
    with pytest.raises(Forbidden):
        open_draft(session, stranger, live(session, world), NOON)


def test_breaking_the_glass_is_for_administrators_and_loud(session, people, world):
    draft = in_review(session, people, world)
    reason = "核心系统收费参数错误，值班行领导电话批准，立即更正口径。"
    for role in ("publisher", "reviewer", "manager"):
        with pytest.raises(Forbidden):
            break_glass(session, people[role], draft.id, draft.content_hash, reason, NOON)
    with pytest.raises(Invalid):
        break_glass(session, people["admin"], draft.id, draft.content_hash, "太急了", NOON)
    break_glass(session, people["admin"], draft.id, draft.content_hash, reason, NOON)
    assert draft.approver_id is None
    assert draft.broken_glass_by_id == world.people["admin"]
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "article.break_glass")).one()
    assert (event.reason, event.revision_hash) == (reason, draft.content_hash)
    told = set(session.scalars(select(Notification.person_id).where(Notification.kind == "break_glass")))
    assert {world.people[role] for role in ("manager", "admin", "publisher")} <= told


def test_every_step_is_in_the_chain_of_the_audit_log(session, people, world):
    draft = in_review(session, people, world)
    approve(session, people["reviewer"], draft.id, draft.content_hash, NOON)
    withdraw(session, people["manager"], draft.article_id, "撤下", NOON + HOUR)
    subject = f"article:{draft.article_id}"
    actions = session.scalars(
        select(AuditEvent.action).where(AuditEvent.subject == subject).order_by(AuditEvent.id)
    ).all()
    assert actions == ["draft.open", "draft.submit", "article.approve", "article.withdraw"]
    assert audit.first_broken(session) is None
