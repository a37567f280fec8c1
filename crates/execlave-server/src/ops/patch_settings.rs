//! Changing what an organisation has switched on. The next decision obeys.

use execlave_api::settings::PatchSettings;
use execlave_core::ids::OrgId;
use execlave_store::org_settings::OrgSettings;

use crate::auth::Actor;
use crate::error::AppResult;
use crate::state::AppState;

/// Changes the given fields.
pub(crate) async fn patch_settings(
    state: &AppState,
    org: OrgId,
    actor: &Actor,
    body: PatchSettings,
) -> AppResult<OrgSettings> {
    let known = state.store.find_org_settings(org).await?;
    let known = known.unwrap_or(OrgSettings {
        org_id: org,
        keep_input: None,
        red_team_gate: false,
        updated_at: state.clock.now(),
    });
    let settings = OrgSettings {
        keep_input: body.keep_input.unwrap_or(known.keep_input),
        red_team_gate: body.red_team_gate.unwrap_or(known.red_team_gate),
        updated_at: state.clock.now(),
        ..known
    };
    state.store.put_org_settings(&settings, &actor.id()).await?;
    state.directory.refresh_settings(&state.store, org).await?;
    state.in_force(org).await;
    Ok(settings)
}
