"""`labkit watch`: checks a file again on every save, only the questions that the change touches."""

from labkit.watch.watcher import Watcher, watch

__all__ = ["Watcher", "watch"]
