-- Queues of the PostgreSQL message bus: one row for each message and queue.
CREATE TABLE bus.messages (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue        text        NOT NULL,
    message_id   uuid        NOT NULL,
    topic        text        NOT NULL,
    content_type text        NOT NULL,
    payload      bytea       NOT NULL,
    traceparent  text,
    -- deliveries so far
    attempt      integer     NOT NULL DEFAULT 0,
    -- not delivered before: a retry's time, or the end of the lease of the consumer that has it
    due_at       timestamptz NOT NULL DEFAULT now(),
    -- the consumer that has it; none has it once due_at has passed
    lease        uuid,
    -- class of the last failure, never anything from the payload
    cause        text,
    created_at   timestamptz NOT NULL DEFAULT now()
)
-- every row is written about three times and deleted
WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

CREATE INDEX messages_due ON bus.messages (queue, due_at, id);

-- Messages that were given up and wait for a person.
CREATE TABLE bus.dead (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue        text        NOT NULL,
    message_id   uuid        NOT NULL,
    topic        text        NOT NULL,
    content_type text        NOT NULL,
    payload      bytea       NOT NULL,
    traceparent  text,
    attempt      integer     NOT NULL,
    cause        text        NOT NULL,
    created_at   timestamptz NOT NULL,
    died_at      timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX dead_by_queue ON bus.dead (queue, id);
