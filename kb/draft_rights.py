"""Who may see, write and decide about a revision that is not approved yet."""

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, true
from sqlalchemy.orm import Session

from kb.access import (
    GRANTABLE,
    READS_EVERYTHING,
    Actor,
    AudienceScope,
    Permission,
    audience_scope,
    may_on,
    place_scope,
)
from kb.errors import Conflict, Forbidden, NotFound
from kb.models import (
    OPEN_STATES,
    Article,
    Department,
    Node,
    Person,
    PersonRole,
    Revision,
    RevisionContributor,
    RevisionState,
)

GONE = "没有找到这份草稿，它可能已被删除。"


def draft_clause(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Return the SQL condition on ``Revision`` joined with ``Article``: an open one the actor may see.

    Seeing takes the audience of the article and the one the draft asks for, and a part in the work:
    having written in it, the right to write there, or, once submitted, the right to approve there.
    """
    scope = audience_scope(session, actor)
    wished: ColumnElement[bool] = true()
    if scope.keys is not None:
        wished = or_(Revision.new_access_key.is_(None), Revision.new_access_key.in_(sorted(scope.keys)))
    return and_(
        Revision.state.in_(OPEN_STATES),
        scope.clause(),
        wished,
        or_(
            Revision.id.in_(_written_by(actor.person_id)),
            place_scope(session, actor, Permission.ARTICLE_WRITE).clause(),
            and_(
                Revision.state != RevisionState.DRAFT,
                place_scope(session, actor, Permission.ARTICLE_APPROVE).clause(),
            ),
            true() if actor.roles & READS_EVERYTHING else Revision.submitted_by_id == actor.person_id,
        ),
    )


def _written_by(person_id: int) -> Select[int]:
    return select(RevisionContributor.revision_id).where(RevisionContributor.person_id == person_id)


def visible_draft(session: Session, actor: Actor, revision_id: int) -> Revision:
    """Return an open revision that the actor may see.

    Raises:
        NotFound: if there is none, or the actor may not know of it.
    """
    revision = session.scalar(
        select(Revision)
        .join(Article, Article.id == Revision.article_id)
        .where(Revision.id == revision_id, draft_clause(session, actor))
    )
    if revision is None:
        raise NotFound(GONE)
    return revision


def locked_draft(session: Session, actor: Actor, revision_id: int) -> Revision:
    """Return an open revision that the actor may see, held with its article until the transaction ends.

    Raises:
        Conflict: if the actor could read it and it was decided about in the meantime.
        NotFound: if there is none, or the actor may not know of it.
    """
    article_id = session.scalar(select(Revision.article_id).where(Revision.id == revision_id))
    # The article first, always, so that two writers never wait for each other crosswise.
    session.execute(select(Article.id).where(Article.id == article_id).with_for_update())
    held = session.scalar(
        select(Revision)
        .where(Revision.id == revision_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if held is None:
        raise NotFound(GONE)
    if held.state == RevisionState.APPROVED and audience_scope(session, actor).admits(
        held.article.access_key
    ):
        raise Conflict("这个版本已经审核通过，不能再修改或审核；请刷新页面查看。")
    return visible_draft(session, actor, revision_id)


def require_write(session: Session, actor: Actor, article: Article) -> None:
    """Refuse whoever may not write articles at this one's place.

    Raises:
        Forbidden: with the reason.
    """
    _require(session, actor, Permission.ARTICLE_WRITE, article.node, article.owner_department_id)


def require_approve(session: Session, actor: Actor, revision: Revision) -> None:
    """Refuse whoever may not approve this revision: at its place, at the one it asks for, with clean hands.

    Raises:
        Forbidden: with the reason; also for everybody who wrote in it or submitted it, whatever their role.
    """
    if takes_part(session, actor.person_id, revision):
        raise Forbidden("撰写或提交过这个版本的人不能审核它，请由其他人审核。")
    article = revision.article
    _require(session, actor, Permission.ARTICLE_APPROVE, article.node, article.owner_department_id)
    if revision.new_node_id is not None or revision.new_owner_department_id is not None:
        node = session.get_one(Node, revision.new_node_id or article.node_id)
        owner = revision.new_owner_department_id or article.owner_department_id
        _require(session, actor, Permission.ARTICLE_APPROVE, node, owner)


def may_decide(session: Session, actor: Actor, revision: Revision) -> bool:
    """Return whether the actor could approve or return this revision, for showing the buttons."""
    if revision.state != RevisionState.IN_REVIEW:
        return False
    try:
        require_approve(session, actor, revision)
    except Forbidden:
        return False
    return True


def takes_part(session: Session, person_id: int, revision: Revision) -> bool:
    """Return whether a person wrote in a revision or submitted it."""
    if person_id in (revision.author_id, revision.submitted_by_id):
        return True
    wrote = exists().where(
        RevisionContributor.revision_id == revision.id, RevisionContributor.person_id == person_id
    )
    return bool(session.scalar(select(wrote)))


def _require(session: Session, actor: Actor, permission: Permission, node: Node, owner_id: int) -> None:
    decision = may_on(session, actor, permission, node, owner_id)
    if not decision:
        raise Forbidden(decision.reason)


def approvers_of(session: Session, revision: Revision) -> list[int]:
    """Return the ids of the active people who may approve a revision, for telling them."""
    roles = GRANTABLE[Permission.ARTICLE_APPROVE]
    candidates = select(Person).where(
        Person.is_active,
        exists().where(PersonRole.person_id == Person.id, PersonRole.role.in_(sorted(roles))),
    )
    able = []
    for person in session.scalars(candidates).unique():
        actor = Actor.of(person)
        scope = audience_scope(session, actor) if _may_approve(session, actor, revision) else None
        if scope is not None and _admits(scope, revision):
            able.append(person.id)
    return able


def _may_approve(session: Session, actor: Actor, revision: Revision) -> bool:
    article = revision.article
    owner = session.scalar(select(Department.path).where(Department.id == article.owner_department_id)) or ""
    holds = place_scope(session, actor, Permission.ARTICLE_APPROVE, under=article.node)
    return holds.admits(article.node.path, owner) and not takes_part(session, actor.person_id, revision)


def _admits(scope: AudienceScope, revision: Revision) -> bool:
    wished = revision.new_access_key
    return scope.admits(revision.article.access_key) and (wished is None or scope.admits(wished))
