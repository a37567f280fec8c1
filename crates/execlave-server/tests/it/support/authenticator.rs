//! The app on somebody's telephone.

use data_encoding::BASE32_NOPAD;
use execlave_core::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha1::Sha1;

use super::{Client, TestApp};

/// Knows a secret, and shows a code every half minute.
pub(crate) struct Authenticator(Vec<u8>);

impl Authenticator {
    /// From what the server shows, with or without spaces.
    pub(crate) fn new(base32: &str) -> Self {
        let letters = base32.replace(' ', "");
        Self(BASE32_NOPAD.decode(letters.as_bytes()).expect("base32"))
    }

    /// What it shows at that moment.
    pub(crate) fn code(&self, at: Timestamp) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("any length");
        mac.update(&(at.as_millis() / 30_000).to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(hash[19] & 15);
        let piece: [u8; 4] = hash[offset..offset + 4].try_into().expect("four bytes");
        format!("{:06}", (u32::from_be_bytes(piece) & 0x7fff_ffff) % 1_000_000)
    }

    /// A code of the right form that is not good at any near moment.
    pub(crate) fn wrong_code(&self, at: Timestamp) -> String {
        let near = [-30_000, 0, 30_000].map(|millis| self.code(at.plus_millis(millis)));
        let wrong = ["000000", "111111", "222222", "333333"];
        let wrong = wrong.into_iter().find(|code| near.iter().all(|good| good != code));
        wrong.expect("three codes are near").to_owned()
    }
}

impl TestApp {
    /// Gives the person of that session a second factor: the app, and the recovery codes. Its first code is used up.
    pub(crate) async fn second_factor(
        &self,
        client: &Client,
        password: Option<&str>,
    ) -> (Authenticator, Vec<String>) {
        let begun = client.post("/me/totp", json!({ "currentPassword": password.unwrap_or("") }));
        let begun = begun.await.expect(200);
        let app = Authenticator::new(begun["data"]["secret"].as_str().expect("a secret"));
        let code = json!({ "code": app.code(self.clock.now()) });
        let confirmed = client.post("/me/totp/confirm", code).await.expect(200);
        let codes = confirmed["data"]["recoveryCodes"].as_array().expect("a list");
        let codes = codes.iter().map(|code| code.as_str().expect("a text").to_owned()).collect();
        (app, codes)
    }
}
