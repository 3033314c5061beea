//! A collector of traces (OTLP over gRPC) that keeps what it is sent.

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1 as wire,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{net::TcpListener, task::AbortHandle};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

pub use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

/// A span as tests look at it; ids in hexadecimal.
#[derive(Debug, Clone)]
pub struct Span {
    /// The program that made it.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Server, client, consumer, ...
    pub kind: SpanKind,
    /// The trace.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// The span above it; empty if it begins a trace.
    pub parent: String,
    /// Trace and span ids of what it is linked to.
    pub links: Vec<(String, String)>,
    attributes: Vec<KeyValue>,
}

impl Span {
    fn read(service: &str, span: wire::Span) -> Self {
        Self {
            service: service.to_owned(),
            kind: span.kind(),
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            links: span
                .links
                .iter()
                .map(|link| (hex(&link.trace_id), hex(&link.span_id)))
                .collect(),
            name: span.name,
            attributes: span.attributes,
        }
    }

    /// An attribute that is a text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        text(&self.attributes, key)
    }

    /// Whether `other` is above it, or linked to it.
    #[must_use]
    pub fn follows(&self, other: &Span) -> bool {
        (self.trace == other.trace && self.parent == other.id)
            || self
                .links
                .iter()
                .any(|(trace, id)| *trace == other.trace && *id == other.id)
    }
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that was exported, in the form in which it came.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

impl Kept {
    fn requests(&self) -> MutexGuard<'_, Vec<ExportTraceServiceRequest>> {
        // a request is pushed as a whole, so a panic elsewhere leaves nothing half done
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl TraceService for Kept {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.requests().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// A collector on a free port. Ends with this value.
pub struct Collector {
    url: String,
    kept: Kept,
    server: AbortHandle,
}

impl Collector {
    /// Starts one.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let kept = Kept::default();
        let server = Server::builder()
            .add_service(TraceServiceServer::new(kept.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        Self {
            url: format!("http://{address}"),
            kept,
            server: tokio::spawn(server).abort_handle(),
        }
    }

    /// What `KEYLIGHT_OTLP_ENDPOINT` must be.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every span so far.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for part in self
            .kept
            .requests()
            .iter()
            .flat_map(|request| &request.resource_spans)
        {
            let resource = part
                .resource
                .as_ref()
                .map_or(&[][..], |resource| &resource.attributes);
            let service = text(resource, "service.name").unwrap_or_default();
            for span in part.scope_spans.iter().flat_map(|scope| &scope.spans) {
                spans.push(Span::read(service, span.clone()));
            }
        }
        spans
    }

    /// Everything that was exported, as one text: names, attributes, events, resources.
    #[must_use]
    pub fn everything(&self) -> String {
        format!("{:?}", *self.kept.requests())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}
