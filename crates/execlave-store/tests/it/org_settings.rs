use crate::support::{at, first_page, two_orgs};
use execlave_store::changes::{Change, Noun};
use execlave_store::org_settings::OrgSettings;

#[tokio::test]
async fn settings_are_replaced_audited_and_announced() {
    let (store, ours, theirs) = two_orgs().await;
    assert!(store.find_org_settings(ours).await.expect("read").is_none());
    let mut changes = store.changes();
    let first = OrgSettings {
        org_id: ours,
        keep_input: Some(true),
        red_team_gate: false,
        updated_at: at(1),
    };
    let second =
        OrgSettings { keep_input: None, red_team_gate: true, updated_at: at(2), ..first.clone() };
    store.put_org_settings(&first, "user:u").await.expect("written");
    let notice = changes.recv().await.expect("a notice");
    assert_eq!(notice, Change::Row { org_id: ours, noun: Noun::Settings, id: ours.as_uuid() });
    store.put_org_settings(&second, "user:u").await.expect("written");
    assert_eq!(store.find_org_settings(ours).await.expect("read"), Some(second.clone()));
    assert_eq!(store.find_org_settings(theirs).await.expect("read"), None);
    assert_eq!(store.list_org_settings_across_orgs().await.expect("read"), [second]);
    let audit = store.list_audit(ours, &first_page()).await.expect("read").items;
    assert_eq!(audit[0].event, "organization.settings_updated");
    assert!(store.list_audit(theirs, &first_page()).await.expect("read").items.is_empty());
}
