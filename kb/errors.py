"""The whole error vocabulary of the product; every edge maps these once."""


class KnowledgeBaseError(Exception):
    """An expected failure, carrying a message in the user's language.

    Args:
        message: A plain Chinese sentence that can be shown to the user.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class NotFound(KnowledgeBaseError):
    """The thing does not exist, or this person may not know that it does."""


class Forbidden(KnowledgeBaseError):
    """The person may see the thing but may not do this to it."""


class Conflict(KnowledgeBaseError):
    """Somebody else changed the thing since it was read."""


class Invalid(KnowledgeBaseError):
    """The input breaks a rule; ``errors`` names the field and the reason.

    Args:
        message: Summary sentence.
        errors: Field name to a sentence that tells what to change.
    """

    def __init__(self, message: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or {}


class TooMany(KnowledgeBaseError):
    """The person does this more often than anybody needs to; it works again a little later."""


class SearchUnavailable(KnowledgeBaseError):
    """No search index can answer at the moment."""
