"""All tables, imported here so that metadata is complete wherever one of them is."""

from kb.models.activity import Search, View
from kb.models.article import Article, ChangeCounter, Revision, RevisionState, WordingBlock
from kb.models.attachment import Attachment, Blob, BlobChunk, FilePart, FileText
from kb.models.audience import AccessKey, Audience, AudienceRule
from kb.models.audit import AuditEvent
from kb.models.department import Department
from kb.models.grant import MergedNode, NodeGrant
from kb.models.node import Node
from kb.models.notification import Notification
from kb.models.person import DateLock, LoginSession, Person, PersonRole, Role
from kb.models.table import Table
from kb.models.webhook import Webhook, WebhookAttempt, WebhookDelivery

__all__ = [
    "AccessKey",
    "Article",
    "Attachment",
    "Audience",
    "AudienceRule",
    "AuditEvent",
    "Blob",
    "BlobChunk",
    "ChangeCounter",
    "DateLock",
    "Department",
    "FilePart",
    "FileText",
    "LoginSession",
    "MergedNode",
    "Node",
    "NodeGrant",
    "Notification",
    "Person",
    "PersonRole",
    "Revision",
    "RevisionState",
    "Role",
    "Search",
    "Table",
    "View",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "WordingBlock",
]
