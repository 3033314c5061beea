-- What goes where in ClickUp, as data. Versions are only ever added, and the highest one is active; to roll back is to add a
-- copy of an earlier one. Without any version everything goes by its name.
CREATE TABLE sync.mapping_versions (
    version        bigint PRIMARY KEY CHECK (version > 0),
    document       jsonb NOT NULL,
    -- of every list and every field a digest of how it was written when the version became active: what differs between two
    -- versions is written anew, and nothing else
    ways           jsonb NOT NULL,
    made_at        timestamptz NOT NULL,
    actor          text NOT NULL,
    reason         text NOT NULL,
    correlation_id text NOT NULL,
    -- rolled back to this one; 0 = everything by its name
    copy_of        bigint
);

-- Where the live lists no longer have what the active mapping names. Renewed by each check.
CREATE TABLE sync.mapping_drift (
    list_id       text NOT NULL,
    field         text NOT NULL,
    -- the code without place; empty when the whole field, or (field "list") the whole list, is gone
    code          text NOT NULL,
    version       bigint NOT NULL,
    problem       text NOT NULL,
    remedy        text NOT NULL,
    -- records that it concerns, and the first of them
    records       bigint NOT NULL,
    sample        bigint[] NOT NULL,
    first_seen_at timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL,
    PRIMARY KEY (list_id, field, code)
);

ALTER TABLE sync.links
    -- the list of the task; NULL = the one of the settings
    ADD COLUMN IF NOT EXISTS list_id text,
    -- by which version both sides last agreed
    ADD COLUMN mapping_version bigint NOT NULL DEFAULT 0;
-- Tasks that a newer version has not come to yet.
CREATE INDEX links_mapping_version ON sync.links (mapping_version) WHERE progress = 'linked';
