use crate::support::{at, first_page, id, two_orgs};
use execlave_core::ids::OrgId;
use execlave_store::bypasses::{BypassFilter, BypassLoss, BypassWindow};

fn window(org_id: OrgId, agent: &str, n: i64) -> BypassWindow {
    BypassWindow {
        org_id,
        id: id(),
        agent_id: agent.into(),
        agent_row_id: None,
        reason: "network_error".into(),
        source: "fail_open_network_error".into(),
        first_at: at(n),
        last_at: at(n + 10),
        bypasses: 3,
        message: Some("connection refused".into()),
        status: None,
        consecutive_failures: Some(1),
        sdk: "execlave-python python 1.9.1".into(),
        key_id: Some(id()),
        received_at: at(100),
    }
}

#[tokio::test]
async fn a_window_is_kept_once_and_audited_once() {
    let (store, ours, theirs) = two_orgs().await;
    let (first, second) = (window(ours, "a", 0), window(ours, "b", 1));
    let loss = BypassLoss {
        org_id: ours,
        id: id(),
        windows: 2,
        bypasses: 40,
        since: Some(at(-5)),
        sdk: first.sdk.clone(),
        key_id: None,
        received_at: at(100),
    };
    let record = async |windows: &[BypassWindow], loss: Option<&BypassLoss>| {
        store.record_bypasses(ours, windows, loss, "key:k", at(100)).await.expect("recorded")
    };
    assert_eq!(record(std::slice::from_ref(&first), Some(&loss)).await, 2);
    assert_eq!(record(&[first.clone(), second.clone(), second.clone()], Some(&loss)).await, 1);

    let all = store.list_bypasses(ours, &BypassFilter::default(), &first_page()).await;
    assert_eq!(format!("{:?}", all.expect("read").items), format!("{:?}", [second, first]));
    let of_a =
        BypassFilter { agent_id: Some("a".into()), until: Some(at(1)), ..Default::default() };
    assert_eq!(store.list_bypasses(ours, &of_a, &first_page()).await.expect("read").items.len(), 1);
    let losses = store.list_bypass_losses(ours).await.expect("read");
    assert_eq!(format!("{losses:?}"), format!("{:?}", [loss]));

    let audit = store.list_audit(ours, &first_page()).await.expect("read").items;
    let events = audit.iter().filter(|entry| entry.event == "enforcement.bypassed").count();
    assert_eq!(events, 3);
    assert_eq!(
        store
            .list_bypasses(theirs, &BypassFilter::default(), &first_page())
            .await
            .expect("read")
            .items
            .len(),
        0
    );
}
