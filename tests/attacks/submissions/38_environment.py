# 38 | tokens in the environment | 0 | no function called double
import os

print("LEAK" if "SECRET" in repr(dict(os.environ)) else "nothing", sorted(os.environ))
