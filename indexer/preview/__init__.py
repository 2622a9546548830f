"""Files shown in place: pages drawn as pictures and sheets read as tables, in limited child processes."""
