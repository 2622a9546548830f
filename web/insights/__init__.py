"""Figures on searching and on the content, with a table behind every chart and every table to take along."""

from web.insights.views import blueprint, install

__all__ = ["blueprint", "install"]
