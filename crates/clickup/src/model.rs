//! The objects of the API, as far as we use them. Only an id is ever required, and nothing that a person wrote shows in `Debug`.

/// `Debug` that shows the type and nothing that a person wrote.
macro_rules! hide_content {
    ($($name:ident),* $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
pub(crate) use hide_content;

/// `Debug` that shows the type and its id.
macro_rules! show_id_only {
    ($($name:ident),* $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("id", &self.id)
                    .finish_non_exhaustive()
            }
        }
    )*};
}

pub(crate) mod attachment;
pub(crate) mod checklist;
pub(crate) mod comment;
pub(crate) mod field;
pub(crate) mod field_kind;
pub(crate) mod field_value;
pub(crate) mod field_write;
pub(crate) mod lenient;
pub(crate) mod people;
pub(crate) mod place;
pub(crate) mod relation;
pub(crate) mod status;
pub(crate) mod task;
pub(crate) mod time_in_status;
pub(crate) mod webhook;
