-- What the sync worker must not forget. Nothing here is personal data: texts are kept as digests only.

-- One row per submission. It is the queue as well: a row with due_at wants work, and whoever claims it moves due_at to the
-- end of its lease, so a worker that dies gives the row back by the passing of time.
CREATE TABLE sync.links (
    submission_id    bigint PRIMARY KEY,
    task_id          text CONSTRAINT links_task_unique UNIQUE,
    task_url         text,
    progress         text NOT NULL DEFAULT 'unborn'
        CONSTRAINT links_progress_known CHECK (progress IN ('unborn', 'uncertain', 'linked', 'task_gone', 'unlinked')),
    -- travels in the task; written before the first call that may make the task
    marker           text,
    -- when the last call that may have made the task ended, and when the last search without result began
    asked_at         timestamptz,
    searched_at      timestamptz,
    -- what both sides last agreed on
    base             jsonb NOT NULL DEFAULT '{}',
    -- newest date_updated that an answer showed, epoch milliseconds
    seen_ms          bigint,
    -- when we last looked at the task or wrote to it, by our clock
    touched_at       timestamptz,
    -- something says that the task changed
    stale            boolean NOT NULL DEFAULT false,

    -- grows with every reason to look; done_gen is the last one that was served
    wanted_gen       bigint NOT NULL DEFAULT 1,
    done_gen         bigint NOT NULL DEFAULT 0,
    -- when the oldest reason that is not served came up
    wanted_at        timestamptz NOT NULL,
    due_at           timestamptz,
    lane             smallint NOT NULL,
    lease_owner      uuid,
    lease_until      timestamptz,
    attempts         integer NOT NULL DEFAULT 0,
    error_class      text,
    error_text       text,
    -- fields that ClickUp has no place for
    blocked          text[] NOT NULL DEFAULT '{}',

    state            text NOT NULL DEFAULT 'pending'
        CONSTRAINT links_state_known CHECK (state IN ('pending', 'synced', 'failed')),
    synced_at        timestamptz,
    -- what the system of record was told last
    reported_state   text,
    reported_version bigint,

    correlation_id   text,
    traceparent      text,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.2);

-- The workers' queue: rows at rest are not in it.
CREATE INDEX links_due ON sync.links (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX links_failed ON sync.links (submission_id) WHERE state = 'failed';
-- Links whose task may exist without our knowing its id.
CREATE INDEX links_uncertain ON sync.links (asked_at) WHERE progress = 'uncertain';

-- Webhooks that tell something which is not known yet, until a worker has looked. Also those for tasks that are not
-- ours or not yet known as ours; they are pruned after a while.
CREATE TABLE sync.hints (
    delivery_id uuid PRIMARY KEY,
    task_id     text NOT NULL,
    -- history items, reduced to what decides
    history     jsonb NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX hints_task ON sync.hints (task_id);
CREATE INDEX hints_received ON sync.hints (received_at);

-- The rate budget, shared by all workers with one token. Named by a digest of the token.
CREATE TABLE sync.rate_budget (
    token_key   text PRIMARY KEY,
    call_limit  integer NOT NULL,
    used        integer NOT NULL,
    granted     integer NOT NULL,
    answered    integer NOT NULL,
    ends_at     timestamptz NOT NULL,
    mark        bigint NOT NULL,
    last_mark   bigint NOT NULL,
    known       boolean NOT NULL,
    updated_at  timestamptz NOT NULL
) WITH (fillfactor = 20);

-- Our webhooks at ClickUp.
CREATE TABLE sync.webhooks (
    name            text PRIMARY KEY,
    webhook_id      text,
    endpoint        text NOT NULL,
    secret          text,
    -- still good for deliveries that were signed before the last change
    previous_secret text,
    health          text NOT NULL,
    fail_count      bigint NOT NULL DEFAULT 0,
    checked_at      timestamptz NOT NULL
);

-- Periodic work of which there must be one: sweep, webhook, repair, pruning. One worker holds each for a while.
CREATE TABLE sync.chores (
    name         text PRIMARY KEY,
    lease_owner  uuid,
    lease_until  timestamptz,
    last_run_at  timestamptz,
    -- where to go on; its meaning is the chore's own (sweep: date_updated in epoch milliseconds)
    position     bigint NOT NULL DEFAULT 0
);

-- The last calls to ClickUp, for people who ask what happened.
CREATE TABLE sync.api_calls (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL,
    route          text NOT NULL,
    submission_id  bigint,
    outcome        text NOT NULL,
    status         integer,
    millis         integer NOT NULL,
    remaining      integer,
    correlation_id text
);
CREATE INDEX api_calls_at ON sync.api_calls (at);
