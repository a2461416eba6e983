-- SPDX-License-Identifier: GPL-2.0-or-later
-- Times are microseconds of CLOCK_REALTIME, 0 while they have not come.

-- AUTOINCREMENT: an id is the call's name on D-Bus and must not come back after a deletion.
CREATE TABLE calls (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account     TEXT NOT NULL,
    direction   TEXT NOT NULL,
    peer_uri    TEXT NOT NULL,
    peer_user   TEXT NOT NULL,             -- user part of a SIP URI, number of a tel URI
    peer_name   TEXT NOT NULL,
    started_us  INTEGER NOT NULL,
    answered_us INTEGER NOT NULL DEFAULT 0,
    ended_us    INTEGER NOT NULL DEFAULT 0,
    end_reason  TEXT NOT NULL DEFAULT '',
    end_code    INTEGER NOT NULL DEFAULT 0,
    end_text    TEXT NOT NULL DEFAULT '',
    recording   TEXT NOT NULL DEFAULT '',
    missed      INTEGER NOT NULL DEFAULT 0,
    search      TEXT NOT NULL              -- name and URI, case-folded by Python: LIKE only
);                                         -- knows ASCII

CREATE INDEX calls_missed ON calls (id) WHERE missed;
CREATE INDEX calls_open ON calls (id) WHERE ended_us = 0;
CREATE INDEX calls_peer ON calls (peer_user, id);

CREATE TABLE marks (
    revision INTEGER NOT NULL,             -- grows with every change
    seen     INTEGER NOT NULL              -- missed calls up to this id were shown
);
INSERT INTO marks VALUES (0, 0);
