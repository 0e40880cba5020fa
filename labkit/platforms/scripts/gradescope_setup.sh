#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: Python 3.11 or newer, and labkit in an environment.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${LABKIT_ROOT:-$(dirname "$here")}

find_python() {
    for candidate in ${LABKIT_PYTHON:-} python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then # Ubuntu 22.04 comes with 3.10
    apt-get update -qq
    for version in 3.12 3.11; do
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "python$version" "python$version-venv" && break
    done
    python=$(find_python)
fi

"$python" -m venv "$root/venv"
cd "$here"
"$root/venv/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check -r requirements.txt

# The solution and the salt are for root alone; student code runs as another user.
chmod -R go= "$here"
