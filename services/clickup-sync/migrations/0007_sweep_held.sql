-- Lists that the sweep leaves out while they are paused, and from when on each has to be read afterwards.
CREATE TABLE sync.sweep_held (
    list_id text PRIMARY KEY,
    -- epoch milliseconds, as ClickUp counts
    from_ms bigint NOT NULL
);
