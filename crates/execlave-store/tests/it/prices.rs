use crate::support::{at, first_page, two_orgs};
use execlave_core::ids::OrgId;
use execlave_store::prices::ModelPrice;

fn price(org_id: OrgId, model: &str, input_nanos: i64) -> ModelPrice {
    ModelPrice {
        org_id,
        model: model.into(),
        input_nanos,
        output_nanos: 2,
        updated_at: at(input_nanos),
    }
}

#[tokio::test]
async fn a_price_is_set_replaced_and_taken_back() {
    let (store, ours, theirs) = two_orgs().await;
    for one in
        [price(ours, "b", 1), price(ours, "a", 2), price(ours, "b", 3), price(theirs, "b", 9)]
    {
        store.put_price(&one, "key:k").await.expect("written");
    }
    assert_eq!(
        store.list_prices(ours).await.expect("read"),
        [price(ours, "a", 2), price(ours, "b", 3)]
    );
    assert!(store.delete_price(ours, "b", "key:k", at(4)).await.expect("deleted"));
    assert!(!store.delete_price(ours, "b", "key:k", at(5)).await.expect("answered"));
    let mut all = store.list_prices_across_orgs().await.expect("read");
    all.sort_by_key(|price| price.input_nanos);
    assert_eq!(all, [price(ours, "a", 2), price(theirs, "b", 9)]);
    let audit = store.list_audit(ours, &first_page()).await.expect("read").items;
    let events: Vec<_> = audit.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(events, ["price.deleted", "price.updated", "price.updated", "price.updated"]);
}
