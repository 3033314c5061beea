//! The one TLS provider: rustls with ring.

/// Installs ring as the process-wide provider. Doing it twice is harmless.
///
/// Must run before the first HTTP client is built: without a provider that panics.
pub fn install() {
    // an error only says that a provider is installed already
    let _ = rustls::crypto::ring::default_provider().install_default();
}
