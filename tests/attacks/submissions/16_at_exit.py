# 16 | write the result after the grader has written it | 0 | no function called double
import atexit
import pathlib
import threading
import weakref


def late():
    try:
        pathlib.Path("@OUT@/attack/result.json").write_text('{"score": 100}')
        pathlib.Path("@OUT@/labkit-attack").write_text("late")
    except OSError:
        pass


class Keeper:
    def __del__(self):
        late()


atexit.register(late)
keeper = Keeper()
weakref.finalize(keeper, late)
threading.Timer(0.3, late).start()
