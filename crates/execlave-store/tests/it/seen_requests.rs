use std::sync::Arc;

use execlave_store::seen_requests::SeenRequest;
use tokio::task::JoinSet;

use crate::support::{at, id, two_orgs};

#[tokio::test]
async fn a_request_is_new_once_also_among_many_at_once() {
    let (store, ours, theirs) = two_orgs().await;
    let store = Arc::new(store);
    let key = id();
    let request = |org_id, digest: &str, seen| SeenRequest {
        org_id,
        key_id: key,
        digest: digest.to_owned(),
        seen_at: at(seen),
        expires_at: at(1_000),
    };
    let mut alike = JoinSet::new();
    for n in 0..20 {
        let (store, request) = (Arc::clone(&store), request(ours, "same", n));
        alike.spawn(async move { store.remember_request(request).await.expect("remembered") });
    }
    let answers = alike.join_all().await;
    assert_eq!(answers.iter().filter(|seen| seen.is_none()).count(), 1, "{answers:?}");

    let ask = async |org, digest, seen| {
        store.remember_request(request(org, digest, seen)).await.expect("remembered")
    };
    assert_eq!(ask(theirs, "same", 5).await, None);
    assert_eq!(ask(ours, "other", 7).await, None);
    assert_eq!(ask(ours, "other", 9).await, Some(at(7)));
    store.forget_requests_across_orgs(at(999)).await.expect("forgotten");
    assert_eq!(ask(ours, "other", 9).await, Some(at(7)));
    store.forget_requests_across_orgs(at(1_000)).await.expect("forgotten");
    assert_eq!(ask(ours, "other", 9).await, None);
}
