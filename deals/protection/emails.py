"""The e-mails of protection."""

from portal.notifications.email_declarations import Email, declare_emails

declare_emails(
    deal_expired=Email(
        subject="Protection of {{ customer }} has ended",
        preview="Anybody may register this customer now.",
        text=(
            (
                "The protection of {{ customer }} ({{ reference }}) ended on {{ until }}. Anybody "
                "may register this customer now, {{ partner }} included."
            ),
        ),
        action="Open {{ reference }}",
    ),
)
