use crate::support::{agent, at, blocking, claim, create_org, decision, id, trace, two_orgs};
use execlave_core::decision::Outcome;
use execlave_core::ids::{AgentId, OrgId};
use execlave_core::policy::BudgetWindow;
use execlave_core::time::Timestamp;
use execlave_store::decisions::DecisionRecord;
use execlave_store::spend::{Charge, period_start};
use execlave_store::state::{Settled, StateAnswers, StateClaim};
use execlave_store::traces::{NewTrace, Trace};
use execlave_store::{ConnectOptions, Store};
use tokio::task::JoinSet;

fn charge(scope_key: impl Into<String>, window: BudgetWindow, cap_nanos: i64) -> Charge {
    Charge {
        scope_key: scope_key.into(),
        window,
        starts_at: period_start(window, at(0)),
        cap_nanos,
    }
}

/// The places of the exceeded budgets; what was allowed is reserved.
async fn reserve(
    store: &Store,
    org: OrgId,
    agent: AgentId,
    charges: &[Charge],
    nanos: i64,
    now: Timestamp,
) -> Vec<usize> {
    let claim =
        StateClaim { budgets: charges.to_vec(), amount_nanos: nanos, ..claim(org, agent, now) };
    let decided = store.decide(claim.clone(), blocking(&claim)).await.expect("decided");
    exceeded(&decided.answers)
}

fn exceeded(answers: &StateAnswers) -> Vec<usize> {
    let budgets = answers.budgets.iter().enumerate();
    budgets.filter(|(_, answer)| answer.exceeded).map(|(place, _)| place).collect()
}

/// What is spent and reserved on one row.
async fn spent(store: &Store, org: OrgId, scope: &str, window: BudgetWindow) -> i64 {
    let asked = StateClaim { budgets: vec![charge(scope, window, 0)], ..claim(org, id(), at(0)) };
    store.peek_state(&asked).await.expect("answered").budgets[0].spent_nanos
}

#[test]
fn periods_begin_on_the_clock() {
    assert_eq!(period_start(BudgetWindow::Hour, at(0)).to_string(), "2026-11-24T01:00:00.000Z");
    assert_eq!(period_start(BudgetWindow::Day, at(0)).to_string(), "2026-11-24T00:00:00.000Z");
    assert_eq!(period_start(BudgetWindow::Month, at(0)).to_string(), "2026-11-01T00:00:00.000Z");
    assert_eq!(
        period_start(BudgetWindow::Minute, at(61_000)).to_string(),
        "2026-11-24T01:31:00.000Z"
    );
    assert_eq!(
        period_start(BudgetWindow::Hour, Timestamp::from_millis(-1)).to_string(),
        "1969-12-31T23:00:00.000Z"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_reservations_never_pass_the_cap() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let other = Store::open(store.url(), &ConnectOptions::default()).await.expect("opened");
    let mut tasks = JoinSet::new();
    for n in 0..50 {
        let store = if n % 2 == 0 { (*store).clone() } else { other.clone() };
        tasks.spawn(async move {
            // The order of the charges differs, the order of the locks must not.
            let mut charges = vec![
                charge("org", BudgetWindow::Hour, 1_000),
                charge(format!("agent:{bot}"), BudgetWindow::Day, 170),
            ];
            if n % 3 == 0 {
                charges.reverse();
            }
            reserve(&store, ours, bot, &charges, 10, at(n)).await.is_empty()
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|admitted| *admitted).count(), 17);
    assert_eq!(
        spent(&store, ours, "org", BudgetWindow::Hour).await,
        170,
        "refused ones left nothing behind"
    );
    other.close().await;
}

#[tokio::test]
async fn all_or_nothing_and_every_exceeded_charge_is_named() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let charges = [
        charge("user:u", BudgetWindow::Hour, 50),
        charge("org", BudgetWindow::Day, 500),
        charge("session:s", BudgetWindow::Day, 40),
        charge("org", BudgetWindow::Day, 30),
    ];
    assert_eq!(reserve(&store, ours, bot, &charges, 60, at(0)).await, [0, 2, 3]);
    let asked =
        StateClaim { budgets: charges.to_vec(), amount_nanos: 60, ..claim(ours, bot, at(0)) };
    assert_eq!(exceeded(&store.peek_state(&asked).await.expect("answered")), [0, 2, 3]);
    for scope in ["user:u", "session:s", "org"] {
        assert_eq!(spent(&store, ours, scope, BudgetWindow::Day).await, 0, "{scope}");
    }
    assert_eq!(reserve(&store, ours, bot, &charges, 30, at(0)).await, [0; 0]);
    assert_eq!(
        spent(&store, ours, "org", BudgetWindow::Day).await,
        30,
        "two policies on one row count once"
    );
    assert_eq!(reserve(&store, ours, bot, &charges, 1, at(0)).await, [3]);
    assert_eq!(
        reserve(&store, ours, bot, &charges, 0, at(0)).await,
        [0; 0],
        "what costs nothing fits a full budget"
    );
    assert_eq!(reserve(&store, ours, bot, &[], 5, at(0)).await, [0; 0]);
    assert_eq!(spent(&store, theirs, "org", BudgetWindow::Day).await, 0);
    let foreign = agent(&store, theirs).await.id;
    assert_eq!(
        reserve(&store, theirs, foreign, &charges, 30, at(0)).await,
        [0; 0],
        "another organisation, another budget"
    );
}

#[tokio::test]
async fn an_allowed_action_is_charged_beyond_the_cap_and_a_waiting_one_not_at_all() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let decide = async |outcome: Outcome, nanos: i64| {
        let claim = StateClaim {
            budgets: vec![charge("org", BudgetWindow::Day, 20)],
            amount_nanos: nanos,
            ..claim(ours, bot, at(0))
        };
        let record = DecisionRecord { id: claim.decision, outcome, ..decision(ours, bot) };
        let settle = move |_: &StateAnswers| Settled { decision: record.clone(), approval: None };
        exceeded(&store.decide(claim, Box::new(settle)).await.expect("decided").answers)
    };
    assert_eq!(decide(Outcome::Allow, 15).await, [0; 0]);
    assert_eq!(decide(Outcome::Allow, 15).await, [0], "a policy that only warns lets it happen");
    assert_eq!(spent(&store, ours, "org", BudgetWindow::Day).await, 30);
    assert_eq!(decide(Outcome::RequireApproval, 15).await, [0]);
    assert_eq!(decide(Outcome::Block, 15).await, [0]);
    assert_eq!(spent(&store, ours, "org", BudgetWindow::Day).await, 30);
    assert_eq!(decide(Outcome::Allow, i64::MAX).await, [0]);
    assert_eq!(decide(Outcome::Allow, i64::MAX).await, [0], "sums do not overflow");
}

#[tokio::test]
async fn a_trace_settles_the_oldest_open_reservation_of_its_agent() {
    let (store, ours, _) = two_orgs().await;
    let (bot, other) = (agent(&store, ours).await.id, agent(&store, ours).await.id);
    let scope = format!("agent:{bot}");
    let budget = [charge(&scope, BudgetWindow::Hour, 1_000)];
    reserve(&store, ours, bot, &budget, 100, at(0)).await;
    reserve(&store, ours, bot, &budget, 40, at(1)).await;
    let cost = |agent, nanos, n| Trace {
        agent_row_id: Some(agent),
        cost_nanos: nanos,
        ..trace(ours, "t", n)
    };

    store.insert_traces(vec![cost(other, Some(5), 2)]).await.expect("stored");
    store.insert_traces(vec![cost(bot, None, 2)]).await.expect("stored");
    assert_eq!(
        spent(&store, ours, &scope, BudgetWindow::Hour).await,
        140,
        "another agent, or no cost: still reserved"
    );
    store.insert_traces(vec![cost(bot, Some(30), 3)]).await.expect("stored");
    assert_eq!(spent(&store, ours, &scope, BudgetWindow::Hour).await, 70, "30 instead of 100");
    // An hour later: the second reservation settles in the hour it was made in, the third cost has none and counts where it arrives.
    store
        .insert_traces(vec![cost(bot, Some(50), 3_600_000), cost(bot, Some(7), 3_600_001)])
        .await
        .expect("stored");
    assert_eq!(spent(&store, ours, &scope, BudgetWindow::Hour).await, 80);
    assert_eq!(
        spent(&store, ours, &scope, BudgetWindow::Day).await,
        87,
        "the day was never reserved, so it has every cost"
    );
    assert_eq!(spent(&store, ours, "org", BudgetWindow::Day).await, 92);
    assert_eq!(spent(&store, ours, "session:s-1", BudgetWindow::Day).await, 92);

    store
        .insert_traces((0..3).map(|n| cost(bot, Some(i64::MAX), n)).collect())
        .await
        .expect("absurd costs do not overflow");
    assert!(spent(&store, ours, "org", BudgetWindow::Day).await > i64::MAX / 4);
}

#[tokio::test]
async fn a_trace_settles_the_decision_or_trace_it_names() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let reserve = async |nanos: i64, trace_id: Option<&str>, now: i64| {
        let claim = StateClaim {
            budgets: vec![charge("org", BudgetWindow::Day, 10_000)],
            amount_nanos: nanos,
            trace_id: trace_id.map(Into::into),
            ..claim(ours, bot, at(now))
        };
        store.decide(claim.clone(), blocking(&claim)).await.expect("decided");
        claim.decision
    };
    reserve(1_000, None, 0).await;
    reserve(200, Some("tr_b"), 1).await;
    let named = reserve(30, None, 2).await;
    let spend = async || spent(&store, ours, "org", BudgetWindow::Day).await;
    assert_eq!(spend().await, 1_230);
    let cost = |trace_id: &str| Trace {
        agent_row_id: Some(bot),
        cost_nanos: Some(1),
        session_id: None,
        ..trace(ours, trace_id, 3)
    };
    let by_decision = NewTrace { decision_id: Some(named), ..cost("tr_x").into() };
    store.insert_traces(vec![by_decision]).await.expect("stored");
    assert_eq!(spend().await, 1_201);
    store.insert_traces(vec![cost("tr_b")]).await.expect("stored");
    assert_eq!(spend().await, 1_002);
    let again = NewTrace { decision_id: Some(named), ..cost("tr_y").into() };
    store.insert_traces(vec![again]).await.expect("stored");
    assert_eq!(spend().await, 3, "settled once: the second takes the agent's oldest");
    store.insert_traces(vec![cost("tr_b")]).await.expect("stored");
    assert_eq!(spend().await, 4, "nothing is left to settle");
}

#[tokio::test]
async fn what_is_never_settled_is_given_back_and_old_periods_are_forgotten() {
    let (store, ours, _) = two_orgs().await;
    let elsewhere = create_org(&store).await;
    let bot = agent(&store, ours).await.id;
    let budget = [charge("org", BudgetWindow::Day, 100)];
    reserve(&store, ours, bot, &budget, 100, at(0)).await;
    let foreign = agent(&store, elsewhere).await.id;
    reserve(&store, elsewhere, foreign, &budget, 60, at(0)).await;
    assert_eq!(reserve(&store, ours, bot, &budget, 1, at(1)).await, [0]);
    assert_eq!(store.expire_reservations_across_orgs(at(899_999)).await.expect("ran"), 0);
    assert_eq!(store.expire_reservations_across_orgs(at(900_000)).await.expect("ran"), 2);
    assert_eq!(spent(&store, ours, "org", BudgetWindow::Day).await, 0);
    store
        .insert_traces(vec![Trace { cost_nanos: Some(9), ..trace(ours, "t", 0) }])
        .await
        .expect("stored");
    assert_eq!(spent(&store, ours, "org", BudgetWindow::Day).await, 9);
    store.expire_reservations_across_orgs(at(3 * 86_400_000)).await.expect("ran");
    assert_eq!(spent(&store, ours, "org", BudgetWindow::Day).await, 0);
}
