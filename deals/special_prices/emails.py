"""The e-mails of special prices."""

from portal.notifications.email_declarations import Email, declare_emails

declare_emails(
    price_ending=Email(
        subject="Special price of {{ customer }} ends {{ last }}",
        heading="The special price for {{ customer }} ends {{ last }}",
        preview="{{ price }} instead of {{ list_price }}",
        text=(
            (
                "Your price for {{ customer }} ({{ reference }}) is {{ price }} instead of "
                "{{ list_price }}. A deal won after {{ last }} is won without it; if you need "
                "longer, ask again."
            ),
        ),
        action="Open {{ reference }}",
    ),
)
