"""All tables, imported here so that metadata is complete wherever one of them is."""

from kb.models.activity import Search, View
from kb.models.announcement import Acknowledgement, Announcement, AnnouncementText, MaterialMark
from kb.models.article import OPEN_STATES, Article, ChangeCounter, Revision, RevisionState, WordingBlock
from kb.models.attachment import Attachment, Blob, BlobChunk, FilePart, FileText
from kb.models.audience import AccessKey, Audience, AudienceRule
from kb.models.audit import AuditEvent
from kb.models.briefcase import BriefcaseFolder, BriefcaseItem
from kb.models.calendar_day import CalendarDay
from kb.models.comment import (
    Comment,
    CommentImage,
    CommentKind,
    CommentMention,
    CommentReport,
    CommentState,
    CommentThanks,
    ModerationMode,
    ModerationRule,
)
from kb.models.copy import Copy
from kb.models.department import Department, DepartmentLead
from kb.models.feedback import Feedback
from kb.models.gap import Gap, GapAsker
from kb.models.golden_query import GoldenQuery
from kb.models.grant import MergedNode, NodeGrant
from kb.models.image import Image
from kb.models.lexicon import DismissedProposal, LexiconEntry, LexiconVersion
from kb.models.node import Node
from kb.models.notification import Notification
from kb.models.person import DateLock, LoginSession, Person, PersonRole, Role
from kb.models.point import Point
from kb.models.presence import EditorPresence
from kb.models.review import Autosave, Review, ReviewAction, RevisionContributor
from kb.models.review_check import ReviewCheck
from kb.models.search_day import SearchDay
from kb.models.structure import StructureVersion
from kb.models.table import Table
from kb.models.task import Task, TaskEvent, TaskState
from kb.models.token import ApiToken, IdempotentAnswer
from kb.models.webhook import Webhook, WebhookAttempt, WebhookDelivery

__all__ = [
    "OPEN_STATES",
    "AccessKey",
    "Acknowledgement",
    "Announcement",
    "AnnouncementText",
    "ApiToken",
    "Article",
    "Attachment",
    "Audience",
    "AudienceRule",
    "AuditEvent",
    "Autosave",
    "Blob",
    "BlobChunk",
    "BriefcaseFolder",
    "BriefcaseItem",
    "CalendarDay",
    "ChangeCounter",
    "Comment",
    "CommentImage",
    "CommentKind",
    "CommentMention",
    "CommentReport",
    "CommentState",
    "CommentThanks",
    "Copy",
    "DateLock",
    "Department",
    "DepartmentLead",
    "DismissedProposal",
    "EditorPresence",
    "Feedback",
    "FilePart",
    "FileText",
    "Gap",
    "GapAsker",
    "GoldenQuery",
    "IdempotentAnswer",
    "Image",
    "LexiconEntry",
    "LexiconVersion",
    "LoginSession",
    "MaterialMark",
    "MergedNode",
    "ModerationMode",
    "ModerationRule",
    "Node",
    "NodeGrant",
    "Notification",
    "Person",
    "PersonRole",
    "Point",
    "Review",
    "ReviewAction",
    "ReviewCheck",
    "Revision",
    "RevisionContributor",
    "RevisionState",
    "Role",
    "Search",
    "SearchDay",
    "StructureVersion",
    "Table",
    "Task",
    "TaskEvent",
    "TaskState",
    "View",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "WordingBlock",
]
