//! One trace from the form to ClickUp: W3C trace context in and out of spans.
//!
//! Without a collector no OpenTelemetry layer is installed, and all of this costs next to nothing and yields nothing;
//! the correlation id in events and rows still tells the chain of causes.

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator as _},
    trace::TraceContextExt as _,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Name of the header, metadata key and event attribute.
pub const TRACEPARENT: &str = "traceparent";

static ENABLED: AtomicBool = AtomicBool::new(false);

/// Called once by telemetry when spans are exported.
pub(crate) fn enable() {
    ENABLED.store(true, Ordering::Relaxed);
}

/// Whether spans are exported at all.
#[must_use]
pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}

struct One(Option<String>);

impl Injector for One {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = Some(value);
        }
    }
}

impl Extractor for One {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.as_deref().filter(|_| key == TRACEPARENT)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

fn context_of(traceparent: &str) -> Context {
    TraceContextPropagator::new()
        .extract_with_context(&Context::new(), &One(Some(traceparent.to_owned())))
}

/// The `traceparent` of the current span, to send along.
#[must_use]
pub fn current_traceparent() -> Option<String> {
    if !is_enabled() {
        return None;
    }
    let context = Span::current().context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = One(None);
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.0
}

/// Makes `span` a child of the caller's span. A malformed text is ignored: tracing must never refuse work.
pub fn set_parent(span: &Span, traceparent: &str) {
    if is_enabled() {
        // fails only when the span is disabled or started already, and then there is nothing to attach
        let _ = span.set_parent(context_of(traceparent));
    }
}

/// Links `span` to the span that caused it, without becoming its child: right for queue consumers that serve many.
pub fn add_link(span: &Span, traceparent: &str) {
    if is_enabled() {
        span.add_link(context_of(traceparent).span().span_context().clone());
    }
}
