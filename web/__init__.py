"""HTTP pages and the command line: turns requests into calls on kb."""
