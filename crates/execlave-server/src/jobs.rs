//! Background work: each job is safe to run twice and on several servers at once.

mod deliver;
mod expire;
mod flush;
mod tree_heads;

use std::time::Duration;

use crate::state::AppState;

/// Starts all of them; they end with the server.
pub(crate) fn start(state: &AppState) {
    every(state, Duration::from_secs(5), expire::run);
    every(state, Duration::from_secs(5), flush::run);
    every(state, Duration::from_mins(1), tree_heads::run);
    every(state, Duration::from_hours(1), deliver::forget);
    state.tasks.spawn(deliver::run(state.clone()));
}

fn every<F>(state: &AppState, pause: Duration, job: impl Fn(AppState) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let owned = state.clone();
    state.tasks.spawn(async move {
        let mut interval = tokio::time::interval(pause);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            job(owned.clone()).await;
        }
    });
}
