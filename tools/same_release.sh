#!/bin/sh
# The commit that is checked out in, whether two builds of its release are the same out. Takes some minutes.
# usage: tools/same_release.sh FOLDER [--offline]
set -e
folder=$1
shift
for number in 1 2; do
  ${PYTHON:-python3} "$(dirname "$0")/release.py" "$folder/$number" --wheels "$folder/wheels" "$@" >"$folder/log-$number"
  set -- --offline
done
diff "$folder/1/SHA256SUMS" "$folder/2/SHA256SUMS" && echo "the same"
