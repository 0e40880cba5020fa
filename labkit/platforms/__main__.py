"""`python -m labkit.platforms`: the table of platforms for the documentation."""

from labkit.platforms import table

if __name__ == "__main__":
    print(table(), end="")
