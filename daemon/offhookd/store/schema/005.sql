-- SPDX-License-Identifier: GPL-2.0-or-later
-- What the address books called the peer during the call, '' where none knew.

ALTER TABLE calls ADD COLUMN contact_name TEXT NOT NULL DEFAULT '';
