"""What Haystack indexes: one document field made by a template, as in its own tutorial."""

from typing import Any

from haystack import indexes

from tests.bench.haystack_site.models import Article


class ArticleIndex(indexes.SearchIndex, indexes.Indexable):  # type: ignore[misc]
    """Title and body in one text field."""

    text = indexes.CharField(document=True, use_template=True)
    title = indexes.CharField(model_attr="title")
    created = indexes.DateTimeField(model_attr="created")

    def get_model(self) -> Any:
        """Return what is indexed."""
        return Article

    def index_queryset(self, using: Any = None) -> Any:
        """Return the articles to index."""
        return self.get_model().objects.all()
