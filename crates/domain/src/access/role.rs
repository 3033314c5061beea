//! How much somebody may do.

use std::fmt;

/// Each role may do all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads submissions, people, projects and the audit log.
    Viewer,
    /// Changes them too: edits, deletes (which can be undone), merges, changes in bulk.
    Manager,
    /// Everything: staff accounts, API tokens, erasure of a person's data, repair of records.
    Admin,
}

impl Role {
    /// From least to most.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Manager, Role::Admin];

    /// As stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Manager => "manager",
            Role::Admin => "admin",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Role> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether whoever has this role may do what `needed` may.
    #[must_use]
    pub fn includes(self, needed: Role) -> bool {
        self >= needed
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_roles_grow() {
        for (place, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            for (other, needed) in Role::ALL.into_iter().enumerate() {
                assert_eq!(role.includes(needed), place >= other, "{role} {needed}");
            }
        }
        assert_eq!(Role::parse("Admin"), None);
    }
}
