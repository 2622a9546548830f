"""The seams of the product: Protocols that kb owns and the plain values that cross them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from threading import Event
from typing import Protocol


class Clock(Protocol):
    """Where the present instant comes from."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""


# --- text of attached files -------------------------------------------------------------------


@dataclass(frozen=True)
class TextPart:
    """A piece of a file's text and where it stands.

    ``kind`` is ``text``, ``page``, ``sheet`` or ``slide``; ``number`` the 1-based page, slide or
    sheet row (0 where there is none); ``label`` the sheet's name.
    """

    kind: str
    number: int
    label: str
    text: str


@dataclass(frozen=True)
class Extraction:
    """What became of a file.

    ``status`` is ``ok``, ``empty``, ``encrypted``, ``broken``, ``unsupported``, ``too_large`` or
    ``timeout``; ``note`` a Chinese sentence for the attachment's page.
    """

    status: str
    parts: tuple[TextPart, ...]
    note: str = ""


class TextExtractor(Protocol):
    """Reads the text of an attached file; never raises for a bad file."""

    def extract(self, name: str, data: bytes) -> Extraction:
        """Return the text of the file ``name`` with content ``data``, or why there is none."""


# --- documents turned into drafts ---------------------------------------------------------------


@dataclass(frozen=True)
class ConversionLoss:
    """A kind of thing that a conversion could not keep.

    ``kind`` is one of ``LOSS_KINDS``; ``count`` how often, 0 where that means nothing; ``detail`` a name
    from the document, such as that of a sheet.
    """

    kind: str
    count: int = 0
    detail: str = ""


LOSS_KINDS = frozenset(
    {
        "image", "text_box", "header", "comment", "tracked", "equation", "drawing", "colour",
        "embedded", "formula", "hidden_row", "hidden_column", "hidden_sheet", "chart", "number_format",
        "cut", "layout", "scan_page", "note_place", "merged",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Conversion:
    """What became of a document.

    ``status`` is as for ``Extraction``; ``html`` is not sanitised; an image stands in it as
    ``<img src="imported:N">``, N being its place in ``images``; ``reason`` names why there is nothing.
    """

    status: str
    title: str = ""
    html: str = ""
    images: tuple[bytes, ...] = ()
    losses: tuple[ConversionLoss, ...] = ()
    reason: str = ""


class DocumentConverter(Protocol):
    """Turns a Word, Excel or PDF file into HTML for a draft; never raises for a bad file."""

    def convert(self, name: str, data: bytes) -> Conversion:
        """Return what the file ``name`` with content ``data`` holds, and what of it was lost."""


# --- what is indexed --------------------------------------------------------------------------


@dataclass(frozen=True)
class IndexedFile:
    """The text of one attachment of a revision."""

    attachment_id: int
    name: str
    parts: tuple[TextPart, ...]


@dataclass(frozen=True)
class IndexDocument:
    """One approved revision as the index sees it; instants are aware UTC, ``None`` is open-ended.

    ``next_from`` and ``previous_from`` are the starts of the article's neighbouring shown revisions.
    """

    article_id: int
    revision_id: int
    external_id: str
    title: str
    document_number: str
    tags: str
    summary: str
    wording: tuple[str, ...]
    body: str
    notes: str
    files: tuple[IndexedFile, ...]
    node_id: int
    department_id: int
    access_key: str
    shown_from: datetime
    shown_to: datetime | None
    previous_from: datetime | None
    next_from: datetime | None
    published_at: datetime
    updated_at: datetime
    effective_at: datetime


@dataclass(frozen=True)
class ArticleChange:
    """The present state of a changed article: all its indexable revisions, none if it has gone."""

    article_id: int
    documents: tuple[IndexDocument, ...]


@dataclass(frozen=True)
class LexiconOverlay:
    """What managers added to the shipped word lists; ``version`` counts their changes, from 1 on."""

    version: int = 0
    words: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, ...], ...] = ()
    stopwords: tuple[str, ...] = ()


# --- searching --------------------------------------------------------------------------------


class Scope(StrEnum):
    """Where the words must stand."""

    ALL = "all"
    TITLE = "title"
    CONTENT = "content"
    TITLE_CONTENT = "title_content"
    ATTACHMENT = "attachment"


class Sort(StrEnum):
    """The order of the hits."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    HOTTEST = "hottest"


class StatusFilter(StrEnum):
    """Which revisions may answer: those in force first, only those, or ended and coming ones too."""

    PREFER = "prefer"
    CURRENT = "current"
    ALL = "all"


class DateField(StrEnum):
    """Which date a time range is about."""

    PUBLISHED = "published"
    UPDATED = "updated"
    EFFECTIVE = "effective"


@dataclass(frozen=True)
class DateRange:
    """``start`` inclusive, ``end`` exclusive, aware UTC; ``None`` is open-ended."""

    field: DateField
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class EngineQuery:
    """A search with every condition resolved to plain values.

    ``access_keys`` is ``None`` for people who may read everything; ``node_ids`` the chosen node and
    all below it; ``article_ids`` the only articles that may answer, ``None`` for any; ``heat`` maps
    article ids to popularity for the sort by heat.
    """

    text: str
    instant: datetime
    access_keys: frozenset[str] | None
    scope: Scope = Scope.ALL
    sort: Sort = Sort.RELEVANCE
    status: StatusFilter = StatusFilter.PREFER
    date_range: DateRange | None = None
    node_ids: frozenset[int] | None = None
    department_id: int | None = None
    article_ids: frozenset[int] | None = None
    verbatim: bool = False
    heat: Mapping[int, float] = field(default_factory=dict)
    offset: int = 0
    limit: int = 20


Marks = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Snippet:
    """A window of text; ``marks`` are character ranges in it; ``offset`` its place in the body, or -1.

    ``kind`` is ``body``, ``wording``, ``summary``, ``notes`` or ``file``.
    """

    kind: str
    text: str
    marks: Marks
    offset: int = -1


@dataclass(frozen=True)
class FileHit:
    """A hit inside an attachment: which file, where in it, and the text there."""

    attachment_id: int
    name: str
    kind: str
    number: int
    label: str
    text: str
    marks: Marks


@dataclass(frozen=True)
class EngineHit:
    """One article found, represented by the revision that answers at the asked instant.

    ``tier`` is ``exact``, ``words``, ``synonym``, ``sound``, ``fuzzy`` or ``partial``; ``why`` holds
    short Chinese reasons such as ``按读音：挂失``; ``status`` is ``current``, ``ended`` or ``scheduled``.
    """

    article_id: int
    revision_id: int
    external_id: str
    title: str
    title_marks: Marks
    score: float
    tier: str
    why: tuple[str, ...]
    scope_hits: tuple[str, ...]
    status: str
    snippet: Snippet | None
    file: FileHit | None


@dataclass(frozen=True)
class HiddenHits:
    """How many more articles would be found if one condition were lifted."""

    by_time: int = 0
    by_node: int = 0
    by_department: int = 0
    by_status: int = 0
    by_scope: int = 0


@dataclass(frozen=True)
class EngineAnswer:
    """The page of hits and what is known of the whole result.

    ``total`` counts every article found; ``full`` those that match the whole query; ``tiers`` the
    articles by tier; ``nodes`` and ``departments`` the articles by node id and department id.
    """

    total: int
    full: int
    hits: tuple[EngineHit, ...]
    tiers: Mapping[str, int]
    nodes: Mapping[int, int]
    departments: Mapping[int, int]
    hidden: HiddenHits
    corrections: tuple[str, ...] = ()
    expansions: tuple[str, ...] = ()


@dataclass(frozen=True)
class SuggestQuery:
    """What was typed so far, within the rights and the instant of the person typing."""

    text: str
    instant: datetime
    access_keys: frozenset[str] | None
    limit: int = 6


@dataclass(frozen=True)
class Suggestion:
    """An article whose title answers what is being typed."""

    article_id: int
    title: str
    marks: Marks
    department_id: int


class SearchEngine(Protocol):
    """The read side of an index; safe to call from many threads.

    All but ``begun``, ``tokens`` and ``cursor`` raise ``kb.errors.SearchUnavailable`` if no index can be opened.
    """

    def search(self, query: EngineQuery) -> EngineAnswer:
        """Answer a search."""

    def suggest(self, query: SuggestQuery) -> Sequence[Suggestion]:
        """Return articles for a text being typed, best first."""

    def related(self, article_id: int, query: SuggestQuery) -> Sequence[Suggestion]:
        """Return articles about the same thing as ``article_id``, best first, within the rights."""

    def begun(self, typed: str, texts: Sequence[str]) -> Sequence[str]:
        """Return those of some texts that begin with what is typed, in their order.

        Each character may be typed as itself, as pinyin or by its initial. Needs no index.
        """

    def mark(self, query_text: str, text: str) -> Marks:
        """Return where the words of a query stand in any text, as merged character ranges."""

    def tokens(self, text: str) -> Sequence[str]:
        """Return the words into which a text is cut."""

    def trial(self, overlay: LexiconOverlay) -> "SearchEngine":
        """Return an engine over the same index that knows these entries instead of those in use."""

    def rehearse(self, changes: Iterable[ArticleChange]) -> AbstractContextManager["SearchEngine"]:
        """Open an engine over the same index in which some articles stand as they would after a change.

        It serves inside the ``with`` block only; the index in use is not touched. Corrections and
        readings come from the titles in use.

        Raises:
            kb.errors.SearchUnavailable: if no index can be opened.
        """

    def cursor(self) -> int:
        """Return the change number up to which the open index is complete; -1 without an index."""

    def keep_open(self, stop: Event) -> None:
        """Follow the index until ``stop`` is set, so that no question has to wait for what is new in it."""


class IndexUpdater(Protocol):
    """The write side of an index; one holder at a time."""

    def cursor(self) -> int:
        """Return the change number that the last commit carried; -1 if the index must be rebuilt."""

    def apply(self, changes: Iterable[ArticleChange], cursor: int) -> list[int]:
        """Replace the documents of changed articles, commit the cursor, return ids that could not be indexed."""

    def rebuild(
        self, changes: Iterable[ArticleChange], cursor: int, progress: Callable[[int], None]
    ) -> list[int]:
        """Build a new index beside the old one and switch to it; see ``apply``."""

    def tidy(self) -> bool:
        """Do what makes later searches cheaper and can wait; return whether there was anything to do."""
