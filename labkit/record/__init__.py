"""What became of a submission, as data: verdicts, checks, the person, lateness."""
