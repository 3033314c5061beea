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
-- projects come here in the background, and until then a search reads them one by one. Rows with an id up to `upto` are
-- all here; `ahead` is the next bound, as soon as every transaction older than `ahead_xid` has ended, because one of them
-- may still bring a smaller id.
--
-- The operator class stands here without a schema: the embedded database keeps the extension in pg_catalog.
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE TABLE entity.project_search (
    project_id bigint PRIMARY KEY,
    text       text NOT NULL
);
CREATE INDEX project_search_trigrams ON entity.project_search USING gin (text gin_trgm_ops);
CREATE TABLE entity.project_search_state (
    single    boolean PRIMARY KEY DEFAULT true CHECK (single),
    upto      bigint NOT NULL,
    ahead     bigint NOT NULL,
    ahead_xid xid8 NOT NULL
);
INSERT INTO entity.project_search_state (upto, ahead, ahead_xid) VALUES (-9223372036854775808, -9223372036854775808, '0');
CREATE FUNCTION entity.note_project_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.project_search AS s (project_id, text)
    VALUES (NEW.id, NEW.name || E'\n' || coalesce(NEW.description, ''))
    ON CONFLICT (project_id) DO UPDATE SET text = excluded.text;
    RETURN NULL;
END
$$;
-- By a trigger, so that nobody who writes projects can forget it: an erasure, for one.
CREATE TRIGGER note_changed_text AFTER UPDATE ON entity.projects FOR EACH ROW
    WHEN ((OLD.name, OLD.description) IS DISTINCT FROM (NEW.name, NEW.description))
    EXECUTE FUNCTION entity.note_project_text();
-- Rows of the predecessor keep their ids, which may lie below the bound.
CREATE TRIGGER note_legacy_text AFTER INSERT ON entity.projects FOR EACH ROW
    WHEN (NEW.legacy) EXECUTE FUNCTION entity.note_project_text();

-- "Everything that followed from this request", and "everything that this person did". A bloom filter of a few bytes per
-- page instead of an entry per row: the audit log is written all the time and asked rarely.
CREATE INDEX audit_log_causes ON entity.audit_log
    USING brin (correlation_id uuid_bloom_ops, actor text_bloom_ops) WITH (pages_per_range = 32);
