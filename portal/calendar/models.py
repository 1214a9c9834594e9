"""Working hours and holidays of a vendor."""

from datetime import time

from django.db import models

from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantModel


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class WorkingHours(TenantModel):
    """When the vendor's people work on a weekday; a day with a break has two rows. Vendor's wall clock."""

    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.TimeField()
    closes = models.TimeField(help_text="00:00 is midnight at the end of the day.")

    class Meta:
        ordering = ["weekday", "opens"]
        verbose_name = verbose_name_plural = "working hours"
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="portal_workinghours_rows"),
            models.UniqueConstraint(
                fields=["vendor", "weekday", "opens"],
                name="portal_workinghours_once",
                violation_error_message="There are hours beginning then already.",
            ),
            models.CheckConstraint(
                condition=models.Q(weekday__in=Weekday.values), name="portal_workinghours_weekday"
            ),
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")) | models.Q(closes=time(0)),
                name="portal_workinghours_order",
                violation_error_message="Closing comes after opening.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class Holiday(TenantModel):
    """A day on which nobody at the vendor works, or only until `closes`. What is due moves with it."""

    day = models.DateField()
    name = models.CharField(max_length=80)
    closes = models.TimeField(
        "closes at", null=True, blank=True, help_text="Of a half day. Empty: nobody works that day."
    )

    class Meta:
        ordering = ["day"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="portal_holiday_rows"),
            models.UniqueConstraint(
                fields=["vendor", "day"],
                name="portal_holiday_once",
                violation_error_message="This day is a holiday already.",
            ),
        ]

    def __str__(self) -> str:
        until = f", until {self.closes:%H:%M}" if self.closes else ""
        return f"{self.name}, {self.day:%d %b %Y}{until}"
