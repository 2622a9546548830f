"""The blueprint that the editor's views hang on."""

from flask import Blueprint

LARGEST_ID = 2**31 - 1

blueprint = Blueprint("editor", __name__)
