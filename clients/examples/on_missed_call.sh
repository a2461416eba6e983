#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Plain shell: runs a command with the caller's address whenever a call was missed.
#   on_missed_call.sh notify-send 'Missed call'
set -eu
offhook watch --json --stay | while read -r line; do
    case $line in
        *'"UnseenMissed": 0'[,}]*) ;;
        *'"UnseenMissed":'*)
            peer=$(offhook history --missed --limit 1 --json |
                sed -n 's/.*"peer-uri": "\([^"]*\)".*/\1/p')
            "$@" "$peer"
            ;;
    esac
done
