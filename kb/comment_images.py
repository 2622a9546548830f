"""Who may see the pictures of a comment: whoever may see the comment, and who judges it."""

from sqlalchemy.orm import Session

from kb.access import Actor, Permission, audience_scope, may_on
from kb.comments import readable
from kb.errors import NotFound
from kb.models import Article, Comment, CommentImage


def image_of(session: Session, actor: Actor, image_id: int) -> CommentImage:
    """Return a picture of a comment that the actor may see, as its reader, author or moderator.

    Raises:
        NotFound: if there is none.
    """
    image = session.get(CommentImage, image_id)
    comment = session.get(Comment, image.comment_id) if image is not None else None
    if image is None or comment is None:
        raise NotFound("没有找到这张图片。")
    article = session.get_one(Article, comment.article_id)
    judges = may_on(session, actor, Permission.COMMENT_MODERATE, article.node, article.owner_department_id)
    if not (judges and audience_scope(session, actor).admits(article.access_key)):
        readable(session, actor, comment.id)
    return image
