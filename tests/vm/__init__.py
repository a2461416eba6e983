# SPDX-License-Identifier: GPL-2.0-or-later
"""The installed phone in a virtual machine: its own kernel, systemd, udev, logind and PipeWire.

`make test-vm` makes what is missing, and runs the tests.  QEMU emulates the processor (no KVM), so
that it runs the same everywhere; everything takes ten times as long, and so most of this is about
doing nothing twice.

    debian.py     the disk: a small Debian, made by mmdebstrap
    initrd.py     what the kernel starts from; it puts guest/ on top of the disk
    machine.py    QEMU: start, save, resume
    stages.py     the guest saved at four moments: booted, installed, serving, plugged
    install.py    from booted to installed: `make install`, as a user does it
    programs.py   from installed to serving: the programs as they are now
    delivery.py   files from this checkout into the guest
    cache.py      where the moments are kept, by the content of all that they are made of

A test begins at one of the last two moments, with a guest of its own, in a second.  A changed
program costs the last two again, a changed udev rule or unit the last three.

    channel.py    commands, files and USB ports of the guest, as tests see them
    telephone.py  the phone on D-Bus, its service, the streams of the sound server
    phones.py     the USB sets
    caller.py     a foreign party (SIPp)

    guest/agent.py  does there what they ask for, over a port of the virtual machine
    guest/bus.py    speaks D-Bus there, and waits for signals: a `busctl` for each look took longer
                    than most of what was waited for
    guest/usb*.py   telephone sets behind the kernel's virtual USB controller (vhci_hcd)

Nothing in a test may depend on how fast the guest is: wait for what must come about, with generous
limits, and compare sound with a level, not with zeros.
"""
