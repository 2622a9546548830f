"""The blueprint that the editor's views hang on."""

from flask import Blueprint

blueprint = Blueprint("editor", __name__)
