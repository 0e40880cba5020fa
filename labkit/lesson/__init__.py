"""What a lesson and a submission are made of: cells, headings, functions, the quiz."""
