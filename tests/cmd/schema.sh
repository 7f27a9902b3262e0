#!/bin/sh
# SPDX-License-Identifier: ISC
if ! "${PYTHON:-python3}" -c 'import jsonschema' 2>/dev/null; then
	echo "ok - schemas # SKIP python3-jsonschema is missing"
	exit 0
fi
export PINHOLE="${PINHOLE:-$PWD/build/pinhole}"
exec "${PYTHON:-python3}" -W ignore tests/cmd/schema.py
