# SPDX-License-Identifier: GPL-2.0-or-later
"""The address books.

What is foreign, slow or large happens in a process of its own (`reader`): it reads files and asks
servers, and writes what it finds into one index file (`index`).  The daemon only looks up there,
which takes less than a millisecond, works without a network, and loads none of the libraries.
"""
