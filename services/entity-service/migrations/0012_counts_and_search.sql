-- Counts and search without reading every submission, and without a word about it in the statements that write them.
--
-- A statement that changes submissions appends what it changed, in a few narrow rows; it updates nothing that another
-- statement might be updating too. A background task folds those rows into totals and documents. Readers take both
-- together, so what they read is exact at once, whether the task has been there or not.

-- --- counts ----------------------------------------------------------------------------------------------------------
-- By how much each combination of values changed, not folded in yet. No index: there are few rows, and all are read.
CREATE TABLE entity.submission_deltas (
    status                text,
    buyer_category        text,
    build_budget          text,
    construction_timeline text,
    financing_plan        text,
    land_status           text,
    sync_state            text,
    -- in which they came in; -infinity when nobody knows
    hour                  timestamptz NOT NULL,
    n                     bigint NOT NULL
);
-- Each combination of values.
CREATE TABLE entity.submission_combinations (
    status                text,
    buyer_category        text,
    build_budget          text,
    construction_timeline text,
    financing_plan        text,
    land_status           text,
    sync_state            text,
    n                     bigint NOT NULL,
    CONSTRAINT submission_combinations_once UNIQUE NULLS NOT DISTINCT
        (status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state)
) WITH (fillfactor = 70);
-- Each value by itself, by name of its column; all of them together have the column 'all'.
CREATE TABLE entity.submission_values (
    kind  text NOT NULL,
    value text,
    n     bigint NOT NULL,
    CONSTRAINT submission_values_once UNIQUE NULLS NOT DISTINCT (kind, value)
) WITH (fillfactor = 50);
-- Each hour in which any came in.
CREATE TABLE entity.submission_hours (
    hour timestamptz PRIMARY KEY,
    n    bigint NOT NULL
) WITH (fillfactor = 50);

-- --- search ----------------------------------------------------------------------------------------------------------
-- What can be searched of a submission that is not deleted: four texts in lower case with U+0001 between them. Only the
-- background task writes here, so that nobody who applies waits for an index of trigrams. (The index is made by the
-- service, because the extension may be missing or forbidden; then search reads this whole table.)
CREATE TABLE entity.submission_search (
    submission_id bigint PRIMARY KEY,
    created_at    timestamptz,
    document      text NOT NULL
);
-- Submissions whose document is not up to date, up to 25 in a row.
CREATE TABLE entity.submission_search_pending (
    ids bigint[] NOT NULL,
    at  timestamptz NOT NULL DEFAULT now()
);

-- Both tables of what is new are always nearly empty; a plan that thinks otherwise, or an autovacuum that comes late,
-- would make every reader slow.
ALTER TABLE entity.submission_deltas SET (
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 100000000);
ALTER TABLE entity.submission_search_pending SET (
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 100000000);

-- --- what statements append ------------------------------------------------------------------------------------------
CREATE FUNCTION entity.note_inserted_submissions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.submission_deltas
    SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state,
        coalesce(date_trunc('hour', created_at, 'UTC'), '-infinity'), count(*)
    FROM inserted WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
    INSERT INTO entity.submission_search_pending (ids)
    SELECT array_agg(id) FROM (SELECT id, (row_number() OVER () - 1) / 25 AS lot FROM inserted WHERE deleted_at IS NULL) i
    GROUP BY lot;
    RETURN NULL;
END
$$;
CREATE FUNCTION entity.note_updated_submissions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.submission_deltas
    SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state,
        coalesce(date_trunc('hour', created_at, 'UTC'), '-infinity'), sum(n)
    FROM (
        SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state,
            created_at, -1 AS n FROM before WHERE deleted_at IS NULL
        UNION ALL
        SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state,
            created_at, 1 FROM after WHERE deleted_at IS NULL
    ) change
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(n) <> 0;
    INSERT INTO entity.submission_search_pending (ids)
    SELECT array_agg(id) FROM (
        SELECT coalesce(a.id, b.id) AS id, (row_number() OVER () - 1) / 25 AS lot
        FROM before b FULL JOIN after a ON a.id = b.id
        WHERE a.id IS NULL OR b.id IS NULL OR (a.deleted_at IS NULL) <> (b.deleted_at IS NULL)
            OR a.created_at IS DISTINCT FROM b.created_at OR a.full_name <> b.full_name
            OR a.email_address <> b.email_address OR a.company_name IS DISTINCT FROM b.company_name
            OR a.project_description IS DISTINCT FROM b.project_description
    ) u
    GROUP BY lot;
    RETURN NULL;
END
$$;
CREATE FUNCTION entity.note_removed_submissions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO entity.submission_deltas
    SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state,
        coalesce(date_trunc('hour', created_at, 'UTC'), '-infinity'), -count(*)
    FROM removed WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
    INSERT INTO entity.submission_search_pending (ids)
    SELECT array_agg(id) FROM (SELECT id, (row_number() OVER () - 1) / 25 AS lot FROM removed) r GROUP BY lot;
    RETURN NULL;
END
$$;
CREATE FUNCTION entity.forget_all_submissions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM entity.submission_deltas;
    DELETE FROM entity.submission_combinations;
    DELETE FROM entity.submission_values;
    DELETE FROM entity.submission_hours;
    DELETE FROM entity.submission_search;
    DELETE FROM entity.submission_search_pending;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_inserted AFTER INSERT ON entity.submissions
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION entity.note_inserted_submissions();
CREATE TRIGGER note_updated AFTER UPDATE ON entity.submissions
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION entity.note_updated_submissions();
CREATE TRIGGER note_removed AFTER DELETE ON entity.submissions
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION entity.note_removed_submissions();
CREATE TRIGGER forget_all AFTER TRUNCATE ON entity.submissions
    FOR EACH STATEMENT EXECUTE FUNCTION entity.forget_all_submissions();

-- --- what is wrong ---------------------------------------------------------------------------------------------------
-- Empty unless somebody changed tables with the triggers off. Each reads every submission; each is of one moment.
-- n: what has to be added to the total.
CREATE VIEW entity.submission_totals_owed AS
    SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state,
        coalesce(date_trunc('hour', created_at, 'UTC'), '-infinity') AS hour, count(*) AS n
    FROM entity.submissions WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    UNION ALL
    SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state, hour, -n
    FROM entity.submission_deltas;
CREATE VIEW entity.wrong_submission_combinations AS
    SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state,
        sum(n)::bigint AS n
    FROM (
        SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state, n
        FROM entity.submission_totals_owed
        UNION ALL
        SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state, -n
        FROM entity.submission_combinations
    ) difference
    GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(n) <> 0;
CREATE VIEW entity.wrong_submission_values AS
    SELECT kind, value, sum(n)::bigint AS n
    FROM (
        SELECT k.kind, k.value, o.n FROM entity.submission_totals_owed o
        CROSS JOIN LATERAL (VALUES ('all', NULL), ('status', o.status), ('buyer_category', o.buyer_category),
            ('build_budget', o.build_budget), ('construction_timeline', o.construction_timeline),
            ('financing_plan', o.financing_plan), ('land_status', o.land_status),
            ('sync_state', o.sync_state)) AS k (kind, value)
        UNION ALL
        SELECT kind, value, -n FROM entity.submission_values
    ) difference
    GROUP BY 1, 2 HAVING sum(n) <> 0;
CREATE VIEW entity.wrong_submission_hours AS
    SELECT hour, sum(n)::bigint AS n
    FROM (
        SELECT hour, n FROM entity.submission_totals_owed UNION ALL SELECT hour, -n FROM entity.submission_hours
    ) difference
    GROUP BY 1 HAVING sum(n) <> 0;
CREATE VIEW entity.wrong_submission_documents AS
    SELECT coalesce(s.id, x.submission_id) AS submission_id
    FROM (SELECT * FROM entity.submissions WHERE deleted_at IS NULL) s
    FULL JOIN entity.submission_search x ON x.submission_id = s.id
    WHERE (x.submission_id IS NULL OR s.id IS NULL OR x.created_at IS DISTINCT FROM s.created_at
        OR x.document <> lower(concat_ws(chr(1), s.full_name, s.email_address, coalesce(s.company_name, ''),
                                         coalesce(s.project_description, ''))))
      AND coalesce(s.id, x.submission_id) NOT IN (SELECT unnest(ids) FROM entity.submission_search_pending);

-- those that are there already
INSERT INTO entity.submission_deltas
SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status, sync_state,
    coalesce(date_trunc('hour', created_at, 'UTC'), '-infinity'), count(*)
FROM entity.submissions WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO entity.submission_search_pending (ids)
SELECT array_agg(id)
FROM (SELECT id, (row_number() OVER () - 1) / 25 AS lot FROM entity.submissions WHERE deleted_at IS NULL) s GROUP BY lot;

-- --- lists -----------------------------------------------------------------------------------------------------------
-- Each holds few rows and none of a new application, so nobody who applies pays for them.
CREATE INDEX submissions_deleted ON entity.submissions (created_at DESC NULLS LAST, id DESC) WHERE deleted_at IS NOT NULL;
CREATE INDEX submissions_failed ON entity.submissions (created_at DESC NULLS LAST, id DESC)
    WHERE sync_state = 'failed' AND deleted_at IS NULL;
ALTER TABLE entity.submissions
    ADD CONSTRAINT submissions_assignee_exists FOREIGN KEY (assignee) REFERENCES entity.staff (id);
CREATE INDEX submissions_assignee ON entity.submissions (assignee, created_at DESC NULLS LAST, id DESC)
    WHERE assignee IS NOT NULL AND deleted_at IS NULL;
