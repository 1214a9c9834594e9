"""Many registrations from one file: checked row by row as the form checks, registered when confirmed."""
