use crate::support::{at, first_page, id, two_orgs};
use execlave_core::ids::OrgId;
use execlave_core::policy::BudgetWindow;
use execlave_store::cost_rules::{CostRule, RuleAction, RuleScope};

fn rule(org_id: OrgId, n: i64) -> CostRule {
    CostRule {
        org_id,
        id: id(),
        name: format!("rule {n}"),
        scope: RuleScope::Workspace,
        scope_id: Some("w".into()),
        period: BudgetWindow::Minute,
        cap_nanos: 7,
        action: RuleAction::PauseAgent,
        warning_threshold_pct: Some(80),
        burn_rate_alert_enabled: true,
        is_active: true,
        created_at: at(n),
        updated_at: at(n),
    }
}

#[tokio::test]
async fn rules_are_made_changed_deleted_and_audited() {
    let (store, ours, theirs) = two_orgs().await;
    let (first, second) = (rule(ours, 1), rule(ours, 2));
    for one in [&first, &second, &rule(theirs, 3)] {
        store.create_cost_rule(one, "user:u").await.expect("created");
    }
    let page = store.list_cost_rules(ours, &first_page()).await.expect("read");
    assert_eq!(page.items, [second.clone(), first.clone()]);
    let changed = CostRule {
        is_active: false,
        scope: RuleScope::Org,
        scope_id: None,
        period: BudgetWindow::Month,
        action: RuleAction::Warn,
        warning_threshold_pct: None,
        updated_at: at(9),
        ..first.clone()
    };
    assert!(store.update_cost_rule(&changed, "user:u").await.expect("changed"));
    assert_eq!(store.find_cost_rule(ours, first.id).await.expect("read"), Some(changed.clone()));
    assert_eq!(store.active_cost_rules(ours).await.expect("read"), [second]);
    assert_eq!(store.list_active_cost_rules_across_orgs().await.expect("read").len(), 2);

    let foreign = CostRule { org_id: theirs, ..changed };
    assert!(!store.update_cost_rule(&foreign, "user:eve").await.expect("answered"));
    assert!(store.find_cost_rule(theirs, first.id).await.expect("read").is_none());
    assert!(!store.delete_cost_rule(theirs, first.id, "user:eve", at(9)).await.expect("answered"));
    assert!(store.delete_cost_rule(ours, first.id, "user:u", at(9)).await.expect("deleted"));
    let audit = store.list_audit(ours, &first_page()).await.expect("read").items;
    let events: Vec<_> = audit.iter().map(|entry| entry.event.as_str()).collect();
    let made = "cost_budget_rule.created";
    assert_eq!(events, ["cost_budget_rule.deleted", "cost_budget_rule.updated", made, made]);
}
