-- SPDX-License-Identifier: GPL-2.0-or-later
-- Mean opinion score of a call, 0 unknown.

ALTER TABLE calls ADD COLUMN mos REAL NOT NULL DEFAULT 0;
