//! The only door for people: public intake, admin REST, staff console
