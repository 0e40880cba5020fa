# labkit: lab01_toy

# %% [markdown]
# # Lab 01: a toy
# Two questions with NumPy, small enough for tests of the grader itself.

# %%
import numpy as np

# %% [markdown]
# ## 1.1 Doubling


# %%
def double(x: np.ndarray) -> np.ndarray:
    """Twice x: (n,) float, the same shape and dtype."""
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION


# %% tags=["explore"]
raise SystemExit("exploring cells are never graded")

# %% [markdown]
# ## 1.2 Mean of doubles


# %%
def mean_of_doubles(x: np.ndarray) -> float:
    """The mean of double(x)."""
    # BEGIN SOLUTION
    return float(double(x).mean())
    # END SOLUTION
