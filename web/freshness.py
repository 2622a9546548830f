"""Answers a script that asks again for a list it still has: unchanged, without searching, or the new one."""

import hashlib
from datetime import datetime

from flask import Response, make_response, request
from flask_login import current_user
from sqlalchemy.orm import Session

from kb.freshness import state_of_lists
from web.session import current_actor
from web.transactions import services


def list_tag(session: Session, moment: datetime) -> str:
    """Return the entity tag of a list: another one as soon as anything the list depends on is another.

    That is the login with its rights and its liking, the address, everything in ``state_of_lists``, what
    the index holds, and the minute, which stands in "3 分钟前" and beside the counts of readers.
    """
    person = current_user.person
    actor = current_actor()
    depends_on = (
        current_user.token,
        sorted(actor.roles),
        sorted(actor.department_ids),
        person.locale,
        request.script_root,
        request.full_path,
        state_of_lists(session, actor, moment),
        services().engine.cursor(),
        int(moment.timestamp()) // 60,
    )
    return hashlib.sha256(repr(depends_on).encode()).hexdigest()[:32]


def is_known(tag: str) -> bool:
    """Return whether who asks has the entity with this tag."""
    return tag in request.if_none_match


def unchanged(tag: str) -> Response:
    """Return the empty answer that says so."""
    answer = make_response("", 304)
    answer.set_etag(tag)
    return answer
