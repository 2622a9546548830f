"""Every route of the product and who may use it; a new route that is not listed here fails the walk."""

from enum import StrEnum

from kb.models import Role


class Kind(StrEnum):
    """What decides about an answer.

    ``SECRET`` routes address an article or something that hangs on it: outside its audience they
    answer 404. ``TOKEN`` routes are for programs: a login of the browser opens none of them. ``CHOSEN`` routes take the ids of such things from the form and do nothing to those that
    the person may not touch. ``OWN`` routes address something that belongs to one person: to others they answer 404.
    """

    PUBLIC = "public"
    EVERYONE = "everyone"
    SECRET = "secret"
    CHOSEN = "chosen"
    OWN = "own"
    TOKEN = "token"


Rule = Kind | frozenset[Role]
A, P, R, M, S = Role.AGENT, Role.PUBLISHER, Role.REVIEWER, Role.MANAGER, Role.ADMIN


def only(*roles: Role) -> frozenset[Role]:
    """Return the rule for a route that these roles alone may use."""
    return frozenset(roles)


TREE = only(M, S)
ACCOUNTS = only(S)

ROUTES: dict[str, Rule] = {
    "static": Kind.PUBLIC,
    "health.alive": Kind.PUBLIC,
    "health.ready": Kind.PUBLIC,
    "session.log_in": Kind.PUBLIC,
    "session.choose_locale": Kind.PUBLIC,
    "search.opensearch": Kind.PUBLIC,
    "session.log_out": Kind.EVERYONE,
    "session.preferences": Kind.EVERYONE,
    "people.own_password": Kind.EVERYONE,
    "home.page": Kind.EVERYONE,
    "home.node": Kind.EVERYONE,
    "search.page": Kind.EVERYONE,
    "search.step": Kind.EVERYONE,
    "search.suggest": Kind.EVERYONE,
    "search.lock": Kind.EVERYONE,
    "search.unlock": Kind.EVERYONE,
    "evidence.download": Kind.SECRET,
    # for programs
    "api.list_drafts": Kind.TOKEN,
    "api.new_article": Kind.TOKEN,
    "api.show_draft": Kind.TOKEN,
    "api.save": Kind.TOKEN,
    "api.delete": Kind.TOKEN,
    "api.submit_draft": Kind.TOKEN,
    "api.recall_draft": Kind.TOKEN,
    "api.approve_draft": Kind.TOKEN,
    "api.return_draft": Kind.TOKEN,
    "api.list_files": Kind.TOKEN,
    "api.add_files": Kind.TOKEN,
    "api.take_file_off": Kind.TOKEN,
    "api.show_article": Kind.TOKEN,
    "api.list_revisions": Kind.TOKEN,
    "api.revise": Kind.TOKEN,
    "api.withdraw_article": Kind.TOKEN,
    "api.cancel": Kind.TOKEN,
    "articles.page": Kind.SECRET,
    "articles.version": Kind.SECRET,
    "articles.preview": Kind.SECRET,
    "articles.wording": Kind.SECRET,
    "related.page": Kind.SECRET,
    "attachments.download": Kind.SECRET,
    "attachments.preview": Kind.SECRET,
    "attachments.picture": Kind.SECRET,
    "images.show": Kind.SECRET,
    "copies.copied": Kind.SECRET,
    "copies.page": only(R, M),
    "copies.export": only(R, M),
    # knowledge comments, feedback, tasks, points
    "comments.page": Kind.SECRET,
    "comments.write": Kind.SECRET,
    "comments.mentionable": Kind.SECRET,
    "comments.mine": Kind.EVERYONE,
    "comments.complain": Kind.SECRET,
    "comments.say_thanks": Kind.SECRET,
    "comments.take_back": Kind.SECRET,
    "comments.write_reply": Kind.SECRET,
    "feedback.say": Kind.SECRET,
    "feedback.page": only(P, R, M),
    "moderation.page": only(R, M),
    "moderation.judge": Kind.CHOSEN,
    "moderation.take_back": Kind.CHOSEN,
    "moderation.rules": only(M),
    "moderation.change_rule": only(M),
    "points.page": only(M),
    "points.export": only(M),
    "tasks.page": only(P, R, M),
    "tasks.detail": Kind.SECRET,
    "tasks.take": Kind.SECRET,
    "tasks.refuse": Kind.SECRET,
    "tasks.hand_over": Kind.SECRET,
    "tasks.finish": Kind.SECRET,
    "tasks.reply_officially": Kind.SECRET,
    "tasks.take_up_again": Kind.SECRET,
    "tasks.write_solution": Kind.SECRET,
    "comments.follow": Kind.SECRET,
    "comments.picture": Kind.SECRET,
    "watching.page": Kind.SECRET,
    # writing, reviewing, versions
    "drafts.page": Kind.EVERYONE,
    "editor.start": only(P),
    "editor.start_now": only(P),
    "editor.edit": Kind.SECRET,
    "editor.act": Kind.SECRET,
    "editor.add_file": Kind.SECRET,
    "editor.add_picture": Kind.SECRET,
    "editor.autosave": Kind.SECRET,
    "editor.compare": Kind.SECRET,
    "editor.import_document": Kind.SECRET,
    "editor.merge": Kind.SECRET,
    "editor.preview": Kind.SECRET,
    "editor.rendered": Kind.SECRET,
    "editor.state": Kind.SECRET,
    "review_dates.page": only(P, R, M, S),
    "review_dates.article": Kind.SECRET,
    "review_dates.right": Kind.SECRET,
    "review_dates.save": Kind.SECRET,
    "reviews.page": Kind.EVERYONE,
    "reviews.one": Kind.SECRET,
    "reviews.approve": Kind.SECRET,
    "reviews.give_back": Kind.SECRET,
    "reviews.recall": Kind.SECRET,
    "versions.page": Kind.SECRET,
    "versions.at_moment": Kind.SECRET,
    "versions.by_document_number": Kind.SECRET,
    "versions.compare": Kind.SECRET,
    "versions.restore": Kind.SECRET,
    "audit.page": TREE,
    "audit.verify": TREE,
    "audit.export": TREE,
    # briefcase
    "briefcase.page": Kind.EVERYONE,
    "briefcase.export": Kind.EVERYONE,
    "briefcase.ask": Kind.EVERYONE,
    "briefcase.keep": Kind.EVERYONE,
    "briefcase.seen_all": Kind.EVERYONE,
    "briefcase.create_folder": Kind.EVERYONE,
    "briefcase.change_item": Kind.OWN,
    "briefcase.change_folder": Kind.OWN,
    "briefcase.take_pack": Kind.OWN,
    "lexicon.page": only(M),
    "lexicon.add": only(M),
    "lexicon.remove": only(M),
    "lexicon.turn_down": only(M),
    # knowledge gaps and golden queries
    "gaps.file": Kind.EVERYONE,
    "gaps.mine": Kind.EVERYONE,
    "gaps.page": only(P, R, M),
    "gaps.act": Kind.OWN,
    "golden_queries.of_draft": Kind.SECRET,
    "golden_queries.page": only(P, R, M),
    "golden_queries.add": only(P, R, M),
    "golden_queries.remove": Kind.OWN,
    # messages
    "announcements.page": Kind.EVERYONE,
    "announcements.detail": Kind.SECRET,
    "announcements.confirm": Kind.SECRET,
    "announcements.new": only(P, M),
    "announcements.create": only(P, M),
    "announcements.edit": Kind.SECRET,
    "announcements.save": Kind.SECRET,
    "announcements.take_back": Kind.SECRET,
    "announcements.roll": Kind.SECRET,
    "announcements.export": Kind.SECRET,
    "notifications.page": Kind.EVERYONE,
    "notifications.count": Kind.EVERYONE,
    "notifications.read": Kind.EVERYONE,
    "notifications.follow": Kind.OWN,
    "feeds.atom": Kind.PUBLIC,
    "feeds.page": Kind.EVERYONE,
    "feeds.renew": Kind.EVERYONE,
    "feeds.end": Kind.EVERYONE,
    # management
    "insights.page": only(M),
    "insights.export": only(M),
    "admin.page": TREE,
    "nodes.page": TREE,
    "nodes.create": TREE,
    "nodes.detail": TREE,
    "nodes.rename": TREE,
    "nodes.shift": TREE,
    "nodes.move": TREE,
    "nodes.merge": TREE,
    "nodes.audience": TREE,
    "nodes.article_audience": TREE,
    "nodes.grant": ACCOUNTS,
    "nodes.revoke": ACCOUNTS,
    "audiences.page": TREE,
    "audiences.create": TREE,
    "audiences.detail": TREE,
    "audiences.delete": TREE,
    "departments.page": ACCOUNTS,
    "departments.create": ACCOUNTS,
    "departments.detail": ACCOUNTS,
    "people.page": ACCOUNTS,
    "people.create": ACCOUNTS,
    "people.detail": ACCOUNTS,
    "people.active": ACCOUNTS,
    "people.unlock": ACCOUNTS,
    "people.password": ACCOUNTS,
    "webhooks.page": ACCOUNTS,
    "webhooks.create": ACCOUNTS,
    "webhooks.detail": ACCOUNTS,
    "webhooks.active": ACCOUNTS,
    "webhooks.rotate": ACCOUNTS,
    "webhooks.test": ACCOUNTS,
    "webhooks.delete": ACCOUNTS,
    "webhooks.try_again": ACCOUNTS,
}

# Addresses to try beside the bare one; {name} is an id of the secret bank.
QUERIES: dict[str, tuple[str, ...]] = {
    "home.page": ("latest=all&hot=week", "latest=all&hot=day", "latest=all&hot=month"),
    "search.page": (
        "q={query}",
        "q={query}&scope=title&status=all",
        "q={query}&scope=attachment&status=all",
        "q={query}&as_of=2026-10-20",
        "q={query}&as_of=2026-11-22T10:00",
        "q=zbkl",
        "q=挂失&sort=newest",
        "q=&sort=newest",
        "q=&sort=hottest&status=all",
        "node={node_id}",
        "q={query}&node={node_id}",
        "q={query}&page=2",
    ),
    "search.step": ("q={query}&rank=1",),
    "search.suggest": ("q={query}", "q={prefix}", "q=zhenbie", "q=zb", "q="),
    "articles.page": ("q={query}", "as_of=2026-10-20"),
    "articles.preview": ("q={query}", "v=1", "q={query}&as_of=2026-11-22"),
    "attachments.preview": ("q={query}", "n=1", "view=text", "as_of=2026-11-22"),
    "articles.wording": ("v=1", "block=1"),
    "related.page": ("as_of=2026-11-22",),
    "briefcase.ask": ("article={article_id}", "node={node_id}"),
    "feedback.page": ("days=30",),
    "moderation.page": ("tab=pending", "tab=visible", "state=visible"),
    "tasks.page": ("tab=all",),
    "notifications.page": ("all=1",),
}

# Routes whose page an insider must see the marker on, or the walk would prove nothing.
TELLING = frozenset(
    {
        "home.page",
        "search.page",
        "search.suggest",
        "articles.page",
        "articles.version",
        "articles.preview",
        "articles.wording",
        "related.page",
        "attachments.download",
        "attachments.preview",
        "briefcase.ask",
        "comments.page",
        "notifications.page",
        "announcements.page",
        "announcements.detail",
    }
)
