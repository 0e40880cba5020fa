"""The one exception of this folder."""

from os import PathLike

from labkit.errors import LabkitError


class DataError(LabkitError, ValueError):
    """A data file that cannot be used.

    Parameters
    ----------
    path : the file or folder concerned
    problem : what is wrong with it, worded to follow the name ("is empty")
    remedy : what to do about it, a sentence of its own
    """

    def __init__(self, path: str | PathLike[str], problem: str, remedy: str):
        # All three go to `args`, so that the error survives pickling between processes.
        super().__init__(str(path), problem, remedy)

    @property
    def path(self) -> str:
        return self.args[0]

    @property
    def problem(self) -> str:
        return self.args[1]

    @property
    def remedy(self) -> str:
        return self.args[2]

    def __str__(self) -> str:
        # A file name may hold terminal escapes or bytes that no encoding can print.
        name = self.path if self.path.isprintable() else repr(self.path)
        return f"{name} {self.problem}. {self.remedy}"
