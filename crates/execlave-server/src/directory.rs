//! Keys, agents and compiled policies in memory: authentication and `enforce` read no table.
//!
//! The store announces every change; `Directory::follow` reads the row again and swaps it in. The operation that makes a change also
//! calls `refresh_…` before it answers, so that the very next request on this server sees it. There is no time to live: nothing here is
//! ever "probably still right".

mod agents;
mod credentials;
mod keys;
mod news;
mod policies;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use execlave_core::ids::{AgentId, KeyId, OrgId};
use execlave_store::Store;
use execlave_store::agents::Agent;
use execlave_store::changes::{Change, Noun};
use execlave_store::cost_rules::CostRule;
use execlave_store::credentials::RevokedCredential;
use execlave_store::error::StoreError;
use execlave_store::org_settings::OrgSettings;
use execlave_store::prices::ModelPrice;
use execlave_store::validators::Validator;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

pub use agents::AgentEntry;
use agents::Agents;
pub use keys::KeyEntry;
use keys::entry;
use news::News;
pub use policies::OrgPolicies;
use policies::Policies;

use crate::prices::{OwnPrices, Price};
use crate::touched::Touched;

/// More agents are not read one by one.
const MANY: usize = 100;

/// The memory of one server.
#[derive(Debug, Default)]
pub struct Directory {
    keys: RwLock<HashMap<String, Arc<KeyEntry>>>,
    agents: RwLock<Agents>,
    policies: RwLock<Policies>,
    settings: RwLock<HashMap<OrgId, Arc<OrgSettings>>>,
    prices: RwLock<HashMap<OrgId, Arc<OwnPrices>>>,
    cost_rules: RwLock<HashMap<OrgId, Arc<Vec<CostRule>>>>,
    validators: RwLock<HashMap<(OrgId, Uuid), Arc<Validator>>>,
    revoked_credentials: RwLock<HashMap<(OrgId, Uuid), RevokedCredential>>,
    /// INVARIANT: rows are read and swapped in while this is held, so an older reading never replaces a newer one.
    refreshing: Mutex<()>,
    /// When keys and agents were last seen.
    pub(crate) touched: Touched,
    /// Who waits for the next change.
    news: News,
    /// Wakes who delivers to webhooks.
    deliveries: Notify,
}

impl Directory {
    /// Reads everything.
    pub async fn load(&self, store: &Store) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        let keys = store.list_keys_across_orgs().await?;
        let agents = store.list_agents_across_orgs().await?;
        let baselines = store.list_tool_baselines_across_orgs().await?;
        let validators = store.list_validators_across_orgs().await?;
        let revoked = store.list_revoked_credentials_across_orgs().await?;
        let mut rules: HashMap<OrgId, Vec<CostRule>> = HashMap::new();
        for rule in store.list_active_cost_rules_across_orgs().await? {
            rules.entry(rule.org_id).or_default().push(rule);
        }
        let epochs = store.policy_epochs_across_orgs().await?.into_iter().collect();
        let policies = Policies::from_records(store.list_policies_across_orgs().await?, &epochs);
        for set in policies.sets() {
            store.ensure_policy_set(&set).await?;
        }
        let settings = store.list_org_settings_across_orgs().await?;
        let mut prices: HashMap<OrgId, OwnPrices> = HashMap::new();
        for price in store.list_prices_across_orgs().await? {
            prices.entry(price.org_id).or_default().insert(price.model.clone(), price_of(&price));
        }
        *write(&self.keys) =
            keys.into_iter().map(|key| (key.hash.clone(), Arc::new(entry(key)))).collect();
        *write(&self.agents) = Agents::of(agents, baselines);
        *write(&self.validators) =
            validators.into_iter().map(|one| ((one.org_id, one.id), Arc::new(one))).collect();
        *write(&self.revoked_credentials) =
            revoked.into_iter().map(|one| ((one.org_id, one.id), one)).collect();
        *write(&self.cost_rules) =
            rules.into_iter().map(|(org, rules)| (org, Arc::new(rules))).collect();
        *write(&self.policies) = policies;
        *write(&self.settings) =
            settings.into_iter().map(|settings| (settings.org_id, Arc::new(settings))).collect();
        *write(&self.prices) =
            prices.into_iter().map(|(org, prices)| (org, Arc::new(prices))).collect();
        self.news.tell_everybody();
        self.news.report(Change::Resync);
        self.deliveries.notify_one();
        Ok(())
    }

    /// Notices of what has changed here for an organisation's agents, policies, cost budget rules and settings, after it can be read.
    pub(crate) fn listen(&self, org: OrgId) -> watch::Receiver<u64> {
        self.news.listen(org)
    }

    /// How many of these changes there were; zero while nobody has ever listened.
    pub(crate) fn changes(&self, org: OrgId) -> u64 {
        self.news.count(org)
    }

    /// What has changed in memory, each change after it can be read here.
    pub(crate) fn applied(&self) -> Receiver<Change> {
        self.news.changes()
    }

    /// The agents of an organisation.
    pub(crate) fn agents(&self, org: OrgId) -> Vec<Arc<AgentEntry>> {
        read(&self.agents).of_org(org)
    }

    /// The agents of every organisation.
    pub(crate) fn all_agents(&self) -> Vec<(OrgId, Arc<AgentEntry>)> {
        read(&self.agents).all()
    }

    /// Completes when something may be due to webhooks. One caller is woken, also if nobody waited when it was announced.
    pub(crate) async fn delivery_announced(&self) {
        self.deliveries.notified().await;
    }

    /// The key with that SHA-256.
    pub(crate) fn key(&self, hash: &str) -> Option<Arc<KeyEntry>> {
        read(&self.keys).get(hash).cloned()
    }

    /// An agent by UUID, or by external id: in the environment asked for, else the only one, else the oldest.
    pub(crate) fn agent(
        &self,
        org: OrgId,
        reference: &str,
        environment: Option<&str>,
    ) -> Option<Arc<AgentEntry>> {
        read(&self.agents).find(org, reference, environment)
    }

    /// The compiled policies of an organisation.
    pub(crate) fn policies(&self, org: OrgId) -> Arc<OrgPolicies> {
        read(&self.policies).of(org)
    }

    /// What an organisation has switched on, if it ever changed anything.
    pub(crate) fn settings(&self, org: OrgId) -> Option<Arc<OrgSettings>> {
        read(&self.settings).get(&org).cloned()
    }

    /// Reads the settings of an organisation again.
    pub(crate) async fn refresh_settings(
        &self,
        store: &Store,
        org: OrgId,
    ) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        if let Some(settings) = store.find_org_settings(org).await? {
            write(&self.settings).insert(org, Arc::new(settings));
        }
        self.news.tell(org);
        Ok(())
    }

    /// A custom validator that may be asked.
    pub(crate) fn validator(&self, org: OrgId, id: Uuid) -> Option<Arc<Validator>> {
        read(&self.validators).get(&(org, id)).filter(|validator| validator.is_active).cloned()
    }

    /// Reads a validator again.
    pub(crate) async fn refresh_validator(
        &self,
        store: &Store,
        org: OrgId,
        id: Uuid,
    ) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        match store.find_validator(org, id).await? {
            Some(validator) => write(&self.validators).insert((org, id), Arc::new(validator)),
            None => write(&self.validators).remove(&(org, id)),
        };
        Ok(())
    }

    /// The active cost budget rules of an organisation.
    pub(crate) fn cost_rules(&self, org: OrgId) -> Arc<Vec<CostRule>> {
        read(&self.cost_rules).get(&org).cloned().unwrap_or_default()
    }

    /// Reads the cost budget rules of an organisation again.
    pub(crate) async fn refresh_cost_rules(
        &self,
        store: &Store,
        org: OrgId,
    ) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        let rules = store.active_cost_rules(org).await?;
        write(&self.cost_rules).insert(org, Arc::new(rules));
        self.news.tell(org);
        Ok(())
    }

    /// The organisation's own prices, if it has any.
    pub(crate) fn prices(&self, org: OrgId) -> Option<Arc<OwnPrices>> {
        read(&self.prices).get(&org).cloned()
    }

    /// Reads the prices of an organisation again.
    pub(crate) async fn refresh_prices(&self, store: &Store, org: OrgId) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        let own = store.list_prices(org).await?;
        let own = own.iter().map(|price| (price.model.clone(), price_of(price))).collect();
        write(&self.prices).insert(org, Arc::new(own));
        Ok(())
    }

    /// Reads a key again.
    pub(crate) async fn refresh_key(
        &self,
        store: &Store,
        org: OrgId,
        id: KeyId,
    ) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        if let Some(key) = store.find_key(org, id).await? {
            write(&self.keys).insert(key.hash.clone(), Arc::new(entry(key)));
        }
        Ok(())
    }

    /// Reads an agent again.
    pub(crate) async fn refresh_agent(
        &self,
        store: &Store,
        org: OrgId,
        id: AgentId,
    ) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        if let Some(agent) = store.find_agent(org, id).await? {
            let baseline = store.find_tool_baseline(org, id).await?;
            write(&self.agents).put(agent, baseline);
        }
        self.news.tell(org);
        Ok(())
    }

    /// Reads agents again: one after the other, or, when they are many, with everything else, which is sooner done.
    pub(crate) async fn refresh_agents(
        &self,
        store: &Store,
        changed: &[Agent],
    ) -> Result<(), StoreError> {
        if changed.len() > MANY {
            return self.load(store).await;
        }
        let _turn = self.refreshing.lock().await;
        for Agent { org_id, id, .. } in changed {
            if let Some(agent) = store.find_agent(*org_id, *id).await? {
                let baseline = store.find_tool_baseline(*org_id, *id).await?;
                write(&self.agents).put(agent, baseline);
            }
        }
        if let Some(agent) = changed.first() {
            self.news.tell(agent.org_id);
        }
        Ok(())
    }

    /// Asks the store for a name that memory does not hold.
    pub(crate) async fn look_up_agent(
        &self,
        store: &Store,
        org: OrgId,
        reference: &str,
    ) -> Result<(), StoreError> {
        let by_id = match reference.parse() {
            Ok(id) => store.find_agent(org, id).await?,
            Err(_) => None,
        };
        let found = match by_id {
            Some(agent) => vec![agent],
            None => store.find_agents_by_external_id(org, reference).await?,
        };
        // Only what is still unknown is added: no turn is taken here, so that a flood of wrong names cannot hold up a pause.
        for agent in found {
            let baseline = store.find_tool_baseline(org, agent.id).await?;
            write(&self.agents).put_if_unknown(agent, baseline);
        }
        Ok(())
    }

    /// Reads the policies of an organisation again and compiles them.
    pub(crate) async fn refresh_policies(
        &self,
        store: &Store,
        org: OrgId,
    ) -> Result<(), StoreError> {
        let _turn = self.refreshing.lock().await;
        // In this order: a change in between belongs to a later epoch, and its notice is still to come.
        let epoch = store.policy_epoch(org).await?;
        let compiled = OrgPolicies::compile(org, epoch, &store.all_policies(org).await?);
        // Written before anybody can decide with it, so that a decision never names a set nobody knows.
        if let Some(set) = compiled.record(org) {
            store.ensure_policy_set(&set).await?;
        }
        write(&self.policies).put(org, compiled);
        self.news.tell(org);
        Ok(())
    }

    /// Keeps up with the store until it closes.
    pub(crate) async fn follow(self: Arc<Self>, store: Store, mut changes: Receiver<Change>) {
        loop {
            let caught_up = match changes.recv().await {
                Ok(Change::Row { org_id, noun, id }) => self.apply(&store, org_id, noun, id).await,
                Ok(Change::Resync) | Err(RecvError::Lagged(_)) => self.load(&store).await,
                Err(RecvError::Closed) => return,
            };
            if let Err(error) = caught_up {
                tracing::error!(error = %error, "a change could not be read: everything is read again");
                self.load_until_done(&store).await;
            }
        }
    }

    async fn apply(
        &self,
        store: &Store,
        org: OrgId,
        noun: Noun,
        id: Uuid,
    ) -> Result<(), StoreError> {
        match noun {
            Noun::Agent => self.refresh_agent(store, org, id.into()).await,
            Noun::Policy => self.refresh_policies(store, org).await,
            Noun::Key => self.refresh_key(store, org, id.into()).await,
            Noun::Validator => self.refresh_validator(store, org, id).await,
            Noun::CostRule => self.refresh_cost_rules(store, org).await,
            Noun::Price => self.refresh_prices(store, org).await,
            Noun::Settings => self.refresh_settings(store, org).await,
            Noun::Credential => self.refresh_credential(store, org, id).await,
            Noun::WebhookDelivery => {
                self.deliveries.notify_one();
                Ok(())
            }
            Noun::Approval | Noun::Session => Ok(()),
        }?;
        self.news.report(Change::Row { org_id: org, noun, id });
        Ok(())
    }

    async fn load_until_done(&self, store: &Store) {
        let mut pause_ms = 100;
        while let Err(error) = self.load(store).await {
            tracing::error!(error = %error, retry_ms = pause_ms, "the directory cannot be read from the store");
            tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
            pause_ms = (pause_ms * 2).min(5_000);
        }
    }
}

fn price_of(price: &ModelPrice) -> Price {
    Price { input_nanos: price.input_nanos, output_nanos: price.output_nanos }
}

// A panic while a lock is held leaves the maps whole: every change is one insertion or one assignment.
fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
