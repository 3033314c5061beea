//! What a test in the same process does with a simulator, without the control interface.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::SimConfig;
use crate::faults::spec::Fault;
use crate::options::Options;
use crate::requests::Entry;
use crate::serve::serve;
use crate::sim::Sim;

/// How long, by the machine's clock, one step of virtual time waits for deliveries under way. A
/// receiver that holds an answer for longer is left behind.
const PATIENCE: Duration = Duration::from_secs(10);

/// A simulator that is served in this process. It stops when this goes out of scope.
#[derive(Debug)]
pub struct RunningSim {
    sim: Sim,
    address: SocketAddr,
    stop: CancellationToken,
    served: Option<JoinHandle<anyhow::Result<()>>>,
}

impl RunningSim {
    /// Starts a simulator on a free port of this machine.
    ///
    /// # Errors
    /// The state file cannot be used, or no port is free.
    pub async fn start(config: SimConfig) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("no port for the simulator")?;
        let address = listener.local_addr()?;
        let sim = Sim::new(config)?;
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, sim.clone(), stop.clone()));
        Ok(Self {
            sim,
            address,
            stop,
            served: Some(served),
        })
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The simulator itself.
    #[must_use]
    pub fn sim(&self) -> &Sim {
        &self.sim
    }

    /// Stops it and waits until its state file is written.
    ///
    /// # Errors
    /// Its listener had broken.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        match self.served.take() {
            Some(served) => served.await?,
            None => Ok(()),
        }
    }
}

impl Drop for RunningSim {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Sim {
    /// Stops the clock at `now` (epoch milliseconds), or where it is. From here on time passes only
    /// by [`Sim::advance`]: for the rate window, dates, delivery retries and delayed answers.
    pub fn use_virtual_time(&self, now: Option<i64>) {
        self.clock().set_virtual(now);
    }

    /// Lets time run again from where it stands.
    pub fn use_real_time(&self) {
        self.clock().set_real();
    }

    /// Lets virtual time pass. Goes from one thing that is due to the next, and waits until each is
    /// over, so that an hour with a hundred retries ends with all of them made. Does nothing while
    /// time is real.
    pub async fn advance(&self, by: Duration) {
        let mut left = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        while self.clock().is_virtual() {
            self.settled().await;
            if left <= 0 {
                return;
            }
            left -= self.clock().step(left);
        }
    }

    /// Waits until every delivery is over or waits for virtual time to pass.
    pub async fn settled(&self) {
        let settled = async {
            let mut looks = 0_u32;
            while !self.clock().is_settled(self.deliveries().open()) {
                // Most steps are over after a few turns of the runtime.
                if looks < 20 {
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                looks = looks.saturating_add(1);
            }
        };
        let _ = tokio::time::timeout(PATIENCE, settled).await;
    }

    /// Adds faults to those in force and gives their ids.
    ///
    /// # Errors
    /// A sentence about the first fault that makes no sense; then none is added.
    pub fn add_faults(&self, faults: Vec<Fault>) -> Result<Vec<u64>, String> {
        self.faults().add(faults)
    }

    /// Removes every fault and numbers new ones from the beginning, with dice that follow `seed`.
    pub fn reseed_faults(&self, seed: u64) {
        self.faults().reseed(seed);
    }

    /// Removes one fault, or all; what hung on them goes on.
    pub fn remove_faults(&self, id: Option<u64>) {
        self.faults().remove(id);
    }

    /// The switches as they are.
    #[must_use]
    pub fn options(&self) -> Options {
        self.read(|world| world.options.clone())
    }

    /// Sets all switches.
    pub fn set_options(&self, options: Options) {
        // Setting options cannot fail; the frame of a change can.
        let _ = self.change(|change| {
            change.world.options = options;
            Ok(())
        });
    }

    /// Changes the rate limit, and the window when one is given; all windows start anew.
    pub fn set_rate_limit(&self, limit: u32, window: Option<Duration>) {
        self.rates().set(limit, window);
    }

    /// At most `limit` requests after the entry `seq`, in the order of their answers.
    #[must_use]
    pub fn requests_after(&self, seq: u64, limit: usize) -> Vec<Entry> {
        self.log().after(seq, limit).entries
    }
}
