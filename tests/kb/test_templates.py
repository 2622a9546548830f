"""The shipped templates are whole and render to pages."""

from kb.markup import render
from kb.templates import template, templates


def test_the_five_templates_are_offered_in_order():
    assert [item.name for item in templates()] == ["口径", "流程", "收费表", "FAQ", "应急"]


def test_every_template_renders_without_loss():
    for item in templates():
        rendered = render(item.source, "markdown")
        assert rendered.lost == ()
        assert rendered.headings
        assert item.wording
        assert item.description


def test_an_unknown_code_is_no_template():
    assert template("../secret") is None
