"""Awards as files: the printed certificate, and Open Badges 3.0 that others check without trusting us."""
