//! The only way to a route: each is added with its rule.
//!
//! Operations of the API are added with `utoipa_axum::routes!(handler, …)`, and stand in the OpenAPI document with their
//! rule; pages are added with [`Routes::page`], and do not. Every path but `/` also answers with a slash at its end, as
//! the predecessor's did, and `HEAD` works wherever `GET` does.

use super::{
    guard::{Audience, Post, guard},
    rule::{BEARER, EXTENSION, Rule, SESSION},
};
use crate::app::App;
use anyhow::{Context as _, bail};
use axum::{
    Router,
    handler::Handler,
    middleware::from_fn_with_state,
    routing::{MethodFilter, MethodRouter, on},
};
use http::Method;
use keylight_web::routes::TolerantRoutes as _;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::openapi::{
    OpenApi, Response,
    extensions::ExtensionsBuilder,
    path::{Operation, PathItem},
    security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::router::UtoipaMethodRouter;

/// Routes with their rules.
#[derive(Default)]
pub(crate) struct Routes {
    operations: Vec<(Rule, UtoipaMethodRouter<App>)>,
    pages: Vec<(Rule, Method, &'static str, MethodRouter<App>)>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Operations of one path, all under one rule. For other rules on the same path, add again.
    #[must_use]
    pub(crate) fn add(mut self, rule: Rule, routes: UtoipaMethodRouter<App>) -> Self {
        self.operations.push((rule, routes));
        self
    }

    /// A page, or anything else that is no part of the API's description.
    #[must_use]
    pub(crate) fn page<H, T>(
        mut self,
        rule: Rule,
        method: Method,
        path: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        self.pages.push((rule, method, path, on(filter, handler)));
        self
    }

    /// All routes of `other` too.
    #[must_use]
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.operations.extend(other.operations);
        self.pages.extend(other.pages);
        self
    }

    /// Checks that the routes fit together, and completes `document` with their operations.
    ///
    /// # Errors
    /// When two routes collide, or an operation of the document states no rule.
    pub(crate) fn checked(self, mut document: OpenApi) -> anyhow::Result<Checked> {
        let mut taken = Taken::default();
        let mut guarded = Vec::new();
        for (rule, (schemas, paths, methods)) in self.operations {
            let mut places = Vec::new();
            for (path, mut item) in paths.paths {
                for (method, operation) in operations_of(&mut item) {
                    taken.take(&method, &path)?;
                    state_rule(operation, rule);
                }
                match document.paths.paths.get_mut(&path) {
                    Some(known) => known.merge_operations(item),
                    None => {
                        document.paths.paths.insert(path.clone(), item);
                    }
                }
                places.push(path);
            }
            let [path] = places.as_slice() else {
                bail!("operations of several paths are added together: {places:?}");
            };
            document
                .components
                .get_or_insert_default()
                .schemas
                .extend(schemas);
            guarded.push((rule, Audience::Programs, path.clone(), methods));
        }
        for (rule, method, path, methods) in self.pages {
            taken.take(&method, path)?;
            guarded.push((rule, Audience::People, path.to_owned(), methods));
        }
        describe_schemes(&mut document);
        check_document(&mut document)?;
        Ok(Checked { guarded, document })
    }
}

/// Routes that fit together.
pub(crate) struct Checked {
    guarded: Vec<(Rule, Audience, String, MethodRouter<App>)>,
    document: OpenApi,
}

impl Checked {
    /// The OpenAPI document with every operation and its rule.
    pub(crate) const fn document(&self) -> &OpenApi {
        &self.document
    }

    /// The router, a guard before every handler whose rule is not "everybody".
    pub(crate) fn into_router(self, app: &App) -> Router<App> {
        self.guarded
            .into_iter()
            .fold(Router::new(), |router, (rule, audience, path, methods)| {
                let methods = match rule {
                    Rule::Public => methods,
                    _ => {
                        let post = Post {
                            app: app.clone(),
                            rule,
                            audience,
                        };
                        methods.route_layer(from_fn_with_state(post, guard))
                    }
                };
                if path == "/" {
                    router.route(&path, methods)
                } else {
                    router.tolerant_route(&path, methods)
                }
            })
    }
}

/// Methods and paths that lead somewhere already.
#[derive(Default)]
struct Taken {
    places: BTreeSet<(String, String)>,
    /// Path without the names of its parameters, and the path as it was written first.
    shapes: BTreeMap<String, String>,
}

impl Taken {
    fn take(&mut self, method: &Method, path: &str) -> anyhow::Result<()> {
        if !path.starts_with('/') || (path.len() > 1 && path.ends_with('/')) {
            bail!("the path {path} must begin with a slash and not end with one");
        }
        let written = self
            .shapes
            .entry(shape(path))
            .or_insert_with(|| path.to_owned());
        if written != path {
            bail!("the routes {written} and {path} cannot be told apart");
        }
        if !self.places.insert((method.to_string(), path.to_owned())) {
            bail!("the route {method} {path} is there twice");
        }
        Ok(())
    }
}

/// The path with every parameter named alike.
fn shape(path: &str) -> String {
    let pieces = path.split('/').map(|piece| {
        if piece.starts_with("{*") {
            "{*}"
        } else if piece.starts_with('{') {
            "{}"
        } else {
            piece
        }
    });
    pieces.collect::<Vec<_>>().join("/")
}

fn operations_of(item: &mut PathItem) -> Vec<(Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::OPTIONS, &mut item.options),
        (Method::HEAD, &mut item.head),
        (Method::PATCH, &mut item.patch),
        (Method::TRACE, &mut item.trace),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
    .collect()
}

fn state_rule(operation: &mut Operation, rule: Rule) {
    let stated = ExtensionsBuilder::new()
        .add(EXTENSION, rule.described())
        .build();
    operation.extensions.get_or_insert_default().merge(stated);
    operation.security = Some(rule.security());
    let mut says = |status: &str, words: &str| {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| Response::new(words).into());
    };
    match rule {
        Rule::Public => {}
        Rule::SignedIn => says("401", "No valid credential"),
        Rule::Role(role, scope) => {
            says("401", "No valid credential");
            says(
                "403",
                &format!("The caller lacks the role {role}, or the token the scope {scope}"),
            );
        }
    }
}

fn describe_schemes(document: &mut OpenApi) {
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API token (kl_…), or the admin token of the settings",
        ))
        .build();
    let session = ApiKey::Cookie(ApiKeyValue::with_description(
        super::cookie::SECURE,
        "A sign-in to the console, in development without the prefix; changes also need the header X-CSRF-Token",
    ));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(session));
}

/// Every operation states a rule and has a name of its own.
fn check_document(document: &mut OpenApi) -> anyhow::Result<()> {
    let mut names = BTreeSet::new();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations_of(item) {
            if !operation
                .extensions
                .as_ref()
                .is_some_and(|extensions| extensions.contains_key(EXTENSION))
            {
                bail!("the operation {method} {path} states no rule");
            }
            let name = operation
                .operation_id
                .as_deref()
                .with_context(|| format!("the operation {method} {path} has no name"))?;
            if !names.insert(name.to_owned()) {
                bail!("two operations are named {name}; one is {method} {path}");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use keylight_domain::access::{Role, Scope};
    use utoipa::openapi::{HttpMethod, OpenApiBuilder, path::OperationBuilder};

    const READ: Rule = Rule::Role(Role::Viewer, Scope::SubmissionsRead);

    async fn nothing() {}

    fn page(routes: Routes, method: Method, path: &'static str) -> Routes {
        routes.page(READ, method, path, nothing)
    }

    fn refusal(routes: Routes) -> String {
        match routes.checked(OpenApiBuilder::new().build()) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn routes_that_collide_are_refused() {
        let one = || page(Routes::new(), Method::GET, "/x/{id}");
        assert_eq!(refusal(page(one(), Method::POST, "/x/{id}")), "");
        assert_eq!(refusal(page(one(), Method::GET, "/x/{id}/y")), "");
        assert!(refusal(page(one(), Method::GET, "/x/{id}")).contains("twice"));
        assert!(refusal(page(one(), Method::POST, "/x/{name}")).contains("told apart"));
        assert!(refusal(page(one(), Method::GET, "/x/")).contains("slash"));
    }

    #[test]
    fn an_operation_without_a_rule_is_refused() {
        let mut document = OpenApiBuilder::new().build();
        let operation = OperationBuilder::new().operation_id(Some("x")).build();
        let paths = &mut document.paths;
        paths.add_path_operation("/x", vec![HttpMethod::Get], operation);
        let refused = Routes::new().checked(document).err().unwrap();
        assert!(refused.to_string().contains("states no rule"), "{refused}");
    }

    #[test]
    fn every_operation_of_this_door_states_its_rule_and_its_refusals() {
        let document = serde_json::to_value(crate::app::document().unwrap()).unwrap();
        let list = &document["paths"]["/api/submissions"]["get"];
        assert_eq!(list[EXTENSION], READ.described());
        assert_eq!(list["security"][0][BEARER][0], "submissions:read");
        assert!(list["responses"]["403"].is_object());
        let create = &document["paths"]["/api/submissions"]["post"];
        assert_eq!(create[EXTENSION]["who"], "public");
        assert_eq!(create["security"].as_array().map(Vec::len), Some(0));
        assert!(create["responses"]["401"].is_null());
    }
}
