# SPDX-License-Identifier: GPL-2.0-or-later
"""Least privilege for the engine: what strangers send is parsed here, so little may be reached.

Nothing here needs privileges, and nothing is needed for calls to work: on a kernel without one of
the walls the others stand, and the caller says which do.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

NO_NEW_PRIVILEGES = "no-new-privileges"
NO_CORE_DUMPS = "no-core-dumps"
LIMITS = "limits"
LANDLOCK = "landlock"

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

_ADDRESS_SPACE_BYTES = 2 << 30
"""Six times what the engine maps in a call with shared-memory sound."""

_OPEN_FILES = 256
"""A call holds four; the SIP stack's poll takes 64 and no descriptor above 1023."""

_LANDLOCK_CREATE = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_RULE_PATH_BENEATH = 1
_GET_VERSION = 1

_EXECUTE = 1 << 0
_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_REMOVE_FILE = 1 << 5
_MAKE_DIRECTORY = 1 << 7
_MAKE_REGULAR = 1 << 8
_TRUNCATE = 1 << 14

_RIGHTS_OF_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All file rights known to each version of Landlock (linux/landlock.h)."""

_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_READ = _READ_FILE | _READ_DIR
_LIST = _READ_DIR
_WRITE = _READ | _WRITE_FILE | _TRUNCATE | _MAKE_REGULAR | _REMOVE_FILE

_SCOPE_SIGNAL = 1 << 1
_SCOPES_SINCE_VERSION = 6

_SYSTEM_READ = ("/usr", "/lib", "/lib64", "/etc", "/nix/store", "/gnu/store", "/opt")
_KERNEL_READ = ("/proc/self", "/sys/devices/system/cpu", "/dev/urandom", "/dev/random")
_KERNEL_LIST = ("/proc",)
"""For the list of our own descriptors.  Not /proc/self/fd: a rule is bound to an inode, and the
kernel makes new ones for a process when it has dropped its caches."""
_SYSTEM_WRITE = ("/dev/null", "/dev/shm")  # noqa: S108 - the sound server's shared memory is there
_SOUND_CONFIG = ("pulse", "pipewire")
"""Below the configuration directory: cookie and settings of the sound server's client."""

_libc = ctypes.CDLL(None, use_errno=True)


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def apply(readable: Collection[str] = (), writable: Collection[str] = ()) -> tuple[str, ...]:
    """Shut this process in, for good; before any other thread is started.

    Files stay readable where programs and settings are and below `readable` (the CA file, say),
    writable below `writable` (recordings); nothing can be executed, no other process signalled.
    Sockets, those in the file system too, can still be connected to.  Returns what is in force.
    """
    walls = (
        (NO_NEW_PRIVILEGES, _refuse_privileges),
        (NO_CORE_DUMPS, _refuse_core_dumps),
        (LIMITS, _limit),
        (LANDLOCK, lambda: _restrict_files(readable, writable)),
    )
    return tuple(name for name, build in walls if build())


def _refuse_privileges() -> bool:
    return bool(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def _refuse_core_dumps() -> bool:
    """Passwords are in this memory: no core file, and no debugger of the same user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return bool(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)


def _limit() -> bool:
    """Lower, never raise: a limit that the user has set tighter stays."""
    for kind, wanted in (
        (resource.RLIMIT_AS, _ADDRESS_SPACE_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        _soft, hard = resource.getrlimit(kind)
        limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(kind, (limit, limit))
    return True


# ---------------------------------------------------------------- Landlock


def _restrict_files(readable: Iterable[str], writable: Iterable[str]) -> bool:
    version = _libc.syscall(_LANDLOCK_CREATE, None, 0, _GET_VERSION)
    if version < 1:
        return False
    rights = _RIGHTS_OF_VERSION[max(known for known in _RIGHTS_OF_VERSION if known <= version)]
    scopes = _SCOPE_SIGNAL if version >= _SCOPES_SINCE_VERSION else 0
    attributes = _RulesetAttributes(rights, 0, scopes)
    size = ctypes.sizeof(attributes) if scopes else 8  # older kernels know the first field only
    ruleset = _libc.syscall(_LANDLOCK_CREATE, ctypes.byref(attributes), size, 0)
    if ruleset < 0:
        return False
    try:
        for path in (*_program_paths(), *_sound_paths(), *readable):
            _allow(ruleset, path, _READ & rights)
        for path in (*_SYSTEM_WRITE, *writable):
            _allow(ruleset, path, _WRITE & rights)
        for path in _KERNEL_LIST:
            _allow(ruleset, path, _LIST)
        for path in _runtime_paths():
            _allow(ruleset, path, _LIST | _MAKE_DIRECTORY)
        return bool(_libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Grant `rights` on `path` and all below; a path that is not there needs none."""
    with suppress(OSError):
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not Path(path).is_dir():
                rights &= _FILE_RIGHTS
            rule = _PathBeneath(rights, fd)
            _libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(fd)


def _program_paths() -> Iterator[str]:
    """Where code may still be loaded from, and what the C library asks the kernel."""
    yield from _SYSTEM_READ
    yield from _KERNEL_READ
    yield from (sys.prefix, sys.base_prefix)
    yield str(Path(__file__).parents[2])
    yield from (path for path in sys.path if path)


def _sound_paths() -> Iterator[str]:
    home = os.environ.get("HOME", "")
    config = os.environ.get("XDG_CONFIG_HOME", "") or (f"{home}/.config" if home else "")
    if config:
        yield from (f"{config}/{name}" for name in _SOUND_CONFIG)
    if home:
        yield from (f"{home}/.pulse", f"{home}/.pulse-cookie")  # PulseAudio's old places
    cookie = os.environ.get("PULSE_COOKIE", "")
    if cookie:
        yield cookie


def _runtime_paths() -> Iterator[str]:
    """Where the sound server's socket is: its client opens the directory, or makes it, before it
    connects."""
    for name in ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH"):
        if path := os.environ.get(name, ""):
            yield path
