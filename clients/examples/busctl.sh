#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing but systemd's busctl: dial, wait for the answer, press keys, hang up.
#   busctl.sh NUMBER KEYS
set -eu
NAME=org.offhook.Phone1
ROOT=/org/offhook/Phone1

# ask PATH INTERFACE METHOD [SIGNATURE ARGUMENT...]
ask() { path=$1 interface=$2; shift 2; busctl --user call $NAME "$path" "$NAME.$interface" "$@"; }
state() { busctl --user get-property $NAME "$1" $NAME.Call State | cut -d'"' -f2; }

# busctl prints the type first: o "/org/offhook/Phone1/calls/c12"
call=$(ask $ROOT Telephony Dial 'sa{sv}' "$1" 0 | cut -d'"' -f2)
echo "${call##*/}"
for _ in $(seq 300); do
    case $(state "$call") in
        active) break ;;
        ended) echo "not answered"; exit 1 ;;
    esac
    sleep 0.1
done
ask "$call" Call SendDtmf 'sa{sv}' "$2" 0
ask "$call" Call Hangup
state "$call"
