"""The commands of ``kb``, one file per noun."""
