//! `/account/totp`: a second factor is enrolled, confirmed and disabled. What is shown here once, is shown in the answer to a form: no
//! address leads to it again.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use qrcode::QrCode;
use qrcode::render::svg;

use crate::auth::session::{SignedIn, Viewer};
use crate::error::AppError;
use crate::ops::second_factor::{self, Enrolment};
use crate::pages::account::{self, Faulty};
use crate::pages::failure::PageError;
use crate::pages::form::Posted;
use crate::pages::layout::{Layout, Section};
use crate::pages::sign_in::sentence;
use crate::state::AppState;

/// The side of the picture, in pixels: a telephone reads it from an arm's length.
const SIDE: u32 = 240;

/// A secret that waits for its first code.
#[derive(Debug, Template)]
#[template(path = "account/second_factor.html")]
pub(crate) struct EnrolPage {
    layout: Layout,
    picture: String,
    secret: String,
    uri: String,
    fault: Option<String>,
}

/// Recovery codes, this once.
#[derive(Debug, Template)]
#[template(path = "account/recovery_codes.html")]
pub(crate) struct CodesPage {
    layout: Layout,
    codes: Vec<String>,
}

/// `POST /account/totp`
pub(crate) async fn enrol(
    State(state): State<AppState>,
    form: Posted<Viewer>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let current = Some(form.raw("current")).filter(|text| !text.is_empty());
    match second_factor::enrol(&state, who, current).await {
        Ok(enrolment) => EnrolPage::answer(&state, who, enrolment, None).await,
        Err(error) => account::again(&state, who, Faulty::SecondFactor, error).await,
    }
}

/// `POST /account/totp/confirm`
pub(crate) async fn confirm(
    State(state): State<AppState>,
    form: Posted<Viewer>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let error = match second_factor::confirm(&state, who, form.text("code")).await {
        Ok(codes) => {
            let layout = Layout::load(&state, who, Section::Account).await?;
            return Ok(Html(CodesPage { layout, codes }.render()?).into_response());
        }
        Err(error) => error,
    };
    match second_factor::waiting(&state, who).await? {
        Some(enrolment) if error.status().is_client_error() => {
            EnrolPage::answer(&state, who, enrolment, Some(error)).await
        }
        _ => account::again(&state, who, Faulty::SecondFactor, error).await,
    }
}

/// `POST /account/totp/disable`
pub(crate) async fn disable(
    State(state): State<AppState>,
    form: Posted<Viewer>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    match second_factor::disable(&state, who, form.text("code")).await {
        Ok(()) => Ok(Redirect::to("/account").into_response()),
        Err(error) => account::again(&state, who, Faulty::SecondFactor, error).await,
    }
}

impl EnrolPage {
    async fn answer(
        state: &AppState,
        who: &SignedIn,
        enrolment: Enrolment,
        error: Option<AppError>,
    ) -> Result<Response, PageError> {
        let layout = Layout::load(state, who, Section::Account).await?;
        let status = error.as_ref().map(AppError::status).unwrap_or_default();
        let fault = error.map(|error| sentence(error.message()));
        let page = Self::new(layout, enrolment, fault).map_err(AppError::internal)?;
        Ok((status, Html(page.render()?)).into_response())
    }

    fn new(
        layout: Layout,
        Enrolment { secret, uri }: Enrolment,
        fault: Option<String>,
    ) -> Result<Self, qrcode::types::QrError> {
        Ok(Self { layout, picture: picture(&uri)?, secret: in_fours(&secret), uri, fault })
    }
}

/// The address as a picture. Black on white whatever the theme is, because cameras ask for it.
fn picture(uri: &str) -> Result<String, qrcode::types::QrError> {
    let code = QrCode::new(uri)?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(SIDE, SIDE).build();
    // What comes before belongs at the top of a document of its own.
    Ok(drawn.find("<svg").map(|start| drawn[start..].to_owned()).unwrap_or_default())
}

fn in_fours(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
impl EnrolPage {
    pub(crate) fn sample() -> Self {
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned();
        let uri = format!("otpauth://totp/Execlave:ada?secret={secret}&issuer=Execlave");
        let fault = Some("Is not the code of this moment.".to_owned());
        let layout = Layout::sample(Section::Account);
        Self::new(layout, Enrolment { secret, uri }, fault).expect("the address is short")
    }
}

#[cfg(test)]
impl CodesPage {
    pub(crate) fn sample() -> Self {
        let codes = vec!["abcd-efgh-ijkl-mnop".to_owned(), "qrst-uvwx-yz23-4567".to_owned()];
        Self { layout: Layout::sample(Section::Account), codes }
    }
}
