#!/bin/bash
# The validators of those who wrote the formats, in an environment of their own: `validators.sh DIR` prints the path of its
# python and makes it first if it is not there. Packages come from where the machine's pip has them from.
set -euo pipefail

readonly packages=(
    spdx-tools==0.8.5           # the SPDX project's, for SPDX 2.3
    in-toto-attestation==0.9.3  # the in-toto project's: statements, and SLSA's provenance
)

mkdir -p "$1"
recipe=$(sha256sum "$0")
environment=$1/validators-${recipe:0:12}

exec 9>"$1/validators.lock"
flock --timeout 900 9
if [[ ! -x $environment/bin/pyspdxtools ]]; then
    rm -rf "$1"/validators-*/
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
fi
echo "$environment/bin/python"
