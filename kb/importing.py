"""Imports articles from rows: idempotent, batch by batch, and never losing a row to a bad neighbour."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from kb import audit
from kb.access import key_for
from kb.articles import (
    IMPORTED_BODY_LIMIT,
    add_revision,
    approve,
    create_article,
    touch,
)
from kb.database import Database
from kb.departments import by_name_or_code, ensure_department
from kb.errors import Invalid
from kb.import_fields import IMPORT_TITLE_LIMIT, NAMES, Draft, RowProblem, read_draft
from kb.import_readers import RawRow
from kb.models import Article, Department, Node, Revision, RevisionState
from kb.nodes import ensure_path
from kb.ports import Clock
from kb.revision_text import text_hash

BATCH_ROWS = 100
# A batch holds the write lock while it is rendered, so long texts make short batches.
BATCH_CHARACTERS = 300_000
DEFAULT_NODE = "导入知识/{kind}"
DEFAULT_DEPARTMENT = ("import", "导入知识")
REPORTED_FIELDS = {"source": "body"}


@dataclass(frozen=True)
class ImportOptions:
    """Where rows come from and where they go.

    ``source`` names the origin, under which external ids are unique; ``node`` is the place of rows
    that name none (``{kind}`` stands for the row's type); ``department`` a code or name, or empty.
    """

    source: str
    node: str = DEFAULT_NODE
    department: str = ""
    dry_run: bool = False


@dataclass(frozen=True)
class RowFailure:
    """Why a row did not go in: its number, its name in reports, the field and a Chinese reason."""

    number: int
    label: str
    field: str
    reason: str


@dataclass
class ImportReport:
    """What became of the rows; ``untitled`` counts those that went in under the first words of their text."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    untitled: int = 0
    failed: list[RowFailure] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """The number of rows seen."""
        return self.created + self.updated + self.unchanged + len(self.failed)


class _DryRun(Exception):
    """Takes a batch back at its end."""


def import_rows(
    database: Database,
    rows: Iterable[RawRow],
    options: ImportOptions,
    clock: Clock,
    zone: ZoneInfo,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Import rows, a transaction per batch and a savepoint per row.

    A row whose (source, external id) is known and whose text is unchanged is skipped; a changed text
    becomes a new approved revision. Running the same import again changes nothing.

    Args:
        database: Where the articles go.
        rows: Rows as read from a file.
        options: Origin, default place and owner, dry run.
        clock: For the instant of approval.
        zone: The bank's zone, for dates without one.
        progress: Called after every row with the number of rows done.

    Raises:
        Invalid: if the default department does not exist, or an option cannot be used.
    """
    if not options.source or len(options.source) > 64:
        raise Invalid("来源名称须为 1 到 64 个字，请用 --source 指定。")
    importer = _Importer(options, clock, zone, progress or (lambda _done: None))
    for batch in _batches(rows):
        try:
            with database.write() as session:
                importer.take(session, batch)
                if options.dry_run:
                    raise _DryRun
        except _DryRun:
            continue
    return importer.report


def _batches(rows: Iterable[RawRow]) -> Iterator[list[RawRow]]:
    batch: list[RawRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(str(row.values.get("body", "")))
        if len(batch) >= BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Importer:
    """One run over a file; remembers which ids it has met."""

    def __init__(
        self, options: ImportOptions, clock: Clock, zone: ZoneInfo, progress: Callable[[int], None]
    ) -> None:
        self.options = options
        self.clock = clock
        self.zone = zone
        self.progress = progress
        self.report = ImportReport()
        self.seen: dict[str, str] = {}
        self.nodes: dict[tuple[str, str], Node] = {}

    def take(self, session: Session, batch: list[RawRow]) -> None:
        """Import the rows of one transaction and record it in the audit log."""
        self.nodes = {}
        owner = self._default_owner(session)
        before = (self.report.created, self.report.updated)
        for row in batch:
            self._take_row(session, row, owner)
            self.progress(self.report.rows)
        created, updated = self.report.created - before[0], self.report.updated - before[1]
        if created or updated:
            audit.record(
                session,
                None,
                "article.import",
                f"source:{self.options.source}",
                self.clock.now(),
                detail={
                    "created": created,
                    "updated": updated,
                    "first_row": batch[0].number,
                    "last_row": batch[-1].number,
                },
            )

    def _default_owner(self, session: Session) -> Department:
        if not self.options.department:
            return ensure_department(session, *DEFAULT_DEPARTMENT)
        found = by_name_or_code(session, self.options.department)
        if found is None:
            raise Invalid(f"没有名称或代码为“{self.options.department}”的部门。")
        return found

    def _take_row(self, session: Session, row: RawRow, owner: Department) -> None:
        try:
            if row.problem:
                raise RowProblem(row.field, row.problem)
            draft = read_draft(row.values, self.zone)
            self._claim(draft.external_id, row)
            with session.begin_nested():
                outcome, node = self._write(session, draft, owner)
        except RowProblem as problem:
            self._fail(row, problem.field, problem.reason)
        except Invalid as problem:
            for name, reason in list(problem.errors.items())[:1] or [("", problem.message)]:
                self._fail(row, REPORTED_FIELDS.get(name, name), reason)
        except (DataError, IntegrityError, ValueError) as error:
            self._fail(row, "", f"无法写入数据库：{str(error).splitlines()[0][:200]}")
        else:
            self.nodes[_place(draft)] = node
            self.report.untitled += draft.is_title_derived and outcome != "unchanged"
            setattr(self.report, outcome, getattr(self.report, outcome) + 1)

    def _claim(self, external_id: str, row: RawRow) -> None:
        earlier = self.seen.setdefault(external_id, row.label)
        if earlier != row.label:
            generated = external_id.startswith("auto-")
            reason = "标题和分类" if generated else f"编号“{external_id}”"
            advice = "，请为这一行填写编号" if generated else ""
            raise RowProblem("id", f"{reason}与{earlier}重复{advice}。")

    def _fail(self, row: RawRow, name: str, reason: str) -> None:
        self.report.failed.append(RowFailure(row.number, row.label, NAMES.get(name, name), reason))

    def _write(self, session: Session, draft: Draft, owner: Department) -> tuple[str, Node]:
        now = self.clock.now()
        node = self._node(session, draft)
        department = self._department(session, draft.department, owner)
        article = session.scalar(
            select(Article).where(
                Article.source == self.options.source, Article.external_id == draft.external_id
            )
        )
        if article is None:
            article = create_article(
                session, node, department, now, source=self.options.source, external_id=draft.external_id
            )
            self._publish(session, article, draft, now)
            return "created", node
        # A default place or owner must not undo a move that a person made since.
        moved = _move(
            session, article, node if draft.node else None, department if draft.department else None
        )
        if _imported_hash(session, article) != text_hash(draft.text):
            self._publish(session, article, draft, now)
            return "updated", node
        return ("updated" if moved else "unchanged"), node

    def _publish(self, session: Session, article: Article, draft: Draft, now: datetime) -> None:
        text, published_at = draft.text, draft.published_at
        if published_at is not None and published_at > now and text.effective_from is None:
            raise RowProblem("published_at", "发布日期在将来；如需定时生效，请填写生效日期。")
        last = session.scalar(select(func.max(Revision.approved_at)).where(Revision.article_id == article.id))
        backdated = published_at is not None and published_at <= now and (last is None or published_at > last)
        at = published_at if published_at is not None and backdated else now
        revision = add_revision(
            session,
            article,
            text,
            at,
            approved_at=at,
            limit=IMPORTED_BODY_LIMIT,
            title_limit=IMPORT_TITLE_LIMIT,
        )
        approve(session, revision, at)
        session.flush()

    def _node(self, session: Session, draft: Draft) -> Node:
        known = self.nodes.get(_place(draft))
        if known is not None:
            return known
        label = draft.node or self.options.node.replace("{kind}", draft.kind)
        exact = session.scalar(select(Node).where(Node.code == label))
        if exact is not None:
            return exact
        titles = [title.strip() for title in label.replace("／", "/").split("/") if title.strip()]
        if not titles or any(len(title) > 120 for title in titles):
            raise RowProblem("node", f"分类“{label[:40]}”不能使用，请写成“个人业务/借记卡”这样的形式。")
        return ensure_path(session, titles)

    def _department(self, session: Session, label: str, owner: Department) -> Department:
        found = by_name_or_code(session, label) if label else owner
        if found is None:
            raise RowProblem("department", f"没有名称或代码为“{label[:40]}”的部门。")
        return found


def _place(draft: Draft) -> tuple[str, str]:
    return (draft.node, "") if draft.node else ("", draft.kind)


def _move(session: Session, article: Article, node: Node | None, department: Department | None) -> bool:
    moved = False
    if node is not None and node.id != article.node_id:
        article.node, moved = node, True
        article.access_key = key_for(session, node, article.audience_id)
    if department is not None and department.id != article.owner_department_id:
        article.owner_department, moved = department, True
    if moved:
        touch(session, article)
    return moved


def _imported_hash(session: Session, article: Article) -> str | None:
    # What a person wrote here since is not the import's to take back, so only imported revisions count.
    return session.scalar(
        select(Revision.text_hash)
        .where(
            Revision.article_id == article.id,
            Revision.author_id.is_(None),
            Revision.state == RevisionState.APPROVED,
        )
        .order_by(Revision.number.desc())
        .limit(1)
    )
