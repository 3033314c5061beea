//! A load generator that costs little: raw HTTP/1.1 over kept connections, one request in flight on each.

use crate::words::{name, scatter};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

/// What a round of load showed.
#[derive(Debug, Clone)]
pub struct Round {
    /// Answers with the expected status.
    pub ok: u64,
    /// Other answers and broken connections.
    pub failed: u64,
    /// Length of the round.
    pub took: Duration,
    /// Time from the moment a request was due to its answer, sorted, in microseconds.
    latencies: Vec<u32>,
}

impl Round {
    /// Good answers per second.
    pub fn rate(&self) -> f64 {
        self.ok as f64 / self.took.as_secs_f64()
    }

    /// The latency below which `share` of the answers lie, in milliseconds.
    pub fn percentile(&self, share: f64) -> f64 {
        if self.latencies.is_empty() {
            return f64::NAN;
        }
        let at = ((self.latencies.len() - 1) as f64 * share).round() as usize;
        f64::from(self.latencies[at]) / 1000.0
    }
}

/// How hard to press, and what counts as good.
#[derive(Debug, Clone, Copy)]
pub struct Pressure {
    /// Connections, each with one request in flight.
    pub connections: usize,
    /// Length of the round.
    pub duration: Duration,
    /// Requests per second in all, where a late request counts from the moment it was due (so a stall is not hidden);
    /// none: as fast as answers come.
    pub rate: Option<f64>,
    /// The status of a good answer.
    pub expect: u16,
}

/// Posts applications to `path`.
pub async fn post(
    authority: &str,
    path: &'static str,
    connections: usize,
    duration: Duration,
    rate: Option<f64>,
    body: fn(u64) -> String,
    numbers: &Arc<AtomicU64>,
) -> anyhow::Result<Round> {
    let pressure = Pressure {
        connections,
        duration,
        rate,
        expect: 201,
    };
    let host = authority.to_owned();
    let request = move |number| {
        let json = body(number);
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{json}",
            json.len()
        )
    };
    run(authority, pressure, request, numbers).await
}

/// Gets paths with a bearer token.
pub async fn get(
    authority: &str,
    token: &str,
    pressure: Pressure,
    path: impl Fn(u64) -> String + Send + Sync + 'static,
    numbers: &Arc<AtomicU64>,
) -> anyhow::Result<Round> {
    let tail = format!(" HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {token}\r\n\r\n");
    let request = move |number| format!("GET {}{tail}", path(number));
    run(authority, pressure, request, numbers).await
}

/// Posts bodies with a header each, in one piece with its line ending, as `message` gives them.
pub async fn post_signed(
    authority: &str,
    path: &str,
    pressure: Pressure,
    message: impl Fn(u64) -> (String, String) + Send + Sync + 'static,
    numbers: &Arc<AtomicU64>,
) -> anyhow::Result<Round> {
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/json\r\n");
    let request = move |number| {
        let (header, body) = message(number);
        format!("{head}{header}content-length: {}\r\n\r\n{body}", body.len())
    };
    run(authority, pressure, request, numbers).await
}

async fn run(
    authority: &str,
    pressure: Pressure,
    request: impl Fn(u64) -> String + Send + Sync + 'static,
    numbers: &Arc<AtomicU64>,
) -> anyhow::Result<Round> {
    let began = Instant::now();
    let request = Arc::new(request);
    let mut workers = Vec::new();
    for worker in 0..pressure.connections {
        let share = worker as f64 / pressure.connections as f64;
        let (authority, numbers, request) =
            (authority.to_owned(), numbers.clone(), request.clone());
        workers.push(tokio::spawn(async move {
            work(&authority, pressure, began, share, &*request, &numbers).await
        }));
    }
    let (mut ok, mut failed, mut latencies) = (0, 0, Vec::new());
    for worker in workers {
        let (good, bad, times) = worker.await?;
        ok += good;
        failed += bad;
        latencies.extend(times);
    }
    let took = began.elapsed();
    latencies.sort_unstable();
    Ok(Round {
        ok,
        failed,
        took,
        latencies,
    })
}

/// One connection's round: good answers, others, and the times of the good ones. `share` spreads the connections'
/// first requests over the pause between two.
async fn work(
    authority: &str,
    pressure: Pressure,
    began: Instant,
    share: f64,
    request: &(impl Fn(u64) -> String + Send + Sync),
    numbers: &AtomicU64,
) -> (u64, u64, Vec<u32>) {
    let end = began + pressure.duration;
    let pause = pressure
        .rate
        .map(|rate| Duration::from_secs_f64(pressure.connections as f64 / rate));
    let mut due = began + pause.unwrap_or_default().mul_f64(share);
    let (mut ok, mut failed, mut latencies) = (0_u64, 0_u64, Vec::new());
    let mut connection = None;
    let mut buffer = Vec::with_capacity(8192);
    loop {
        match pause {
            Some(_) => tokio::time::sleep_until(due).await,
            None => due = Instant::now(),
        }
        if Instant::now() >= end {
            return (ok, failed, latencies);
        }
        let request = request(numbers.fetch_add(1, Ordering::Relaxed));
        match exchange(&mut connection, authority, request.as_bytes(), &mut buffer).await {
            Ok(status) if status == pressure.expect => {
                ok += 1;
                latencies.push(u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Ok(_) => failed += 1,
            Err(_) => {
                failed += 1;
                connection = None;
            }
        }
        if let Some(pause) = pause {
            due += pause;
        }
    }
}

async fn exchange(
    connection: &mut Option<TcpStream>,
    authority: &str,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> anyhow::Result<u16> {
    if connection.is_none() {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        *connection = Some(stream);
    }
    let stream = connection.as_mut().expect("connected above");
    stream.write_all(request).await?;
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            anyhow::bail!("connection closed");
        }
        let Some(head_end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&buffer[..head_end])?;
        let status: u16 = head.get(9..12).unwrap_or_default().parse()?;
        let length: usize = head
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().ok())?
            })
            .unwrap_or(0);
        while buffer.len() < head_end + 4 + length {
            if stream.read_buf(buffer).await? == 0 {
                anyhow::bail!("connection closed");
            }
        }
        return Ok(status);
    }
}

/// An application nobody has sent before.
pub fn application(number: u64) -> String {
    let run = std::process::id();
    let chance = scatter(number ^ (u64::from(run) << 32));
    let full_name = name(chance);
    let (exchange, line) = (chance >> 20 & 0x1ff, chance >> 32 & 0x1fff);
    let (category, company) = if number.is_multiple_of(4) {
        ("developer", "\"Acme Homes\"")
    } else {
        ("homebuyer", "null")
    };
    let budget = [
        "200k_250k",
        "250k_350k",
        "350k_400k",
        "400k_500k",
        "500k_plus",
    ][(number % 5) as usize];
    let timeline = [
        "less_than_3_months",
        "3_to_6_months",
        "6_to_12_months",
        "more_than_12_months",
    ][(number % 4) as usize];
    format!(
        r#"{{"full_name":"{full_name}","email_address":"bench-{run}-{number}@example.com","phone_number":"+1 (555) {exchange:03}-{line:04}","company_name":{company},"buyer_category":"{category}","financing_plan":"finance_build","interested_in_preferred_lender":true,"land_status":"own_land","lot_address":"{number} Elm Street, Springfield","build_budget":"{budget}","construction_timeline":"{timeline}","project_description":"Three bedrooms, a porch towards the garden, and room for a workshop. Number {number}."}}"#
    )
}
