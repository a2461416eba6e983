# SPDX-License-Identifier: GPL-2.0-or-later
"""What is different between two configurations, for applying only that."""

from dataclasses import dataclass, fields

from offhookd.config.schema import Config
from offhookd.phone.values import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`sections`: names of the changed ones besides ``accounts``.  `reordered`: the accounts that
    stay come in another order of preference.  False when there is nothing to do.

    A password that changed where the configuration points to (file, command, keyring) is no
    difference; it has to be asked for again.
    """

    added: tuple[AccountId, ...]
    removed: tuple[AccountId, ...]
    changed: tuple[AccountId, ...]
    reordered: bool
    sections: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.reordered or self.sections)


def difference(old: Config, new: Config) -> Difference:
    kept = [name for name in new.accounts if name in old.accounts]
    return Difference(
        added=tuple(name for name in new.accounts if name not in old.accounts),
        removed=tuple(name for name in old.accounts if name not in new.accounts),
        changed=tuple(name for name in kept if new.accounts[name] != old.accounts[name]),
        reordered=kept != [name for name in old.accounts if name in new.accounts],
        sections=frozenset(
            item.name
            for item in fields(Config)
            if item.name != "accounts" and getattr(old, item.name) != getattr(new, item.name)
        ),
    )
