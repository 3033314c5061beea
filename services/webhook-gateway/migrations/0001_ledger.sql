-- What may sign the bodies that arrive under a name, as clickup-sync told last.
CREATE TABLE webhook.endpoints (
    name       text PRIMARY KEY,
    webhook_id text NOT NULL,
    secrets    text[] NOT NULL,
    told_at    timestamptz NOT NULL
);

-- Every delivery with a valid signature, as it came. Pruned after the retention time.
CREATE TABLE webhook.deliveries (
    id          uuid PRIMARY KEY,
    webhook     text NOT NULL,
    -- tells a repeated delivery from another one; see src/deliveries/sameness.rs
    sameness    text NOT NULL,
    kind        text NOT NULL,
    event       text,
    object_id   text,
    body        bytea NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT deliveries_once UNIQUE (webhook, sameness)
);
CREATE INDEX deliveries_received_at ON webhook.deliveries (received_at);
CREATE INDEX deliveries_object ON webhook.deliveries (object_id, received_at) WHERE object_id IS NOT NULL;

-- Events that wait to be published.
CREATE TABLE webhook.outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id  uuid NOT NULL,
    topic       text NOT NULL,
    payload     bytea NOT NULL,
    traceparent text,
    origin      uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_origin ON webhook.outbox (origin, id);

-- Processes that publish; rows of one that was not seen for a while are taken over.
CREATE TABLE webhook.outbox_relays (
    origin  uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
