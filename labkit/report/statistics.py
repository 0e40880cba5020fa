"""Item statistics of a class: pure functions from numbers to numbers, each with its interval and its rule of silence.

Data are arrays of shares: a row for each student (a group is one), a column for each check or question, from 0 to 1;
NaN where nothing is known, which never becomes 0 by itself. What cannot be said is None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special  # scipy.stats takes most of a second to import

LEAST = 10  # students, below which correlations and reliability are not given
SURE = 30  # students, below which they are shown in grey and raise no flag
LEVEL = 0.95
Z = float(special.ndtri((1 + LEVEL) / 2))


@dataclass(frozen=True)
class Estimate:
    """A number with its interval, how many students it rests on, and the name of its formula."""

    value: float
    low: float | None
    high: float | None
    n: int
    formula: str


def difficulty(shares: np.ndarray) -> Estimate | None:
    """The mean share of the points, p: Wilson's interval where every share is 0 or 1, else the normal one.

    shares : (n,) from 0 to 1; NaN is left out
    returns : None where nobody is left
    source : E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927
    """
    known = shares[~np.isnan(shares)]
    n = len(known)
    if n == 0:
        return None
    p = float(known.mean())
    if np.isin(known, (0, 1)).all():
        middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        # exact ends where all or none succeeded, which rounding would miss
        low, high = (0.0 if p == 0 else middle - half), (1.0 if p == 1 else middle + half)
        return Estimate(p, low, high, n, "mean share, Wilson interval")
    if n == 1:
        return Estimate(p, None, None, n, "mean share")
    half = Z * float(known.std(ddof=1)) / math.sqrt(n)
    return Estimate(p, max(0.0, p - half), min(1.0, p + half), n, "mean share, normal interval")


def discrimination(shares: np.ndarray, rest: np.ndarray) -> Estimate | None:
    """Pearson's r of a check's share with the points of the *other* questions, with Fisher's z interval.

    shares, rest : (n,); a student with NaN in either is left out
    returns : None below LEAST students, and where one of the two does not vary
    source : R. A. Fisher, "On the probable error of a coefficient of correlation", 1921
    """
    both = ~(np.isnan(shares) | np.isnan(rest))
    x, y = shares[both], rest[both]
    n = len(x)
    if n < LEAST or not _varies(x) or not _varies(y):
        return None
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    if abs(r) == 1:
        return Estimate(r, r, r, n, "Pearson's r with the other questions")
    half = Z / math.sqrt(n - 3)
    low, high = math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
    return Estimate(r, low, high, n, "Pearson's r with the other questions, Fisher z interval")


def upper_lower(shares: np.ndarray, totals: np.ndarray, part: float = 0.27) -> float | None:
    """D27: the mean share of the best 27 % minus that of the weakest 27 %, by total; ties by position.

    source : T. L. Kelley, "The selection of upper and lower groups for the validation of test items", 1939
    """
    both = ~(np.isnan(shares) | np.isnan(totals))
    x, order = shares[both], np.argsort(totals[both], kind="stable")
    size = round(part * len(x))
    if len(x) < LEAST or size == 0:
        return None
    return float(x[order[-size:]].mean() - x[order[:size]].mean())


def quintiles(shares: np.ndarray, totals: np.ndarray) -> list[float] | None:
    """The mean share in each fifth of the class, the weakest first; ties by position. None below LEAST students."""
    both = ~(np.isnan(shares) | np.isnan(totals))
    x, order = shares[both], np.argsort(totals[both], kind="stable")
    if len(x) < LEAST:
        return None
    return [float(x[fifth].mean()) for fifth in np.array_split(order, 5)]


@dataclass(frozen=True)
class Reliability:
    """Cronbach's alpha over questions with Feldt's interval, the standard error of measurement in points, and alpha
    without each question.
    """

    alpha: Estimate
    sem: float
    without: tuple[float | None, ...]


def reliability(points: np.ndarray) -> Reliability | None:
    """How far the questions of a lab measure one thing.

    points : (n, k), students by questions; students with NaN are left out
    returns : None below 3 questions or LEAST students, and where the totals do not vary
    source : L. J. Cronbach, "Coefficient alpha and the internal structure of tests", 1951;
        L. S. Feldt, "The approximate sampling distribution of Kuder-Richardson reliability coefficient twenty", 1965
    """
    known = points[~np.isnan(points).any(axis=1)]
    n, k = known.shape
    if n < LEAST or k < 3 or not _varies(known.sum(axis=1)):
        return None
    alpha = _alpha(known)
    if alpha is None:
        return None
    tail = (1 - LEVEL) / 2
    free, between = n - 1, (n - 1) * (k - 1)
    low = 1 - (1 - alpha) * float(special.fdtri(free, between, 1 - tail))
    high = 1 - (1 - alpha) * float(special.fdtri(free, between, tail))
    sem = float(known.sum(axis=1).std(ddof=1)) * math.sqrt(max(0.0, 1 - alpha))
    without = tuple(_alpha(np.delete(known, column, axis=1)) for column in range(k))
    return Reliability(Estimate(alpha, low, high, n, "Cronbach's alpha, Feldt interval"), sem, without)


def _alpha(points: np.ndarray) -> float | None:
    k = points.shape[1]
    total = float(points.sum(axis=1).var(ddof=1))
    if k < 2 or total == 0:
        return None
    return float(k / (k - 1) * (1 - points.var(axis=0, ddof=1).sum() / total))


def follows(with_both: int, with_only: int, without_both: int, without_only: int) -> float:
    """Fisher's exact test, one-sided: whether those with a mistake fail another check more often than those without.

    with_both, with_only : students with the mistake who fail the other check, and who do not
    without_both, without_only : the same of those without it
    returns : the p value
    """
    with_it, without_it, fails = with_both + with_only, without_both + without_only, with_both + without_both
    both = np.arange(with_both, min(with_it, fails) + 1)
    ways = (
        _log_ways(with_it, both)
        + _log_ways(without_it, fails - both)
        - _log_ways(with_it + without_it, fails)
    )
    return min(float(np.exp(ways).sum()), 1.0)


def _log_ways(n: int, k: np.ndarray | int) -> np.ndarray:
    """The logarithm of the number of ways to choose k of n."""
    return special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - np.asarray(k) + 1)


def _varies(values: np.ndarray) -> bool:
    """Whether the values differ by more than rounding."""
    return float(np.ptp(values)) > 1e-9 * max(1.0, float(np.abs(values).max()))
