# 61 | leave answers where the next submission finds them, and look for those of the last | 0 | no function called double
import os
import tempfile

places = (tempfile.gettempdir(), os.path.expanduser("~"), "/tmp", "/var/tmp", "/dev/shm", "/run", "@OUT@")
names = [os.path.join(folder, "labkit-attack-cache.py") for folder in places]
for name in names:
    if os.path.exists(name):
        exec(open(name).read())
for name in names:
    try:
        with open(name, "w") as stream:
            stream.write("def double(x):\n    return 2 * x\n")
    except OSError:
        pass
