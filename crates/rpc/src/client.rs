//! Channels to other services: one connection each, made when first used, again when it breaks.

use crate::config::Config;
use keylight_runtime::trace;
use secrecy::ExposeSecret as _;
use std::time::Duration;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport,
};
use url::Url;

/// A channel that shows the service token, sets a deadline and hands on the trace context.
pub type Channel = InterceptedService<transport::Channel, Outgoing>;

/// Adds to every call what all calls need.
#[derive(Clone)]
pub struct Outgoing {
    authorization: MetadataValue<Ascii>,
    deadline: Duration,
}

impl Interceptor for Outgoing {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        metadata.insert("authorization", self.authorization.clone());
        if let Some(value) = trace::current_traceparent().and_then(|text| text.parse().ok()) {
            metadata.insert(trace::TRACEPARENT, value);
        }
        // a deadline that the call site has set already is kept
        if !request.metadata().contains_key("grpc-timeout") {
            request.set_timeout(self.deadline);
        }
        Ok(request)
    }
}

/// A channel to the service at `url`. Nothing is sent yet: a service that is away shows at the first call.
///
/// # Errors
/// When the URL or the token cannot be used in a header.
pub fn channel(url: &Url, config: &Config) -> anyhow::Result<Channel> {
    let mut authorization: MetadataValue<Ascii> =
        format!("Bearer {}", config.token.expose_secret()).parse()?;
    authorization.set_sensitive(true);
    let endpoint = transport::Endpoint::from_shared(url.to_string())?
        .connect_timeout(Duration::from_secs(2))
        // the deadline travels in the metadata; this one holds even if the other side ignores it
        .timeout(config.deadline + Duration::from_millis(500))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    let outgoing = Outgoing {
        authorization,
        deadline: config.deadline,
    };
    Ok(InterceptedService::new(endpoint.connect_lazy(), outgoing))
}
