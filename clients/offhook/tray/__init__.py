# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone on the desktop: an icon in the panel, notifications, and a window.

An optional extra, `offhook[tray]`, of PySide6-Essentials: Qt alone has a StatusNotifierItem, an
accessible widget set and Wayland in one well-kept package without a compiler (GTK 4 dropped tray
icons altogether), and its stubs let mypy check us.  Nothing outside this package imports it.

`status`, `menu`, `notices` and their like are pure: from the phone as the client library shows it
to what a person sees.  The others draw that with Qt, or carry it over D-Bus.
"""
