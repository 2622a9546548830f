"""Turns Word, Excel and PDF files into HTML for a draft, and says what could not be kept."""
