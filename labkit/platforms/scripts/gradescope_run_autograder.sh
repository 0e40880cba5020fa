#!/usr/bin/env bash
# Gradescope runs this for each submission, as root. Marks are in results.json after every check; exit status 1
# without that file means that the container is at fault, not the submission.
set -euo pipefail
root=${LABKIT_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
exec "$root/venv/bin/python" -I -m labkit.platforms.container gradescope "$root"
