//! Taking in what ran without a decision. The whole report is checked before any of it is kept, and a window that is known changes
//! nothing, so a client may send it again until it is answered.

use execlave_api::bypasses::{
    BypassReceipt, BypassReport, BypassWindowBody, DroppedBypasses, SdkInfo,
};
use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use execlave_store::bypasses::{BypassLoss, BypassWindow};
use uuid::Uuid;

use crate::auth::Actor;
use crate::checks;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

const WINDOWS: usize = 100;
const AGENT_UNITS: usize = 256;
const WORD_UNITS: usize = 64;
const MESSAGE_UNITS: usize = 500;
const MOST_BYPASSES: i64 = 1_000_000_000;
const MOST_FAILURES: i64 = 1_000_000;

/// Keeps a report.
pub(crate) async fn record_bypasses(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    report: BypassReport,
) -> AppResult<BypassReceipt> {
    let now = state.clock.now();
    let sdk = sdk(&report.sdk)?;
    checks::time("sentAt", &report.sent_at)?;
    if report.windows.len() > WINDOWS {
        return Err(AppError::invalid("windows", format!("must have at most {WINDOWS} entries")));
    }
    let reporter = Reporter { state, org, actor, sdk, now };
    let windows = report.windows.into_iter().enumerate();
    let windows: Vec<BypassWindow> =
        windows.map(|(index, body)| reporter.window(index, body)).collect::<AppResult<_>>()?;
    let loss = report.dropped.map(|body| reporter.loss(&body)).transpose()?;
    let total = windows.len() + usize::from(loss.is_some());
    let accepted =
        state.store.record_bypasses(org, &windows, loss.as_ref(), &actor.id(), now).await?;
    if accepted > 0 {
        tracing::warn!(org = %org, windows = accepted, "actions ran without a decision");
    }
    Ok(BypassReceipt { accepted, duplicates: total - accepted })
}

/// What all parts of one report have in common.
struct Reporter<'a> {
    state: &'a AppState,
    org: OrgId,
    actor: &'a Actor,
    sdk: String,
    now: Timestamp,
}

impl Reporter<'_> {
    fn window(&self, index: usize, body: BypassWindowBody) -> AppResult<BypassWindow> {
        let path = |field: &str| format!("windows[{index}].{field}");
        units(&path("agentId"), &body.agent_id, AGENT_UNITS)?;
        units(&path("reason"), &body.reason, WORD_UNITS)?;
        units(&path("source"), &body.source, WORD_UNITS)?;
        if let Some(message) = body.message.as_deref().filter(|message| !message.is_empty()) {
            units(&path("message"), message, MESSAGE_UNITS)?;
        }
        number(&path("count"), body.count, 1, MOST_BYPASSES)?;
        body.status.map_or(Ok(()), |status| number(&path("status"), status, 0, 999))?;
        body.consecutive_failures.map_or(Ok(()), |failures| {
            number(&path("consecutiveFailures"), failures, 0, MOST_FAILURES)
        })?;
        let agent = self.state.directory.agent(self.org, &body.agent_id, None);
        Ok(BypassWindow {
            org_id: self.org,
            id: uuid(&path("windowId"), &body.window_id)?,
            agent_row_id: agent.map(|agent| agent.profile.id),
            first_at: checks::time(&path("firstAt"), &body.first_at)?,
            last_at: checks::time(&path("lastAt"), &body.last_at)?,
            agent_id: body.agent_id,
            reason: body.reason,
            source: body.source,
            bypasses: body.count,
            message: body.message,
            status: body.status,
            consecutive_failures: body.consecutive_failures,
            sdk: self.sdk.clone(),
            key_id: self.actor.key_id(),
            received_at: self.now,
        })
    }

    fn loss(&self, body: &DroppedBypasses) -> AppResult<BypassLoss> {
        number("dropped.windows", body.windows, 0, i64::MAX)?;
        number("dropped.bypasses", body.bypasses, 0, i64::MAX)?;
        Ok(BypassLoss {
            org_id: self.org,
            id: uuid("dropped.dropId", &body.drop_id)?,
            windows: body.windows,
            bypasses: body.bypasses,
            since: body
                .since
                .as_deref()
                .map(|since| checks::time("dropped.since", since))
                .transpose()?,
            sdk: self.sdk.clone(),
            key_id: self.actor.key_id(),
            received_at: self.now,
        })
    }
}

fn sdk(sdk: &SdkInfo) -> AppResult<String> {
    let SdkInfo { name, language, version } = sdk;
    for (path, text) in [("sdk.name", name), ("sdk.language", language), ("sdk.version", version)] {
        checks::required(path, text, WORD_UNITS)?;
    }
    Ok(format!("{name} {language} {version}"))
}

fn units(path: &str, text: &str, most: usize) -> AppResult<()> {
    if (1..=most).contains(&text.encode_utf16().count()) {
        return Ok(());
    }
    Err(AppError::invalid(path, format!("must be 1 to {most} UTF-16 units long")))
}

fn number(path: &str, number: i64, least: i64, most: i64) -> AppResult<()> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(AppError::invalid(path, format!("must be {least} to {most}")))
}

fn uuid(path: &str, text: &str) -> AppResult<Uuid> {
    text.parse().map_err(|_| AppError::invalid(path, "must be a UUID"))
}
