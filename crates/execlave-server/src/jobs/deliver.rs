//! Delivers events to webhooks: as soon as a change announces that there are some, and when the time of a retry has come.

use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::state::AppState;
use crate::webhooks::Tries;

/// How late a retry may be.
const LOOK_EVERY: Duration = Duration::from_secs(1);

const DAY_MS: i64 = 86_400_000;

/// How long the record of what was delivered is kept, and of what was given up.
const DELIVERED_DAYS: i64 = 7;
const DEAD_DAYS: i64 = 30;

/// Runs until the server stops. What is being tried when the server stops counts as lost, and is tried again by whoever runs next.
pub(super) async fn run(state: AppState) {
    let mut clock = tokio::time::interval(LOOK_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tries = Tries::default();
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            true = tries.next() => {}
            () = state.directory.delivery_announced() => {}
        }
        if let Err(error) = tries.begin(&state).await {
            tracing::warn!(%error, "what is due to webhooks cannot be read: it is tried again in a second");
        }
    }
}

/// Forgets what has ended long ago.
pub(super) async fn forget(state: AppState) {
    let now = state.clock.now();
    let before = |days: i64| now.minus_millis(days * DAY_MS);
    let forgotten =
        state.store.forget_deliveries_across_orgs(before(DELIVERED_DAYS), before(DEAD_DAYS)).await;
    if let Err(error) = forgotten {
        tracing::warn!(%error, "old deliveries are forgotten in an hour");
    }
}
