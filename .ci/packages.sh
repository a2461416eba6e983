# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by .ci/setup: finds out which system packages are missing and installs them with apt.
#
# A package is looked for by what it provides, not by its name, so that a machine that has the
# thing from elsewhere is left alone and a machine without apt learns what it lacks.

# set | package | what it provides | what for
PACKAGES='
run  | dbus-daemon               | program:dbus-daemon         | a session bus of its own where there is none
run  | libpulse0                 | library:libpulse.so.0       | call audio
run  | pulseaudio                | sound                       | a sound server, as none is running
test | kamailio                  | program:kamailio            | a registrar and proxy
test | kamailio-tls-modules      | kamailio:tls.so             | the registrar over TLS
test | kamailio-presence-modules | kamailio:presence.so        | a presence server
test | baresip                   | program:baresip             | a foreign phone
test | sip-tester                | program:sipp                | scripted SIP peers
test | pulseaudio                | program:pulseaudio          | a sound server for the tests
test | pulseaudio-utils          | program:pactl               | looking into the sound server
test | pipewire                  | program:pipewire            | the other sound server for the tests
test | pipewire-pulse            | program:pipewire-pulse      | its PulseAudio side
test | wireplumber               | program:wireplumber         | its session manager
test | coturn                    | program:turnserver          | a STUN and TURN server
test | libumockdev0              | library:libumockdev.so.0    | USB phones without hardware
test | iproute2                  | program:ip                  | a network namespace for baresip
test | openssl                   | program:openssl             | a certificate authority for the tests
test | python3-gi                | python:gi                   | a D-Bus client that is not ours
test | gir1.2-glib-2.0           | typelib:Gio-2.0             | what that client speaks through
test | slapd                     | program:slapd               | an LDAP server
test | gnome-keyring             | program:gnome-keyring-daemon | a keyring
test | libsecret-tools           | program:secret-tool         | putting a password into it
test | zsh                       | program:zsh                 | the completion of another shell
test | fish                      | program:fish                | the completion of a third
test | xvfb                      | program:Xvfb                | a screen for the tray
test | xfce4-panel               | program:xfce4-panel         | a panel that shows its icon
test | dunst                     | program:dunst               | a notification service
test | openbox                   | program:openbox             | a window manager
test | xdotool                   | program:xdotool             | a hand on mouse and keyboard
test | sway                      | program:sway                | a Wayland desktop
test | waybar                    | program:waybar              | a panel on it
test | mako-notifier             | program:mako                | notifications on it
test | x11-utils                 | program:xmessage            | a window of another program
test | libxcb-cursor0            | library:libxcb-cursor.so.0  | Qt on X11
test | libegl1                   | library:libEGL.so.1         | Qt
test | systemd                   | program:busctl              | busctl and the check of the unit
vm   | qemu-system-x86           | program:qemu-system-x86_64  | an emulated machine for the tests
vm   | mmdebstrap                | program:mmdebstrap          | a Debian to run in it
vm   | e2fsprogs                 | program:mke2fs              | its disk
'

# Units that would start by themselves once installed.  The tests start their own servers, and
# two sound servers in one session, or a SIP server open to the network, are nobody's wish.
SYSTEM_UNITS='kamailio.service slapd.service coturn.service'
USER_UNITS='pulseaudio.service pulseaudio.socket pipewire.service pipewire.socket
            pipewire-pulse.service pipewire-pulse.socket wireplumber.service waybar.service'

say() { printf 'offhook: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

is_present() {
    local name=${1#*:}
    case $1 in
        program:*) PATH="$PATH:/usr/sbin:/sbin" type -P "$name" >/dev/null ;;
        library:*) [[ $(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p) == *[[:space:]]"$name "* ]] ;;
        kamailio:*) compgen -G "/usr/lib*/kamailio/modules/$name" >/dev/null ||
            compgen -G "/usr/lib/*/kamailio/modules/$name" >/dev/null ;;
        python:*) [ -d "/usr/lib/python3/dist-packages/$name" ] ||
            /usr/bin/python3 -c "import $name" 2>/dev/null ;;
        typelib:*) compgen -G "/usr/lib*/girepository-1.0/$name.typelib" >/dev/null ||
            compgen -G "/usr/lib/*/girepository-1.0/$name.typelib" >/dev/null ;;
        sound) [ -n "${PULSE_SERVER:-}" ] || [ -S "${XDG_RUNTIME_DIR:-/run/user/$UID}/pulse/native" ] ||
            is_present program:pulseaudio ;;
    esac
}

# Debian's pipewire-alsa and pulseaudio exclude each other: never take a desktop's sound away.
is_excluded() {
    [ "$1" = pulseaudio ] && dpkg -s pipewire-alsa >/dev/null 2>&1
}

# require_packages SET...: installs what these sets lack, or says how and ends the script.
require_packages() {
    local set package provides reason missing=() reasons=() excluded=()
    while IFS='|' read -r set package provides reason; do
        read -r set package provides <<<"$set $package $provides"
        [[ " $* " == *" $set "* ]] && ! is_present "$provides" || continue
        if is_excluded "$package"; then
            excluded+=("$package")
        elif [[ " ${missing[*]} " != *" $package "* ]]; then
            missing+=("$package")
            reasons+=("$package (${reason# })")
        fi
    done < <(grep '|' <<<"$PACKAGES")
    if [ ${#excluded[@]} -gt 0 ]; then
        say "${excluded[0]} is not installed, because it would remove this desktop's pipewire-alsa"
    fi
    if [ ${#missing[@]} -gt 0 ]; then
        printf -v reason '%s, ' "${reasons[@]}"
        apt_install "${reason%, }" "${missing[@]}"
    fi
}

# as_root COMMAND...: runs it; fails where neither root nor sudo is to be had.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif type -P sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo "$@"
    else
        return 126
    fi
}

apt_update_once() {
    [ -z "${APT_UPDATED:-}" ] || return 0
    APT_UPDATED=yes
    as_root apt-get update -qq >&2 || say "the package lists could not be brought up to date"
}

# apt_install REASON PACKAGE...: one line saying what and why, then apt, heard only if it fails.
apt_install() {
    local reason=$1 log status=0
    shift
    type -P apt-get >/dev/null ||
        fail "missing on this machine: $reason. Install what provides it and run this again."
    as_root true || fail "missing here, and no permission to install: $reason. Run this, then" \
        "try again: sudo apt-get update && sudo apt-get install --no-install-recommends $*"
    say "installing with apt: $reason"
    apt_update_once
    keep_services_off mask "$@"
    log=$(mktemp)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes -o Dpkg::Use-Pty=0 \
        --no-install-recommends --no-remove "$@" >"$log" 2>&1 || status=$?
    keep_services_off unmask "$@"
    [ $status = 0 ] || cat "$log" >&2
    rm "$log"
    [ $status = 0 ] || fail "apt could not install $*; its messages are above."
}

# keep_services_off mask|unmask PACKAGE...: no service starts because of us, now or at next boot.
keep_services_off() {
    local step=$1 unit
    shift
    type -P systemctl >/dev/null || return 0
    for unit in $SYSTEM_UNITS $USER_UNITS; do
        [[ " $* " == *" ${unit%.*} "* ]] || continue
        case $step:" $SYSTEM_UNITS " in
            mask:*" $unit "*) as_root systemctl --quiet --runtime mask "$unit" ;;
            unmask:*" $unit "*)
                as_root systemctl --quiet disable "$unit"
                as_root systemctl --quiet --runtime unmask "$unit" ;;
            unmask:*) as_root systemctl --quiet --global disable "$unit" ;;
        esac
    done >/dev/null 2>&1 || true  # no systemd runs in a container, and nothing starts there
}
