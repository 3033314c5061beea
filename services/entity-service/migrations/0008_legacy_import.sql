-- Rows of the predecessor: what came from where, so that an import can be repeated, resumed and caught up with.

-- Every run of an import, for people and for the next run.
CREATE TABLE entity.legacy_imports (
    id          uuid PRIMARY KEY,
    -- server and database that were read, without credentials
    source      text NOT NULL,
    sync        boolean NOT NULL,
    started_at  timestamptz NOT NULL,
    -- null: under way, or ended before its end
    finished_at timestamptz,
    -- how far it got
    table_name  text,
    last_id     bigint,
    rows_read   bigint NOT NULL DEFAULT 0,
    rows_taken  bigint NOT NULL DEFAULT 0,
    -- counts by table and by rule, once finished
    outcome     jsonb
);
CREATE INDEX legacy_imports_started_at ON entity.legacy_imports (started_at);

-- One row for each row that was taken over. It outlives the row itself: what was deleted or erased here does not come back.
CREATE TABLE entity.legacy_rows (
    table_name text   NOT NULL
        CONSTRAINT legacy_rows_table_known CHECK (table_name IN ('users', 'projects', 'submissions')),
    id         bigint NOT NULL,
    -- SHA-256 of the row as the predecessor had it when it was last taken over
    digest     bytea  NOT NULL CONSTRAINT legacy_rows_digest_whole CHECK (length(digest) = 32),
    -- our row's version after that; while it is still the same, nobody has touched the row here
    version    bigint NOT NULL,
    -- columns that we have no place for, with their values
    extra      jsonb,
    -- values that our column cannot hold, by column: a link to a row that does not exist, a null where ours has none
    kept       jsonb,
    PRIMARY KEY (table_name, id)
);

-- Open applications of the predecessor with an address, also of people whom it never made a user of. It is asked for every
-- application that comes in, so it must never be answered by reading the table, whatever plan looks cheap while that is empty.
CREATE INDEX submissions_legacy_address ON entity.submissions (email_key) WHERE legacy AND deleted_at IS NULL;
CREATE FUNCTION entity.open_legacy_applications(key text) RETURNS integer LANGUAGE plpgsql STABLE
    SET enable_seqscan = off AS $$
BEGIN
    RETURN (SELECT count(*) FROM entity.submissions WHERE email_key = key AND legacy AND deleted_at IS NULL);
END
$$;

-- A project that changed in the predecessor since it was taken over may have gone any way there.
CREATE OR REPLACE FUNCTION entity.check_project_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IS NOT DISTINCT FROM NEW.status THEN
        RETURN NEW;
    END IF;
    IF OLD.legacy AND current_setting('entity.importing', true) = 'on' THEN
        RETURN NEW;
    END IF;
    IF OLD.status IN ('planning', 'active', 'on_hold', 'completed', 'cancelled')
        AND NOT EXISTS (SELECT FROM entity.project_status_edges e
                        WHERE e.from_status = OLD.status AND e.to_status = NEW.status)
    THEN
        RAISE EXCEPTION 'a project does not go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

-- An imported application that is not wanted in ClickUp stays so, whoever changes it, until an import asks for its task.
CREATE FUNCTION entity.stay_out_of_clickup() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('entity.importing', true), '') <> 'on' THEN
        NEW.sync_state := 'off';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stay_out_of_clickup BEFORE UPDATE ON entity.submissions
    FOR EACH ROW WHEN (OLD.sync_state = 'off' AND NEW.sync_state <> 'off') EXECUTE FUNCTION entity.stay_out_of_clickup();
-- those that an import may still ask a task for
CREATE INDEX submissions_off ON entity.submissions (id) WHERE sync_state = 'off';
