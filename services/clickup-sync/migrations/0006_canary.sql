-- The canary: where its newest message has come to. One row.
CREATE TABLE sync.canary (
    only_one    boolean PRIMARY KEY DEFAULT true CONSTRAINT canary_only_one CHECK (only_one),
    -- when the newest message was sent that came through the bus
    received    timestamptz,
    -- whether a worker has still to take it
    waiting     boolean NOT NULL DEFAULT false,
    -- when the newest message was sent that a worker has finished, and when it was finished
    passed      timestamptz,
    passed_at   timestamptz,
    -- when ClickUp last answered a canary
    answered_at timestamptz
);
INSERT INTO sync.canary DEFAULT VALUES;
