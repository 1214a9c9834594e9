"""The e-mails of shared credit: each side is told only what its own row says."""

from portal.notifications.email_declarations import Email, declare_emails

declare_emails(
    credit_agreed=Email(
        subject="Shared: {{ share }} of {{ customer }} is credited to {{ named }}",
        heading="{{ share }} of {{ customer }} is credited to {{ named }}",
        preview="The deal stays yours",
        text=(
            (
                "From now on {{ share }} of {{ customer }} ({{ reference }}) is credited to "
                "{{ named }}. The deal stays yours; {{ named }} sees its name, its own part and how "
                "it stands."
            ),
        ),
        action="Open {{ reference }}",
    ),
    credit_declined=Email(
        subject="Not shared: {{ customer }} with {{ named }}",
        heading="{{ customer }} is not shared",
        preview="{{ reason }}",
        text=(
            (
                "Sharing {{ customer }} ({{ reference }}) with {{ named }} was declined by {{ by }}. "
                "The reason:"
            ),
        ),
        quote="{{ reason }}",
        action="Open {{ reference }}",
    ),
    credit_ended=Email(
        subject="Sharing ended: {{ customer }} is credited to you alone",
        heading="{{ customer }} is credited to you alone",
        preview="{{ reason }}",
        text=(
            (
                "{{ by }} has ended the sharing of {{ customer }} ({{ reference }}) with "
                "{{ named }}. From now on all of it is credited to you. The reason:"
            ),
        ),
        quote="{{ reason }}",
        action="Open {{ reference }}",
    ),
    share_agreed=Email(
        subject="{{ share }} of {{ customer }} is credited to you, with {{ lead }}",
        heading="{{ share }} of {{ customer }} is credited to you",
        preview="A deal of {{ lead }}",
        text=(
            (
                "From now on {{ share }} of the deal of {{ lead }} with {{ customer }} is credited "
                "to you. You see your part of it, and how it stands."
            ),
        ),
        action="Open your shared deals",
    ),
    share_ended=Email(
        subject="Your share of {{ customer }} has ended",
        preview="A deal of {{ lead }}",
        text=(
            (
                "The deal of {{ lead }} with {{ customer }} is no longer shared with you. What it "
                "counted before today stays as it was."
            ),
        ),
        action="Open your shared deals",
    ),
    share_offered=Email(
        subject="{{ lead }} would share a deal with you: {{ customer }}, {{ share }}",
        heading="{{ lead }} would share {{ customer }} with you",
        preview="{{ share }} would be credited to you",
        text=("{{ share }} of the deal would be credited to you. Nothing changes before you accept.",),
        action="Answer",
    ),
)
