-- SPDX-License-Identifier: GPL-2.0-or-later
-- Who was at the other end at last, '' where that was whom the call was meant for.

ALTER TABLE calls ADD COLUMN connected_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN connected_name TEXT NOT NULL DEFAULT '';
