//! The active mapping together with the live lists.

use super::store::ListWays;
use keylight_domain::sync::Field;
use keylight_domain::sync::mapping::{Document, ListShape, Mapping, Problem, remap};
use keylight_domain::sync::template::Record;
use std::collections::{BTreeMap, BTreeSet};

/// One list.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownList {
    /// As people call it.
    pub name: String,
    /// Translation for it.
    pub mapping: Mapping,
    /// It was deleted, or is no longer shared with us.
    pub gone: bool,
}

/// What goes where.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownMapping {
    /// Number of the version; 0 while everything goes by its name.
    pub version: i64,
    /// The mapping as data.
    pub document: Document,
    default_list: String,
    lists: BTreeMap<String, KnownList>,
    ways: ListWays,
    /// of earlier versions
    old_ways: BTreeMap<i64, ListWays>,
}

/// The live lists; `None` for one that is gone.
pub type Shapes = BTreeMap<String, Option<ListShape>>;

impl KnownMapping {
    /// The mapping `document` for the lists as they are. `by_name` is the mapping that applies while none is active.
    #[must_use]
    pub fn new(
        version: i64,
        document: Document,
        by_name: &Document,
        default_list: &str,
        shapes: &Shapes,
        mut old_ways: BTreeMap<i64, ListWays>,
    ) -> Self {
        let lists = shapes.iter().map(|(list, shape)| {
            let known = match shape {
                Some(shape) => KnownList {
                    name: shape.name.clone(),
                    mapping: Mapping::of(&document, list, shape),
                    gone: false,
                },
                None => KnownList {
                    name: String::new(),
                    mapping: Mapping::default(),
                    gone: true,
                },
            };
            (list.clone(), known)
        });
        let lists: BTreeMap<String, KnownList> = lists.collect();
        old_ways.insert(0, ways_of(by_name, shapes));
        Self {
            version,
            default_list: default_list.to_owned(),
            ways: ways_of(&document, shapes),
            old_ways,
            lists,
            document,
        }
    }

    /// How the fields are written into every list.
    #[must_use]
    pub const fn ways(&self) -> &ListWays {
        &self.ways
    }

    /// The lists, by their ids.
    pub fn lists(&self) -> impl Iterator<Item = (&str, &KnownList)> {
        self.lists.iter().map(|(id, list)| (id.as_str(), list))
    }

    /// The list of a task whose link names `list`; one that names none is in the list of the settings.
    #[must_use]
    pub fn list<'a>(&'a self, list: Option<&'a str>) -> &'a str {
        list.unwrap_or(&self.default_list)
    }

    /// The list in which the task of an application is made.
    #[must_use]
    pub fn list_for(&self, record: &Record) -> &str {
        self.document.list_for(record, &self.default_list)
    }

    /// The translation for a list. A task that staff moved to a list that no rule names is read like those of the list of
    /// the settings.
    #[must_use]
    pub fn mapping(&self, list: Option<&str>) -> &Mapping {
        static NOTHING: std::sync::LazyLock<Mapping> = std::sync::LazyLock::new(Mapping::default);
        self.lists
            .get(self.list(list))
            .or_else(|| self.lists.get(&self.default_list))
            .map_or(&NOTHING, |list| &list.mapping)
    }

    /// Whether the list is known to be gone.
    #[must_use]
    pub fn is_gone(&self, list: &str) -> bool {
        self.lists.get(list).is_some_and(|list| list.gone)
    }

    /// Whether tasks of this list are ours to read.
    #[must_use]
    pub fn knows(&self, list: &str) -> bool {
        self.lists.contains_key(list)
    }

    /// Whether new tasks may be made in this list.
    #[must_use]
    pub fn uses(&self, list: &str) -> bool {
        self.document.lists_used(&self.default_list).contains(&list)
    }

    /// The fields that are written differently since `version`.
    #[must_use]
    pub fn changed_since(&self, version: i64, list: Option<&str>) -> BTreeSet<Field> {
        let list = self.list(list);
        match self.ways.get(list) {
            Some(ways) if version != self.version => {
                let old = self
                    .old_ways
                    .get(&version)
                    .and_then(|lists| lists.get(list));
                remap::changed(old, ways)
            }
            _ => BTreeSet::new(),
        }
    }

    /// What the lists lack: what the document asks for, and what it would only take if it were there.
    #[must_use]
    pub fn lacks(&self) -> (Vec<Problem>, Vec<Problem>) {
        let (mut asked, mut other) = (Vec::new(), Vec::new());
        for list in self.document.lists_used(&self.default_list) {
            let Some(known) = self.lists.get(list) else {
                continue;
            };
            if known.gone {
                asked.push(gone(list));
            }
            for missing in known.mapping.missing() {
                let problems = if missing.said { &mut asked } else { &mut other };
                problems.push(missing.problem(list));
            }
        }
        (asked, other)
    }
}

/// A list that is gone.
#[must_use]
pub fn gone(list: &str) -> Problem {
    Problem::new(
        format!("lists.{list}"),
        format!("list {list} is deleted, or the token may not use it"),
        "restore or share it in ClickUp, or name another list",
    )
}

fn ways_of(document: &Document, shapes: &Shapes) -> ListWays {
    let shapes = shapes
        .iter()
        .filter_map(|(list, shape)| Some((list, shape.as_ref()?)));
    shapes
        .map(|(list, shape)| {
            let mapping = Mapping::of(document, list, shape);
            (list.clone(), remap::ways(document, &mapping))
        })
        .collect()
}
