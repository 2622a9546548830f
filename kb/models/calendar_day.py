"""Days on which the bank does not follow the week: public holidays, and weekends that are worked instead."""

from datetime import date

from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Table


class CalendarDay(Table):
    """One exception 节假日安排: a weekday that is free, or a Saturday or Sunday that is worked."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
