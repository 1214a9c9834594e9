"""Many registrations from one file."""
