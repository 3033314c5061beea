-- Answers of requests that carried an Idempotency-Key, stored in the transaction of their effect: a crash keeps both or
-- neither. Kept for a day (see the task that sweeps them).
CREATE TABLE entity.idempotency_keys (
    -- of caller and key together, so that nobody sees the answers of others
    key_digest  bytea PRIMARY KEY CHECK (length(key_digest) = 32),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    -- the gRPC reply; null only inside the transaction that works on it
    reply       bytea,
    -- the person whose data the reply holds, so that an erasure finds it
    person_id   bigint,
    created_at  timestamptz NOT NULL
);
CREATE INDEX idempotency_keys_created_at ON entity.idempotency_keys (created_at);
