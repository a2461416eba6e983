-- SPDX-License-Identifier: GPL-2.0-or-later
-- The desk phone that carried a call, '' for this machine.

ALTER TABLE calls ADD COLUMN through TEXT NOT NULL DEFAULT '';
