//! The predecessor's three tables, and where their columns go.

/// What a column holds, as far as it matters for the way over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, in any of PostgreSQL's guises.
    Text,
    /// Yes, no or nothing.
    Boolean,
    /// The id of another row.
    Link,
    /// A moment, to the microsecond.
    Time,
}

impl Kind {
    /// The type of our column.
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Boolean => "boolean",
            Kind::Link => "bigint",
            Kind::Time => "timestamptz",
        }
    }

    /// Whether a column of PostgreSQL's type `name` comes over without losing anything.
    pub(super) fn takes(self, name: &str) -> bool {
        match self {
            Kind::Text => true,
            Kind::Boolean => name == "bool",
            Kind::Link => matches!(name, "int2" | "int4" | "int8"),
            Kind::Time => matches!(name, "timestamptz" | "timestamp" | "date"),
        }
    }
}

/// One column that both sides have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, the same on both sides.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Ours holds no null: one in the predecessor's is kept beside.
    pub required: bool,
}

const fn needed(name: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Text,
        required: true,
    }
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        required: false,
    }
}

/// The three tables, in the order in which links allow to take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// People.
    Users,
    /// Projects.
    Projects,
    /// Applications.
    Submissions,
}

impl Table {
    /// All of them, in order.
    pub const ALL: [Table; 3] = [Table::Users, Table::Projects, Table::Submissions];

    /// Its name with us.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Table::Users => "users",
            Table::Projects => "projects",
            Table::Submissions => "submissions",
        }
    }

    /// Its name in the predecessor's database.
    #[must_use]
    pub const fn legacy_name(self) -> &'static str {
        match self {
            Table::Users => "users",
            Table::Projects => "projects",
            Table::Submissions => "intake_submissions",
        }
    }

    /// One of its rows, in the audit log.
    pub(super) const fn entity(self) -> &'static str {
        match self {
            Table::Users => "user",
            Table::Projects => "project",
            Table::Submissions => "submission",
        }
    }

    /// Its columns beside `id`.
    #[must_use]
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Table::Users => USERS,
            Table::Projects => PROJECTS,
            Table::Submissions => SUBMISSIONS,
        }
    }

    /// Where a column stands among [`Table::columns`].
    ///
    /// # Panics
    /// When there is no such column: names are literals.
    #[must_use]
    pub fn place(self, name: &str) -> usize {
        self.columns()
            .iter()
            .position(|column| column.name == name)
            .expect("the column stands in the table's list")
    }
}

const USERS: &[Column] = &[
    needed("full_name"),
    needed("email_address"),
    column("phone_number", Kind::Text),
    column("company_name", Kind::Text),
    column("created_at", Kind::Time),
    column("updated_at", Kind::Time),
];

const PROJECTS: &[Column] = &[
    needed("name"),
    column("description", Kind::Text),
    column("status", Kind::Text),
    column("user_id", Kind::Link),
    column("buyer_category", Kind::Text),
    column("financing_plan", Kind::Text),
    column("interested_in_preferred_lender", Kind::Boolean),
    column("land_status", Kind::Text),
    column("lot_address", Kind::Text),
    column("needs_help_finding_land", Kind::Boolean),
    column("preferred_area_description", Kind::Text),
    column("build_budget", Kind::Text),
    column("construction_timeline", Kind::Text),
    column("clickup_task_id", Kind::Text),
    column("clickup_list_id", Kind::Text),
    column("created_at", Kind::Time),
    column("updated_at", Kind::Time),
];

const SUBMISSIONS: &[Column] = &[
    needed("full_name"),
    needed("email_address"),
    needed("phone_number"),
    column("company_name", Kind::Text),
    needed("buyer_category"),
    needed("financing_plan"),
    column("interested_in_preferred_lender", Kind::Boolean),
    needed("land_status"),
    column("lot_address", Kind::Text),
    column("needs_help_finding_land", Kind::Boolean),
    column("preferred_area_description", Kind::Text),
    needed("build_budget"),
    needed("construction_timeline"),
    column("project_description", Kind::Text),
    column("status", Kind::Text),
    column("admin_notes", Kind::Text),
    column("referral_source", Kind::Text),
    column("user_id", Kind::Link),
    column("project_id", Kind::Link),
    column("created_at", Kind::Time),
    column("updated_at", Kind::Time),
];
