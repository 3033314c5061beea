//! The tables of the predecessor, as its two ways of making a database leave them.

/// How a database of the predecessor was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// By its migration tool: no checks, times never null.
    Knex,
    /// By its plain SQL: checks, more indexes, nullable times, a trigger.
    Sql,
}

/// What else a deployment may differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// All three tables.
    Full,
    /// From before users and projects: applications without links only.
    OnlySubmissions,
    /// With columns that the predecessor never had, and without some that it had.
    OtherColumns,
}

const SUBMISSION: &str = "
    id serial PRIMARY KEY,
    full_name varchar(255) NOT NULL,
    email_address varchar(255) NOT NULL,
    phone_number varchar(20) NOT NULL,
    company_name varchar(255),
    buyer_category varchar(50) NOT NULL,
    financing_plan varchar(50) NOT NULL,
    interested_in_preferred_lender boolean DEFAULT false,
    land_status varchar(50) NOT NULL,
    lot_address text,
    needs_help_finding_land boolean,
    preferred_area_description text,
    build_budget varchar(50) NOT NULL,
    construction_timeline varchar(50) NOT NULL,
    project_description text,";
const ADDED: &str = "
    status varchar(50) DEFAULT 'new',
    admin_notes text,
    referral_source varchar(100) DEFAULT 'Ritz-Craft'";

impl Shape {
    /// Makes the tables.
    #[must_use]
    pub fn tables(self, variant: Variant) -> String {
        let links = if variant == Variant::OnlySubmissions {
            ""
        } else {
            ", user_id integer REFERENCES users (id) ON DELETE SET NULL,
               project_id integer REFERENCES projects (id) ON DELETE SET NULL"
        };
        let mut sql = String::new();
        if variant != Variant::OnlySubmissions {
            sql.push_str(&self.people_and_projects());
        }
        match self {
            Shape::Knex => sql.push_str(&format!(
                "CREATE TABLE intake_submissions ({SUBMISSION} {ADDED} {links}, {});
                 CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz);
                 CREATE TABLE knex_migrations_lock (index serial PRIMARY KEY, is_locked integer);",
                self.times()
            )),
            Shape::Sql => sql.push_str(&format!(
                "CREATE TABLE intake_submissions ({SUBMISSION} {}, {ADDED} {links});
                 ALTER TABLE intake_submissions
                     ADD CHECK (buyer_category IN ('homebuyer', 'developer')),
                     ADD CHECK (financing_plan IN ('self_funding', 'finance_build')),
                     ADD CHECK (land_status IN ('own_land', 'need_land')),
                     ADD CHECK (build_budget IN ('200k_250k', '250k_350k', '350k_400k', '400k_500k', '500k_plus')),
                     ADD CHECK (construction_timeline IN
                                ('less_than_3_months', '3_to_6_months', '6_to_12_months', 'more_than_12_months')),
                     ADD CHECK (status IN ('new', 'reviewed', 'qualified', 'disqualified', 'contacted'));
                 CREATE INDEX ON intake_submissions (email_address);
                 CREATE INDEX ON intake_submissions (created_at);
                 CREATE INDEX ON intake_submissions (status);
                 CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN NEW.updated_at = CURRENT_TIMESTAMP; RETURN NEW; END';
                 CREATE TRIGGER touch BEFORE UPDATE ON intake_submissions FOR EACH ROW EXECUTE FUNCTION touch();
                 CREATE TABLE schema_migrations (version varchar(255) PRIMARY KEY);",
                self.times()
            )),
        }
        if variant == Variant::OtherColumns {
            sql.push_str(
                "ALTER TABLE intake_submissions ADD COLUMN utm_source text, ADD COLUMN score numeric(10, 4), ADD COLUMN tags jsonb,
                     DROP COLUMN referral_source;
                 ALTER TABLE users ADD COLUMN \"Nick \"\"Name\"\"\" text;
                 ALTER TABLE projects DROP COLUMN clickup_list_id;",
            );
        }
        sql
    }

    fn times(self) -> &'static str {
        match self {
            Shape::Knex => {
                "created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP"
            }
            Shape::Sql => {
                "created_at timestamptz DEFAULT CURRENT_TIMESTAMP, updated_at timestamptz DEFAULT CURRENT_TIMESTAMP"
            }
        }
    }

    fn people_and_projects(self) -> String {
        let times = self.times();
        format!(
            "CREATE TABLE users (
                 id serial PRIMARY KEY, full_name varchar(255) NOT NULL, email_address varchar(255) NOT NULL UNIQUE,
                 phone_number varchar(20), company_name varchar(255), {times});
             CREATE TABLE projects (
                 id serial PRIMARY KEY, name varchar(255) NOT NULL, description text, status varchar(50) DEFAULT 'planning',
                 user_id integer REFERENCES users (id) ON DELETE CASCADE, buyer_category varchar(50),
                 financing_plan varchar(50), interested_in_preferred_lender boolean DEFAULT false, land_status varchar(50),
                 lot_address text, needs_help_finding_land boolean DEFAULT false, preferred_area_description text,
                 build_budget varchar(50), construction_timeline varchar(50), clickup_task_id varchar(255),
                 clickup_list_id varchar(255), {times});"
        )
    }
}
