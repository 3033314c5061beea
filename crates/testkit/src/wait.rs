//! Waiting for a condition instead of for time.

use std::{future::Future, time::Duration};
use tokio::time::Instant;

/// Asks `probe` again and again until it answers `Ok`, and returns that.
///
/// `probe` answers `Err(state)` while it is not so yet; the last state is in the message if it never is.
///
/// # Panics
/// After `timeout`. A slow machine should not make a test fail: choose it large.
pub async fn wait_until<T, F, Fut>(what: &str, timeout: Duration, mut probe: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, String>>,
{
    let deadline = Instant::now() + timeout;
    let mut pause = Duration::from_millis(5);
    let mut state = "none".to_owned();
    loop {
        let asked = Instant::now();
        state = match tokio::time::timeout_at(deadline, probe()).await {
            Ok(Ok(value)) => return value,
            Ok(Err(state)) => state,
            // the state before tells more than a probe that was cut off in the middle
            Err(_) => format!(
                "{state}, and the last probe did not answer within {:.1} s",
                asked.elapsed().as_secs_f32()
            ),
        };
        assert!(
            Instant::now() < deadline,
            "waited {} s until {what}; last state: {state}",
            timeout.as_secs_f32()
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn returns_what_the_probe_found() {
        let mut asked = 0;
        let found = wait_until("third time", Duration::from_secs(5), || {
            asked += 1;
            let now = asked;
            async move {
                if now == 3 {
                    Ok(now)
                } else {
                    Err(format!("asked {now} times"))
                }
            }
        })
        .await;
        assert_eq!(found, 3);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "last state: never")]
    async fn tells_the_last_state() {
        wait_until("pigs fly", Duration::from_secs(1), || async {
            Err::<(), _>("never".to_owned())
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "last state: two, and the last probe did not answer within 7.0 s")]
    async fn tells_the_state_before_a_probe_that_hangs() {
        let mut first = true;
        wait_until("pigs fly", Duration::from_millis(7_005), || {
            let hang = !std::mem::take(&mut first);
            async move {
                if hang {
                    std::future::pending::<()>().await;
                }
                Err::<(), _>("two".to_owned())
            }
        })
        .await;
    }
}
