-- What staff do with people: delete and restore, merge and undo, find duplicates, erase for good.

CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;

-- --- people ----------------------------------------------------------------------------------------------------------
-- Set when the data of the person was erased: such a row is only a number that other rows refer to.
ALTER TABLE entity.users ADD COLUMN erased_at timestamptz;

-- The orders of the list. People without a time of creation stand before all others.
CREATE INDEX users_by_created ON entity.users (coalesce(created_at, '-infinity'), id);
CREATE INDEX users_by_updated ON entity.users (coalesce(updated_at, '-infinity'), id);
CREATE INDEX users_by_name ON entity.users (lower(full_name), id);
-- also finds those who share an address without answering for it
CREATE INDEX users_by_email ON entity.users (email_key, id);

-- --- search and duplicates, filled in the background ------------------------------------------------------------------
-- Trigram indexes are dear to write, and every application makes a person: so nothing of this is written on the way in.
-- Who was made or changed waits here; a supervised task takes them and brings the three tables below up to date.
CREATE TABLE entity.people_pending (
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL
);
-- nearly always empty; a plan that thinks otherwise, or an autovacuum that comes late, would make readers slow
ALTER TABLE entity.people_pending SET (
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 100000000);
-- By triggers, so that nobody who writes people can forget it. One statement for all rows of an INSERT.
CREATE FUNCTION entity.note_new_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.people_pending (user_id) SELECT id FROM fresh;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_new_people AFTER INSERT ON entity.users REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION entity.note_new_people();
CREATE FUNCTION entity.note_changed_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.people_pending (user_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;
-- not when an application is merely counted
CREATE TRIGGER note_changed_person AFTER UPDATE ON entity.users FOR EACH ROW
    WHEN ((OLD.full_name, OLD.email_address, OLD.email_key, OLD.phone_number, OLD.company_name, OLD.merged_into,
           OLD.deleted_at, OLD.erased_at)
          IS DISTINCT FROM
          (NEW.full_name, NEW.email_address, NEW.email_key, NEW.phone_number, NEW.company_name, NEW.merged_into,
           NEW.deleted_at, NEW.erased_at))
    EXECUTE FUNCTION entity.note_changed_person();
INSERT INTO entity.people_pending (user_id) SELECT id FROM entity.users;

CREATE TABLE entity.people_search (
    user_id bigint PRIMARY KEY,
    -- name, address, company, phone and its digits, lower-cased, a line each
    text    text NOT NULL
);
-- without a schema before the operator class: the embedded database keeps the extension in pg_catalog
CREATE INDEX people_search_trigrams ON entity.people_search USING gin (text gin_trgm_ops);

-- What people who may be the same have in common: equal keys make two people candidates.
CREATE TABLE entity.duplicate_keys (
    kind    text   NOT NULL,
    key     text   NOT NULL,
    user_id bigint NOT NULL,
    PRIMARY KEY (kind, key, user_id)
);
CREATE INDEX duplicate_keys_user_id ON entity.duplicate_keys (user_id);

CREATE TABLE entity.duplicate_pairs (
    first_id  bigint NOT NULL,
    second_id bigint NOT NULL,
    score     double precision NOT NULL,
    PRIMARY KEY (first_id, second_id),
    CONSTRAINT duplicate_pairs_ordered CHECK (first_id < second_id)
);
CREATE INDEX duplicate_pairs_best ON entity.duplicate_pairs (score DESC, first_id, second_id);
CREATE INDEX duplicate_pairs_second ON entity.duplicate_pairs (second_id);

-- Pairs that staff know to be two people.
CREATE TABLE entity.dismissed_duplicates (
    first_id  bigint NOT NULL CONSTRAINT dismissed_duplicates_first REFERENCES entity.users (id),
    second_id bigint NOT NULL CONSTRAINT dismissed_duplicates_second REFERENCES entity.users (id),
    at        timestamptz NOT NULL,
    actor     text NOT NULL,
    PRIMARY KEY (first_id, second_id),
    CONSTRAINT dismissed_duplicates_ordered CHECK (first_id < second_id)
);

-- --- deletions -------------------------------------------------------------------------------------------------------
-- What went in one deletion, so that exactly that comes back.
CREATE TABLE entity.person_deletions (
    id             uuid PRIMARY KEY,
    user_id        bigint NOT NULL CONSTRAINT person_deletions_user REFERENCES entity.users (id),
    at             timestamptz NOT NULL,
    -- whether the person answered for the address, and who of those that share it does so since
    held_email     boolean NOT NULL,
    successor_id   bigint,
    submission_ids bigint[] NOT NULL,
    project_ids    bigint[] NOT NULL,
    -- [{"project_id", "role", "added_at"}], roles in projects of others
    roles          jsonb NOT NULL,
    restored_at    timestamptz
);
CREATE INDEX person_deletions_user_id ON entity.person_deletions (user_id);

-- --- merges ----------------------------------------------------------------------------------------------------------
CREATE TABLE entity.merges (
    id           uuid PRIMARY KEY,
    kept_id      bigint NOT NULL CONSTRAINT merges_kept REFERENCES entity.users (id),
    merged_id    bigint NOT NULL CONSTRAINT merges_merged REFERENCES entity.users (id),
    at           timestamptz NOT NULL,
    actor        text NOT NULL,
    -- as in person_deletions
    held_email   boolean NOT NULL,
    successor_id bigint,
    undone_at    timestamptz,
    -- what could not be put back, in words without personal data
    left_behind  text[] NOT NULL DEFAULT '{}',
    CONSTRAINT merges_of_two CHECK (kept_id <> merged_id)
);
CREATE INDEX merges_merged_id ON entity.merges (merged_id);
CREATE INDEX merges_kept_id ON entity.merges (kept_id);
CREATE INDEX users_merged ON entity.users (merged_into) WHERE merged_into IS NOT NULL;
-- one record that a merge touched
CREATE TABLE entity.merge_moves (
    merge_id  uuid   NOT NULL CONSTRAINT merge_moves_merge REFERENCES entity.merges (id) ON DELETE CASCADE,
    -- submission, project: now with the kept person. role: now the kept person's. role_dropped: the merged person had
    -- it, and the kept one has that or more already. kept_role_dropped: the kept person had it and owns the project now.
    kind      text   NOT NULL CONSTRAINT merge_moves_kind_known
        CHECK (kind IN ('submission', 'project', 'role', 'role_dropped', 'kept_role_dropped')),
    -- the submission, or the project
    record_id bigint NOT NULL,
    role      text   NOT NULL DEFAULT '',
    added_at  timestamptz,
    PRIMARY KEY (merge_id, kind, record_id, role)
);

-- --- erasure ---------------------------------------------------------------------------------------------------------
-- Proof that a person's data was erased, without the data.
CREATE TABLE entity.erasures (
    id        uuid PRIMARY KEY,
    person_id bigint NOT NULL,
    at        timestamptz NOT NULL,
    actor     text NOT NULL,
    reason    text,
    -- rows changed, by table
    counts    jsonb NOT NULL,
    -- hex of SHA-256(salt followed by the folded address)
    proof     text NOT NULL,
    salt      text NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON entity.erasures
    FOR EACH ROW EXECUTE FUNCTION entity.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON entity.erasures
    FOR EACH STATEMENT EXECUTE FUNCTION entity.refuse_change();

-- Values of an audit entry with every text blanked but those that say nothing of a person.
CREATE FUNCTION entity.redacted(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'object' THEN (
            SELECT coalesce(jsonb_object_agg(e.key, CASE
                WHEN e.key IN ('status', 'buyer_category', 'financing_plan', 'land_status', 'build_budget',
                               'construction_timeline', 'sync_state', 'assignee', 'role', 'created_at', 'updated_at',
                               'deleted_at', 'archived_at', 'erased_at', 'merge_id', 'erasure_id')
                    OR jsonb_typeof(e.value) IN ('null', 'number', 'boolean')
                THEN e.value ELSE '"[erased]"' END), '{}')
            FROM jsonb_each(value) e)
        WHEN 'string' THEN '"[erased]"'
        WHEN 'array' THEN '"[erased]"'
        ELSE value
    END
$$;
-- The audit log stays append-only but for one thing: an erasure may blank texts, and nothing else.
CREATE FUNCTION entity.guard_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('keylight.erasing', true) = 'on'
        AND to_jsonb(NEW) - ARRAY['before', 'after', 'cause'] = to_jsonb(OLD) - ARRAY['before', 'after', 'cause']
        AND (NEW.before IS NOT DISTINCT FROM OLD.before OR NEW.before = entity.redacted(OLD.before))
        AND (NEW.after IS NOT DISTINCT FROM OLD.after OR NEW.after = entity.redacted(OLD.after))
        AND (NEW.cause IS NOT DISTINCT FROM OLD.cause OR (OLD.cause IS NOT NULL AND NEW.cause = '[erased]'))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
DROP TRIGGER append_only ON entity.audit_log;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON entity.audit_log
    FOR EACH ROW EXECUTE FUNCTION entity.guard_audit_log();

-- What belonged to an erased person does not come back, whoever tries.
CREATE FUNCTION entity.refuse_return_of_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM entity.users u WHERE u.id = NEW.user_id AND u.erased_at IS NOT NULL) THEN
        RAISE EXCEPTION '%.% of an erased person stays deleted', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_erased_stays_deleted';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER erased_stays_deleted BEFORE UPDATE ON entity.submissions FOR EACH ROW
    WHEN (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL)
    EXECUTE FUNCTION entity.refuse_return_of_erased();
CREATE TRIGGER erased_stays_deleted BEFORE UPDATE ON entity.projects FOR EACH ROW
    WHEN (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL)
    EXECUTE FUNCTION entity.refuse_return_of_erased();
ALTER TABLE entity.users
    ADD CONSTRAINT users_erased_stays_deleted CHECK (erased_at IS NULL OR deleted_at IS NOT NULL);
