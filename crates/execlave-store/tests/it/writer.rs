use std::time::Duration;

use crate::support::{agent, at, decision, first_page, id, trace, two_orgs};
use execlave_store::decisions::DecisionFilter;
use execlave_store::traces::{Trace, TraceFilter};
use execlave_store::{ConnectOptions, Store, StoreError};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_job_fails_alone() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let mut jobs = JoinSet::new();
    for n in 0..100 {
        let store = (*store).clone();
        jobs.spawn(async move {
            let agent_id = if n % 33 == 7 { id() } else { bot.id };
            store.record_decision(decision(ours, agent_id)).await
        });
    }
    let results = jobs.join_all().await;
    let failed: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(failed.len(), 3);
    assert!(
        failed.iter().all(|error| matches!(error, StoreError::InvalidReference("decision"))),
        "{failed:?}"
    );
    let counts = store.count_decisions_since(ours, at(0)).await.expect("counted");
    assert_eq!(counts.allow, 97);

    let taken = trace(ours, "first", 0);
    store.insert_traces(vec![taken.clone()]).await.expect("stored");
    let twice = store
        .insert_traces(vec![trace(ours, "second", 1), Trace { trace_id: "again".into(), ..taken }])
        .await;
    assert!(matches!(twice, Err(StoreError::Conflict("trace"))), "{twice:?}");
    let stored =
        store.list_traces(ours, &TraceFilter::default(), &first_page()).await.expect("read").items;
    assert_eq!(stored.len(), 1, "all of a call or none");
}

#[tokio::test]
async fn a_full_queue_refuses_and_recovers() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let bulk = || (0..6_000).map(|n| trace(ours, "t", n)).collect::<Vec<_>>();
    // The others are submitted while the first is being written, which takes thousands of times as long.
    let (first, second, third) = tokio::join!(
        store.insert_traces(bulk()),
        store.insert_traces(bulk()),
        store.record_decision(decision(ours, bot.id))
    );
    first.expect("there was room");
    assert!(matches!(second, Err(StoreError::Unavailable(_))), "{second:?}");
    third.expect("there was still room for one");
    store.record_decision(decision(ours, bot.id)).await.expect("there is room again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_get_their_turn_to_write() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await;
    // Nobody else writes: the writer has no reason to give its connection back by itself.
    store.record_decision(decision(ours, bot.id)).await.expect("recorded");
    agent(&store, ours).await;
    // The writer is never idle.
    let mut jobs = JoinSet::new();
    for _ in 0..8 {
        let store = (*store).clone();
        jobs.spawn(async move {
            loop {
                store.record_decision(decision(ours, bot.id)).await.expect("recorded");
            }
        });
    }
    for _ in 0..20 {
        agent(&store, ours).await;
    }
    jobs.shutdown().await;
    let counts = store.count_decisions_since(ours, at(0)).await.expect("counted");
    assert!(counts.allow > 1, "{counts:?}");
}

#[tokio::test]
async fn closing_writes_what_waits_and_refuses_the_rest() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let records: Vec<_> = (0..50).map(|_| decision(ours, bot.id)).collect();
    let mut waiting = JoinSet::new();
    for record in records {
        let store = (*store).clone();
        waiting.spawn(async move { store.record_decision(record).await });
    }
    tokio::task::yield_now().await;
    store.close().await;
    for result in waiting.join_all().await {
        result.expect("it was accepted before the end");
    }
    let late = store.record_decision(decision(ours, bot.id)).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    let again = Store::open(store.url(), &ConnectOptions::default()).await.expect("opened");
    let page =
        again.list_decisions(ours, &DecisionFilter::default(), &first_page()).await.expect("read");
    assert_eq!(page.items.len(), 50);
    again.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_write_to_the_same_rows_do_not_stop_each_other() {
    let (store, ours, _) = two_orgs().await;
    let bots = [agent(&store, ours).await.id, agent(&store, ours).await.id];
    let other = Store::open(store.url(), &ConnectOptions::default()).await.expect("opened");
    let mut tasks = JoinSet::new();
    for n in 0..60 {
        let store = if n % 2 == 0 { (*store).clone() } else { other.clone() };
        let agent_row_id = Some(bots[n % 3 % 2]);
        tasks.spawn(async move {
            let rows = (0..5)
                .map(|_| Trace {
                    agent_row_id,
                    cost_nanos: Some(1),
                    user_id: Some(format!("u{}", n % 7)),
                    ..trace(ours, "t", 0)
                })
                .collect();
            tokio::time::timeout(Duration::from_secs(20), store.insert_traces(rows))
                .await
                .expect("in time")
                .expect("stored");
        });
    }
    tasks.join_all().await;
    assert_eq!(store.usage(ours, at(0)).await.expect("counted").traces, 300);
    other.close().await;
}
