"""One article, as the tutorials' blog has it."""

from django.db import models


class Article(models.Model):  # type: ignore[misc]
    """A title and a body."""

    title = models.CharField(max_length=400)
    body = models.TextField()
    created = models.DateTimeField(auto_now_add=True)

    def get_absolute_url(self) -> str:
        """Return where it would be read."""
        return f"/article/{self.pk}/"
