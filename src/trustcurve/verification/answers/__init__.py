"""What a proof says: verdicts, and witnesses in business words."""
