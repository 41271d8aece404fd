#!/bin/sh
# Installs continuity from this folder alone, without any network, and goes on with the kit's book.
#   sh start.sh [FOLDER] [options of continuity init, such as --signed-by KEY]
# FOLDER is where program and home folder go; without one, continuity in your own folder.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
target="$HOME/continuity"
case "${1:-}" in
  "" | -*) ;;
  *) target=$1; shift ;;
esac

python=""
for one in python@PYTHON@ python3 python; do
  if command -v "$one" >/dev/null 2>&1 &&
    "$one" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "@PYTHON@")'; then
    python=$one
    break
  fi
done
if [ -z "$python" ]; then
  echo "This kit needs Python @PYTHON@, which is not installed here." >&2
  exit 2
fi

kit=""
for one in "$here/.." "$here"/*.sealed "$here"/../*.sealed; do
  if [ -f "$one/manifest.json" ] || { [ -f "$one" ] && [ "${one%.sealed}" != "$one" ]; }; then
    kit=$one
    break
  fi
done
if [ -z "$kit" ]; then
  echo "Neither an open kit nor a sealed one (.sealed) lies beside the folder program." >&2
  exit 2
fi

if [ ! -f "$target/program/installed" ]; then
  echo "Installing into $target/program ..."
  "$python" -m venv --without-pip "$target/program"
  "$target/program/bin/python" "$(echo "$here"/wheels/pip-*.whl)/pip" install --quiet \
    --disable-pip-version-check --no-compile --no-index --find-links "$here/wheels" --no-deps \
    --require-hashes --requirement "$here/@REQUIREMENTS@"
  # Last: the command stands there long before the rest of a program whose installing was cut short.
  : >"$target/program/installed"
fi
"$target/program/bin/continuity" init --from-kit "$kit" --home "$target/home" \
  --by "${CONTINUITY_ACTOR:-$(id -un)}" "$@"
echo "Next: $target/program/bin/continuity --home $target/home numbers status"
