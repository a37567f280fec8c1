use crate::support::{agent, at, blocking, claim, decision, first_page, trace, two_orgs, waiting};
use execlave_core::decision::Outcome;
use execlave_core::ids::{AgentId, OrgId};
use execlave_core::policy::BudgetWindow;
use execlave_store::decisions::{DecisionFilter, DecisionRecord};
use execlave_store::spend::{Charge, period_start};
use execlave_store::state::{Mark, RateLimit, SequenceQuestion, Settled, StateAnswers, StateClaim};
use execlave_store::traces::NewTrace;
use execlave_store::{ConnectOptions, Store};
use tokio::task::JoinSet;

const MINUTE: i64 = 60_000;

fn limit(scope_key: &str, limit: u64) -> RateLimit {
    RateLimit { scope_key: scope_key.into(), window_ms: MINUTE, limit }
}

/// Whether an action at that moment was let through.
async fn acts(store: &Store, org: OrgId, agent: AgentId, limits: &[RateLimit], now: i64) -> bool {
    let claim = StateClaim { rates: limits.to_vec(), ..claim(org, agent, at(now)) };
    let decided = store.decide(claim.clone(), blocking(&claim)).await.expect("decided");
    decided.answers.rates.iter().all(|over| !over)
}

#[tokio::test]
async fn a_rate_slides_is_shared_by_nodes_and_survives_a_restart() {
    let (store, ours, theirs) = two_orgs().await;
    let (bot, foreign) = (agent(&store, ours).await.id, agent(&store, theirs).await.id);
    let other = Store::open(store.url(), &ConnectOptions::default()).await.expect("opened");
    let two = [limit("org", 2)];
    assert!(acts(&store, ours, bot, &two, 0).await);
    assert!(acts(&other, ours, bot, &two, 30_000).await, "another node");
    assert!(!acts(&store, ours, bot, &two, 59_999).await);
    assert!(!acts(&other, ours, bot, &two, 60_500).await, "a slice counts whole");
    other.close().await;
    let again = Store::open(store.url(), &ConnectOptions::default()).await.expect("opened");
    assert!(acts(&again, ours, bot, &two, 61_000).await);
    assert!(!acts(&again, ours, bot, &two, 61_001).await);
    assert!(acts(&again, theirs, foreign, &two, 61_001).await, "another organisation");
    assert!(acts(&again, ours, bot, &[limit("user:u", 1)], 61_001).await, "another counter");
    again.close().await;
}

#[tokio::test]
async fn a_refused_action_counts_nowhere_and_one_that_waits_counts() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let both = [limit("org", 5), limit("user:u", 1)];
    assert!(acts(&store, ours, bot, &both, 0).await);
    for _ in 0..6 {
        assert!(!acts(&store, ours, bot, &both, 1).await);
    }
    let asked = StateClaim { rates: vec![limit("org", 2)], ..claim(ours, bot, at(2)) };
    let (new, record) = waiting(ours, bot, "a");
    let record = DecisionRecord { id: asked.decision, ..record };
    let settle =
        move |_: &StateAnswers| Settled { decision: record.clone(), approval: Some(new.clone()) };
    let decided = store.decide(asked, Box::new(settle)).await.expect("decided");
    assert_eq!(decided.answers.rates, [false]);
    let approval = decided.approval.expect("a person is asked");
    let recorded = store.list_decisions(ours, &DecisionFilter::default(), &first_page()).await;
    let recorded = recorded.expect("read").items;
    assert!(recorded.iter().any(|decision| decision.approval_id == Some(approval.id)));
    assert!(!acts(&store, ours, bot, &[limit("org", 2)], 3).await, "the waiting one counts");
    let peek = StateClaim { rates: vec![limit("org", 3)], ..claim(ours, bot, at(3)) };
    for _ in 0..3 {
        assert_eq!(store.peek_state(&peek).await.expect("answered").rates, [false]);
    }
}

#[tokio::test]
async fn a_mark_is_left_by_actions_and_traces_and_only_looks_back() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let mark = Mark { sequence: "session:s".into(), matcher: "ab".repeat(16) };
    let happened = async |org: OrgId, now: i64, max_age_ms: Option<i64>| {
        let question = SequenceQuestion { mark: mark.clone(), max_age_ms };
        let asked = StateClaim { sequences: vec![question], ..claim(org, bot, at(now)) };
        store.peek_state(&asked).await.expect("answered").sequences[0]
    };
    let act = async |outcome: Outcome, now: i64| {
        let claim = StateClaim { marks: vec![mark.clone()], ..claim(ours, bot, at(now)) };
        let record = DecisionRecord { id: claim.decision, outcome, ..decision(ours, bot) };
        let settle = move |_: &StateAnswers| Settled { decision: record.clone(), approval: None };
        store.decide(claim, Box::new(settle)).await.expect("decided");
    };
    act(Outcome::Block, 0).await;
    assert!(!happened(ours, 1, None).await, "a blocked action did not happen");
    act(Outcome::Allow, 1_000).await;
    assert!(happened(ours, 2_000, Some(1_000)).await);
    assert!(!happened(ours, 2_001, Some(1_000)).await);
    assert!(!happened(theirs, 2_000, None).await);
    let reported = NewTrace { marks: vec![mark.clone()], ..trace(ours, "t", 5_000).into() };
    store.insert_traces(vec![reported]).await.expect("stored");
    assert!(happened(ours, 6_000, Some(1_000)).await, "a trace leaves marks too");
    store.forget_state_across_orgs(at(91 * 86_400_000)).await.expect("ran");
    assert!(!happened(ours, 6_000, None).await);
}

/// Ten thousand requests at once, on two nodes, against one budget that has room for a part of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_requests_never_pass_one_budget() {
    const REQUESTS: i64 = 10_000;
    const COST: i64 = 7;
    const CAP: i64 = 20_000;
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let other = Store::open(store.url(), &ConnectOptions::default()).await.expect("opened");
    let budget = Charge {
        scope_key: "org".into(),
        window: BudgetWindow::Month,
        starts_at: period_start(BudgetWindow::Month, at(0)),
        cap_nanos: CAP,
    };
    let mut tasks = JoinSet::new();
    for n in 0..REQUESTS {
        let node = if n % 2 == 0 { (*store).clone() } else { other.clone() };
        let claim = StateClaim {
            budgets: vec![budget.clone()],
            amount_nanos: COST,
            rates: vec![limit("org", 1_000_000)],
            ..claim(ours, bot, at(n % 1_000))
        };
        tasks.spawn(async move {
            // What does not fit into the queue is answered 503 and is tried again, as a client would.
            loop {
                match node.decide(claim.clone(), blocking(&claim)).await {
                    Ok(decided) => return !decided.answers.budgets[0].exceeded,
                    Err(execlave_store::StoreError::Unavailable(_)) => {
                        tokio::task::yield_now().await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    let admitted = tasks.join_all().await.into_iter().filter(|admitted| *admitted).count();
    assert_eq!(
        i64::try_from(admitted).expect("fits"),
        CAP / COST,
        "all the room is used, and no more"
    );
    let asked = StateClaim { budgets: vec![budget], ..claim(ours, bot, at(1_000)) };
    let answer = store.peek_state(&asked).await.expect("answered").budgets[0];
    assert_eq!(answer.spent_nanos, CAP / COST * COST);
    let counts = store.count_decisions_since(ours, at(0)).await.expect("counted");
    assert_eq!(
        (counts.allow, counts.total()),
        (CAP / COST, REQUESTS),
        "every answer has its record"
    );
    other.close().await;
}

/// The process ends while requests are in flight: what was answered is there, and no reservation is there without its decision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_of_reservations_loses_nothing() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let node = Store::open(store.url(), &ConnectOptions::default()).await.expect("opened");
    let budget = Charge {
        scope_key: "org".into(),
        window: BudgetWindow::Day,
        starts_at: period_start(BudgetWindow::Day, at(0)),
        cap_nanos: 1_000_000,
    };
    let mut tasks = JoinSet::new();
    for n in 0..2_000 {
        let node = node.clone();
        let claim = StateClaim {
            budgets: vec![budget.clone()],
            amount_nanos: 10,
            ..claim(ours, bot, at(n))
        };
        tasks.spawn(async move { node.decide(claim.clone(), blocking(&claim)).await.is_ok() });
    }
    let first = tasks.join_next().await.expect("a task").expect("it ran");
    node.close().await;
    let answered = tasks.join_all().await.into_iter().chain([first]).filter(|ok| *ok).count();
    let answered = i64::try_from(answered).expect("fits");
    assert!(answered > 0);
    let again = Store::open(store.url(), &ConnectOptions::default()).await.expect("opened");
    let recorded = again.count_decisions_since(ours, at(0)).await.expect("counted").allow;
    let asked = StateClaim { budgets: vec![budget], ..claim(ours, bot, at(1)) };
    let spent = again.peek_state(&asked).await.expect("answered").budgets[0].spent_nanos;
    assert_eq!(spent, recorded * 10, "one reservation per recorded decision");
    assert!(recorded >= answered, "whatever was answered is there: {recorded} of {answered}");
    again.close().await;
}
