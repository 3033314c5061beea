-- What staff do with projects, and how they find them.

-- The order of the everyday list. Ascending, although newest are asked for first: new rows then go to the right end, which
-- is the cheap one. Projects without a time stand before all others.
CREATE INDEX projects_by_created ON entity.projects (coalesce(created_at, '-infinity'), id)
    WHERE deleted_at IS NULL AND archived_at IS NULL;

-- What went in one deletion, so that exactly that comes back.
CREATE TABLE entity.project_deletions (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     bigint NOT NULL CONSTRAINT project_deletions_project REFERENCES entity.projects (id),
    at             timestamptz NOT NULL,
    -- whether the submissions were deleted along, or only lost their link
    cascade        boolean NOT NULL,
    submission_ids bigint[] NOT NULL,
    restored_at    timestamptz
);
CREATE INDEX project_deletions_project_id ON entity.project_deletions (project_id, id);

-- Texts that projects are searched by. A trigram index is dear to write, and every application makes a project: so new
-- projects come here in the background. Until then their ids stand in `project_search_pending`, and a search looks at
-- them one by one.
--
-- The operator class stands here without a schema: the embedded database keeps the extension in pg_catalog.
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE TABLE entity.project_search (
    project_id bigint PRIMARY KEY,
    text       text NOT NULL
);
CREATE INDEX project_search_trigrams ON entity.project_search USING gin (text gin_trgm_ops);
CREATE TABLE entity.project_search_pending (
    -- up to 25 of them in a row
    ids bigint[] NOT NULL,
    at  timestamptz NOT NULL DEFAULT now()
);
-- as people_pending
ALTER TABLE entity.project_search_pending SET (
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 100000000);
-- By triggers, so that nobody who writes projects can forget it.
CREATE FUNCTION entity.note_new_projects() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.project_search_pending (ids)
    SELECT array_agg(id) FROM (SELECT id, (row_number() OVER () - 1) / 25 AS lot FROM fresh) f GROUP BY lot;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_new_projects AFTER INSERT ON entity.projects REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION entity.note_new_projects();
-- A text that changes is put right in the same transaction: an erasure must leave nothing behind, for one.
CREATE FUNCTION entity.note_project_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.project_search AS s (project_id, text)
    VALUES (NEW.id, NEW.name || E'\n' || coalesce(NEW.description, ''))
    ON CONFLICT (project_id) DO UPDATE SET text = excluded.text;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_changed_text AFTER UPDATE ON entity.projects FOR EACH ROW
    WHEN ((OLD.name, OLD.description) IS DISTINCT FROM (NEW.name, NEW.description))
    EXECUTE FUNCTION entity.note_project_text();
CREATE FUNCTION entity.forget_all_projects() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM entity.project_search;
    DELETE FROM entity.project_search_pending;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_all AFTER TRUNCATE ON entity.projects
    FOR EACH STATEMENT EXECUTE FUNCTION entity.forget_all_projects();
INSERT INTO entity.project_search_pending (ids)
SELECT array_agg(id) FROM (SELECT id, (row_number() OVER () - 1) / 25 AS lot FROM entity.projects) p GROUP BY lot;

-- "Everything that followed from this request", and "everything that this person did". A bloom filter of a few bytes per
-- page instead of an entry per row: the audit log is written all the time and asked rarely.
CREATE INDEX audit_log_causes ON entity.audit_log
    USING brin (correlation_id uuid_bloom_ops, actor text_bloom_ops) WITH (pages_per_range = 32);
