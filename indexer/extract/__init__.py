"""Text of attached files: one reader per format, run in limited child processes."""
