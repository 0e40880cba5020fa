"""`labkit report`: the figures behind a class, and the pages that show them."""
