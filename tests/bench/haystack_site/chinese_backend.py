"""Haystack's Whoosh backend with jieba's analyzer in the text fields, which is what the tutorials change."""

from typing import Any

from haystack.backends.whoosh_backend import WhooshEngine, WhooshSearchBackend
from jieba.analyse import ChineseAnalyzer
from whoosh.fields import TEXT


class ChineseWhooshBackend(WhooshSearchBackend):  # type: ignore[misc]
    """The stock backend; only the analyzer of its text fields is another one."""

    def build_schema(self, fields: Any) -> Any:
        """Build the stock schema and let jieba cut the text fields."""
        content, schema = super().build_schema(fields)
        for _name, kind in schema.items():
            if isinstance(kind, TEXT):
                kind.analyzer = ChineseAnalyzer()
        return content, schema


class ChineseWhooshEngine(WhooshEngine):  # type: ignore[misc]
    """The stock engine over that backend."""

    backend = ChineseWhooshBackend
