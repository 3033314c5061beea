-- Users, projects and submissions as entities with relations of their own.
--
-- Rows that came from the predecessor are marked `legacy`: they keep every value that they had, also where it breaks a rule
-- that holds for all others, and the repair of such a row is a decision of staff, not of a constraint.

-- --- users -----------------------------------------------------------------------------------------------------------
ALTER TABLE entity.users
    ADD COLUMN legacy boolean NOT NULL DEFAULT false,
    -- Whether this row answers for its address. Of people who share an address (twins of the predecessor, merged or
    -- deleted people) at most one does.
    ADD COLUMN holds_email boolean NOT NULL DEFAULT true,
    ADD COLUMN merged_into bigint CONSTRAINT users_merged_into REFERENCES entity.users (id),
    ADD COLUMN deleted_at timestamptz,
    ADD CONSTRAINT users_holder_is_present CHECK (NOT holds_email OR (deleted_at IS NULL AND merged_into IS NULL)),
    ADD CONSTRAINT users_not_merged_into_self CHECK (merged_into <> id);
ALTER TABLE entity.users DROP CONSTRAINT users_email_key_unique;
CREATE UNIQUE INDEX users_email_key_unique ON entity.users (email_key) WHERE holds_email;

-- --- projects --------------------------------------------------------------------------------------------------------
ALTER TABLE entity.projects
    ADD COLUMN legacy boolean NOT NULL DEFAULT false,
    ADD COLUMN archived_at timestamptz,
    ADD COLUMN deleted_at timestamptz,
    -- grows with every change of the project, whoever makes it
    ALTER COLUMN status DROP NOT NULL,
    DROP CONSTRAINT projects_status_known,
    ADD CONSTRAINT projects_status_known CHECK (
        legacy OR (status IS NOT NULL AND status IN ('planning', 'active', 'on_hold', 'completed', 'cancelled'))),
    ADD CONSTRAINT projects_buyer_category_known
        CHECK (legacy OR buyer_category IN ('homebuyer', 'developer')),
    ADD CONSTRAINT projects_financing_plan_known
        CHECK (legacy OR financing_plan IN ('self_funding', 'finance_build')),
    ADD CONSTRAINT projects_land_status_known
        CHECK (legacy OR land_status IN ('own_land', 'need_land')),
    ADD CONSTRAINT projects_build_budget_known
        CHECK (legacy OR build_budget IN ('200k_250k', '250k_350k', '350k_400k', '400k_500k', '500k_plus')),
    ADD CONSTRAINT projects_construction_timeline_known
        CHECK (legacy OR construction_timeline IN
               ('less_than_3_months', '3_to_6_months', '6_to_12_months', 'more_than_12_months'));
CREATE INDEX projects_owner_id ON entity.projects (user_id);

-- The edges of the status machine, as the domain rules have them (a test compares both). A legacy project may go from an
-- unknown status to any known one.
CREATE TABLE entity.project_status_edges (
    from_status text NOT NULL,
    to_status   text NOT NULL,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO entity.project_status_edges VALUES
    ('planning', 'active'), ('planning', 'on_hold'), ('planning', 'cancelled'),
    ('active', 'on_hold'), ('active', 'completed'), ('active', 'cancelled'),
    ('on_hold', 'planning'), ('on_hold', 'active'), ('on_hold', 'cancelled'),
    -- taken back by staff
    ('completed', 'active'), ('cancelled', 'planning');
CREATE FUNCTION entity.check_project_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IS NOT DISTINCT FROM NEW.status THEN
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
CREATE TRIGGER status_machine BEFORE UPDATE OF status ON entity.projects
    FOR EACH ROW EXECUTE FUNCTION entity.check_project_status();

-- People of a project beside its owner, who stands in projects.user_id.
CREATE TABLE entity.project_people (
    project_id bigint NOT NULL CONSTRAINT project_people_project REFERENCES entity.projects (id),
    user_id    bigint NOT NULL CONSTRAINT project_people_user REFERENCES entity.users (id),
    role       text   NOT NULL CONSTRAINT project_people_role_known CHECK (role IN ('co_buyer', 'contact')),
    added_at   timestamptz NOT NULL,
    PRIMARY KEY (project_id, user_id, role)
);
CREATE INDEX project_people_user_id ON entity.project_people (user_id);

-- Everybody of a project with their roles, the owner included.
CREATE VIEW entity.project_members AS
    SELECT id AS project_id, user_id, 'owner' AS role FROM entity.projects WHERE user_id IS NOT NULL
    UNION ALL
    SELECT project_id, user_id, role FROM entity.project_people;

-- --- submissions -----------------------------------------------------------------------------------------------------
ALTER TABLE entity.submissions
    ADD COLUMN legacy boolean NOT NULL DEFAULT false,
    -- the staff account that takes care of it
    ADD COLUMN assignee uuid,
    DROP CONSTRAINT submissions_buyer_category_known,
    ADD CONSTRAINT submissions_buyer_category_known
        CHECK (legacy OR buyer_category IN ('homebuyer', 'developer')),
    DROP CONSTRAINT submissions_financing_plan_known,
    ADD CONSTRAINT submissions_financing_plan_known
        CHECK (legacy OR financing_plan IN ('self_funding', 'finance_build')),
    DROP CONSTRAINT submissions_land_status_known,
    ADD CONSTRAINT submissions_land_status_known
        CHECK (legacy OR land_status IN ('own_land', 'need_land')),
    DROP CONSTRAINT submissions_build_budget_known,
    ADD CONSTRAINT submissions_build_budget_known
        CHECK (legacy OR build_budget IN ('200k_250k', '250k_350k', '350k_400k', '400k_500k', '500k_plus')),
    DROP CONSTRAINT submissions_construction_timeline_known,
    ADD CONSTRAINT submissions_construction_timeline_known
        CHECK (legacy OR construction_timeline IN
               ('less_than_3_months', '3_to_6_months', '6_to_12_months', 'more_than_12_months')),
    DROP CONSTRAINT submissions_status_known,
    ADD CONSTRAINT submissions_status_known CHECK (
        legacy OR (status IS NOT NULL AND status IN ('new', 'reviewed', 'qualified', 'disqualified', 'contacted'))),
    DROP CONSTRAINT submissions_sync_state_known,
    -- off: imported, and no task is wanted
    ADD CONSTRAINT submissions_sync_state_known CHECK (sync_state IN ('pending', 'synced', 'failed', 'off'));
CREATE INDEX submissions_user_id ON entity.submissions (user_id);
CREATE INDEX submissions_project_id ON entity.submissions (project_id);
CREATE INDEX submissions_email_key ON entity.submissions (email_key);
-- a page of one status in the order of the list
DROP INDEX entity.submissions_status;
CREATE INDEX submissions_status_newest ON entity.submissions (status, created_at DESC NULLS LAST, id DESC)
    WHERE deleted_at IS NULL;

-- --- audit log -------------------------------------------------------------------------------------------------------
-- Records with other ids than numbers (staff, tokens, settings) have their id here, and entity_id is 0.
ALTER TABLE entity.audit_log ADD COLUMN record_id text;
CREATE INDEX audit_log_newest ON entity.audit_log (id);
