//! Files of tasks. They lie on other hosts than the API, so they are fetched by a client of their own that has no token, and
//! whose address is checked: it stands in a task, where any guest of the workspace may have put it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use url::{Host, Url};

use crate::error::{Class, ClickUpError, Sent, SetupError};
use crate::rate::RateInfo;
use crate::transport::{ClickUp, Options, is_loopback, observed};

/// For metrics and errors; the address itself is not for logs.
const ROUTE: &str = "GET /{file}";

/// Redirects that are followed.
const MOST_REDIRECTS: usize = 5;

/// Which addresses files may be fetched from.
#[derive(Clone)]
pub(crate) struct Addresses(Arc<Vec<Url>>);

impl Addresses {
    pub(crate) fn new(base: &Url, others: &[Url]) -> Self {
        Self(Arc::new(
            std::iter::once(base).chain(others).cloned().collect(),
        ))
    }

    /// Named ones, and every other by TLS if it has a name that can be a public one.
    fn allow(&self, url: &Url) -> bool {
        let clean = url.username().is_empty() && url.password().is_none();
        clean && (self.is_named(url) || is_public_name(url))
    }

    fn is_named(&self, url: &Url) -> bool {
        self.0.iter().any(|named| named.origin() == url.origin())
    }

    fn names_host(&self, host: &str) -> bool {
        self.0.iter().any(|named| named.host_str() == Some(host))
    }
}

fn is_public_name(url: &Url) -> bool {
    url.scheme() == "https"
        && matches!(url.host(), Some(Host::Domain(name)) if name.contains('.'))
        && !is_loopback(url)
}

/// Resolves names to public addresses only: a public name may point into our own network.
impl Resolve for Addresses {
    fn resolve(&self, name: Name) -> Resolving {
        let any = self.names_host(name.as_str());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await?
                .filter(|address| any || is_public(address.ip()))
                .collect();
            if found.is_empty() {
                return Err(io::Error::other("name has no public address").into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation()
                || first == 0
                || shared)
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public(mapped.into()),
            None => {
                !(address.is_loopback()
                    || address.is_unspecified()
                    || address.is_multicast()
                    || address.is_unique_local()
                    || address.is_unicast_link_local())
            }
        },
    }
}

/// The client for files: no token, no address that is not allowed, also not after a redirect.
pub(crate) fn client(
    addresses: &Addresses,
    base: &Url,
    options: &Options,
) -> Result<reqwest::Client, SetupError> {
    let allowed = addresses.clone();
    let policy = redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > MOST_REDIRECTS {
            attempt.error("too many redirects")
        } else if allowed.allow(attempt.url()) {
            attempt.follow()
        } else {
            attempt.error("redirect to an address that files are not fetched from")
        }
    });
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("keylight/", env!("CARGO_PKG_VERSION")))
        .redirect(policy)
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.timeout)
        .dns_resolver(addresses.clone());
    if is_loopback(base) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(SetupError::Http)
}

/// A file on its way from ClickUp, read piece by piece.
pub struct Download {
    response: reqwest::Response,
    left: u64,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download")
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}

impl Download {
    /// Bytes, when the host tells.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next piece; nothing at the end.
    ///
    /// # Errors
    /// [`Retry`](Class::Retry) when it breaks off, [`OurFault`](Class::OurFault) when it is longer than the limit.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ClickUpError> {
        let piece = self.response.chunk().await.map_err(failed)?;
        if let Some(piece) = &piece {
            self.left = self
                .left
                .checked_sub(piece.len() as u64)
                .ok_or_else(too_long)?;
        }
        Ok(piece)
    }
}

fn too_long() -> ClickUpError {
    ClickUpError::unsendable(ROUTE, "file is longer than the limit")
}

fn failed(error: reqwest::Error) -> ClickUpError {
    let class = if error.is_redirect() || error.is_builder() {
        Class::Unexpected
    } else if error.is_connect() {
        Class::Unreachable
    } else {
        Class::Retry
    };
    ClickUpError {
        class,
        status: None,
        ecode: None,
        sent: Sent::Maybe,
        retry_after: None,
        rate: RateInfo::default(),
        route: ROUTE,
        source: Some(Box::new(error.without_url())),
    }
}

impl ClickUp {
    /// Fetches a file of at most `limit` bytes from the address that its attachment names. The token is not sent, and the call is
    /// not one on the budget.
    ///
    /// # Errors
    /// [`OurFault`](Class::OurFault) when the address is not one that files are fetched from (other than https, a bare number, a
    /// name without a public address) or the file is longer than the limit; [`Gone`](Class::Gone) when the host does not have it.
    pub async fn download(&self, url: &str, limit: u64) -> Result<Download, ClickUpError> {
        let url = Url::parse(url)
            .ok()
            .filter(|url| self.addresses.allow(url))
            .ok_or_else(|| {
                ClickUpError::unsendable(ROUTE, "address is not one that files are fetched from")
            })?;
        let fetch = async {
            let request = self.files.get(url).timeout(self.options.transfer_timeout);
            let response = request.send().await.map_err(failed)?;
            let status = response.status();
            if !status.is_success() {
                return Err(ClickUpError {
                    class: match status.as_u16() {
                        404 => Class::Gone,
                        status => Class::of(status, None),
                    },
                    status: Some(status.as_u16()),
                    ecode: None,
                    sent: Sent::No,
                    retry_after: None,
                    rate: RateInfo::default(),
                    route: ROUTE,
                    source: None,
                });
            }
            if response
                .content_length()
                .is_some_and(|length| length > limit)
            {
                return Err(too_long());
            }
            Ok((status.as_u16(), response))
        };
        let (_, response) = observed(ROUTE, fetch, |(status, _)| *status).await?;
        Ok(Download {
            response,
            left: limit,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn only_public_names_by_tls() {
        let addresses = Addresses::new(
            &url("https://api.clickup.com/api"),
            &[url("http://127.0.0.1:8090")],
        );
        for allowed in [
            "https://t90161438581.p.clickup-attachments.com/t9/a.png?x=1",
            "https://api.clickup.com/file",
            "http://127.0.0.1:8090/files/a.png",
        ] {
            assert!(addresses.allow(&url(allowed)), "{allowed}");
        }
        for refused in [
            "http://t1.p.clickup-attachments.com/a.png",
            "https://127.0.0.1/a",
            "https://[::1]/a",
            "https://10.0.0.7/a",
            "https://localhost/a",
            "https://intranet/a",
            "https://x.localhost/a",
            "http://127.0.0.1:8091/a",
            "https://user:pw@files.example.com/a",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            assert!(!addresses.allow(&url(refused)), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_resolved() {
        let resolve =
            |base: &str| Addresses::new(&url(base), &[]).resolve("localhost".parse().unwrap());
        assert!(resolve("https://api.clickup.com/api").await.is_err());
        // the simulator itself may be there
        let mut found = resolve("http://localhost:8090/api").await.unwrap();
        assert!(found.all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn private_addresses_are_not_public() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["104.18.0.1", "2606:4700::1", "::ffff:104.18.0.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
