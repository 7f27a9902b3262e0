#!/bin/sh
# SPDX-License-Identifier: ISC
#
# All that tunnel.sh asks of coturn's relay, of ours with four workers: TCP through links
# that another worker has made, too.
RELAY=own exec "$(dirname "$0")/tunnel.sh" "$@"
