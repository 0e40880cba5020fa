"""The author's side: from one master to starter, public checks and recorded answers, and the proof that
the checks tell right from wrong."""
