-- SPDX-License-Identifier: GPL-2.0-or-later
-- Text messages.

CREATE TABLE messages (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    account   TEXT NOT NULL,
    direction TEXT NOT NULL,
    peer_uri  TEXT NOT NULL,
    peer_user TEXT NOT NULL,               -- as in calls
    peer_name TEXT NOT NULL,
    text      TEXT NOT NULL,
    at_us     INTEGER NOT NULL,
    status    TEXT NOT NULL,
    reason    TEXT NOT NULL DEFAULT '',    -- why it failed
    unread    INTEGER NOT NULL,
    sip_id    TEXT NOT NULL,               -- the same in every copy; '' of those sent here
    search    TEXT NOT NULL                -- text, name and URI, case-folded by Python
);

CREATE INDEX messages_unread ON messages (id) WHERE unread;
CREATE INDEX messages_peer ON messages (peer_user, id);
CREATE UNIQUE INDEX messages_once ON messages (account, peer_uri, sip_id) WHERE sip_id != '';
