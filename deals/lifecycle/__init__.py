"""What belongs to a registration beside its answers: files, notes, changes after approval, and its limits."""
