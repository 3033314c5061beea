-- What waits to be indexed stands in lists of up to 25 ids in a row, for people and projects as for submissions.

-- --- people ----------------------------------------------------------------------------------------------------------
ALTER TABLE entity.people_pending ADD COLUMN ids bigint[], ADD COLUMN at timestamptz NOT NULL DEFAULT now();
UPDATE entity.people_pending SET ids = ARRAY[user_id];
ALTER TABLE entity.people_pending DROP COLUMN seq, DROP COLUMN user_id, ALTER COLUMN ids SET NOT NULL;
CREATE OR REPLACE FUNCTION entity.note_new_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.people_pending (ids)
    SELECT array_agg(id) FROM (SELECT id, (row_number() OVER () - 1) / 25 AS lot FROM fresh) f GROUP BY lot;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION entity.note_changed_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.people_pending (ids) VALUES (ARRAY[NEW.id]);
    RETURN NULL;
END
$$;

-- --- projects --------------------------------------------------------------------------------------------------------
-- They were taken in by the order of their ids, as soon as every older transaction had ended. A long one anywhere on the
-- server held that up, and an id that was given out a moment before its transaction had a number could be passed by.
CREATE TABLE entity.project_search_pending (
    -- up to 25 of them in a row
    ids bigint[] NOT NULL,
    at  timestamptz NOT NULL DEFAULT now()
);
-- as people_pending
ALTER TABLE entity.project_search_pending SET (
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 100000000);
CREATE FUNCTION entity.note_new_projects() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.project_search_pending (ids)
    SELECT array_agg(id) FROM (SELECT id, (row_number() OVER () - 1) / 25 AS lot FROM fresh) f GROUP BY lot;
    RETURN NULL;
END
$$;
DROP TRIGGER note_legacy_text ON entity.projects;
CREATE TRIGGER note_new_projects AFTER INSERT ON entity.projects REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION entity.note_new_projects();
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
SELECT array_agg(id)
FROM (
    SELECT id, (row_number() OVER () - 1) / 25 AS lot FROM entity.projects p
    WHERE NOT EXISTS (SELECT FROM entity.project_search s WHERE s.project_id = p.id)
) missing GROUP BY lot;
DROP TABLE entity.project_search_state;
