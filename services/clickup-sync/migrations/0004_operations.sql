-- Failures that a person has to look at, pauses, and who did what about them.
--
-- A dead letter is a link with dead_at, and no row of another table: a link has at most one, the statement that ends a try
-- writes it together with the rest, and to try again is to make the link due.
ALTER TABLE sync.links
    -- when the present run of failures of one kind began
    ADD COLUMN failing_since timestamptz,
    -- when it was given up; a new reason to look, or a replay, begins again
    ADD COLUMN dead_at       timestamptz,
    -- the list of the task; NULL = the one of the settings
    ADD COLUMN IF NOT EXISTS list_id text;
CREATE INDEX links_troubled ON sync.links (submission_id) WHERE error_class IS NOT NULL;

-- What is kept from being worked on. What comes up meanwhile waits in its row.
CREATE TABLE sync.pauses (
    scope          text NOT NULL CONSTRAINT pauses_scope_known CHECK (scope IN ('all', 'list', 'record')),
    -- id of the list or the submission; empty for all
    key            text NOT NULL,
    at             timestamptz NOT NULL,
    actor          text NOT NULL,
    reason         text NOT NULL,
    correlation_id text NOT NULL,
    PRIMARY KEY (scope, key)
);

-- What people did to the synchronisation: pauses, replays, set-up. Kept.
CREATE TABLE sync.operations (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL,
    actor          text NOT NULL,
    action         text NOT NULL,
    -- what it was done to, without personal data and secrets
    target         text NOT NULL,
    -- how many records it touched
    records        bigint NOT NULL,
    reason         text NOT NULL,
    correlation_id text NOT NULL
);
