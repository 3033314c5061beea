-- Submissions by the day on which they came in and the status that they have now.
CREATE TABLE analytics.submissions_daily (
    day    date   NOT NULL,
    status text   NOT NULL,
    count  bigint NOT NULL,
    PRIMARY KEY (day, status)
);

-- How far the event log is counted in; the only row of its table. Moving it and changing the counts is one statement,
-- and only succeeds from the position that was read: so several processes may count at once.
CREATE TABLE analytics.position (
    single      boolean PRIMARY KEY DEFAULT true CHECK (single),
    transaction bigint NOT NULL,
    sequence    bigint NOT NULL,
    -- highest sequence number counted in; positions are ordered by transaction first
    newest      bigint NOT NULL,
    events      bigint NOT NULL
);
INSERT INTO analytics.position (transaction, sequence, newest, events) VALUES (0, 0, 0, 0);
