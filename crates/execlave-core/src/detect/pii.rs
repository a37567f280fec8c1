//! Personal data, and the keys people paste beside it.
//!
//! Each type is a file in `pii/` and a line in `DETECTORS`. A detector has a shape, a check that the shape is
//! more than a coincidence, and words that raise or lower its confidence when they stand nearby. Only findings
//! of at least one half are reported. Where findings overlap, one whose check digit fits stays, then the longest.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::candidates::{self, detector::Detector, overlap::Candidate};
use crate::words::words;

mod aadhaar;
mod api_key;
mod credit_card;
mod crypto_wallet;
mod date_of_birth;
mod driver_license;
mod email;
mod iban;
mod ip_address;
mod mac_address;
mod national_id;
mod nhs_number;
mod passport;
mod person_name;
mod phone;
mod phone_us;
mod postal_code;
mod ssn;
mod street_address;
mod uk_nino;
mod url_credentials;
mod vin;

pub(crate) use url_credentials::user_and_password;

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PiiType {
    /// An e-mail address.
    Email,
    /// A United States social security number.
    Ssn,
    /// A payment card number.
    CreditCard,
    /// A North American telephone number.
    PhoneUs,
    /// An `IPv4` or `IPv6` address.
    IpAddress,
    /// An API key by its prefix (`exe_`, `sk-`, `pk_`, `ag_`, `rk_`).
    ApiKey,
    /// A telephone number of any other country.
    Phone,
    /// An international bank account number.
    Iban,
    /// A date that is called somebody's birthday.
    DateOfBirth,
    /// A passport number.
    Passport,
    /// A United States driver licence number.
    DriverLicense,
    /// A United Kingdom national insurance number.
    UkNino,
    /// A United Kingdom health service number.
    NhsNumber,
    /// An Indian Aadhaar number.
    Aadhaar,
    /// A national identity or tax number of another country.
    NationalId,
    /// A street with a house number.
    StreetAddress,
    /// A postal code.
    PostalCode,
    /// An address of a cryptocurrency wallet.
    CryptoWallet,
    /// A user name and password inside a URL.
    UrlCredentials,
    /// A hardware address.
    MacAddress,
    /// A vehicle identification number.
    Vin,
    /// The name of a person who is introduced by it; looked for only when asked.
    PersonName,
}

words!(
    PiiType,
    "PII type",
    Email = "email",
    Ssn = "ssn",
    CreditCard = "credit_card",
    PhoneUs = "phone_us",
    IpAddress = "ip_address",
    ApiKey = "api_key",
    Phone = "phone",
    Iban = "iban",
    DateOfBirth = "date_of_birth",
    Passport = "passport",
    DriverLicense = "driver_license",
    UkNino = "uk_nino",
    NhsNumber = "nhs_number",
    Aadhaar = "aadhaar",
    NationalId = "national_id",
    StreetAddress = "street_address",
    PostalCode = "postal_code",
    CryptoWallet = "crypto_wallet",
    UrlCredentials = "url_credentials",
    MacAddress = "mac_address",
    Vin = "vin",
    PersonName = "person_name",
);

/// Every detector, one line each.
pub(crate) static DETECTORS: &[(PiiType, &Detector)] = &[
    (PiiType::Email, &email::DETECTOR),
    (PiiType::Ssn, &ssn::DETECTOR),
    (PiiType::CreditCard, &credit_card::DETECTOR),
    (PiiType::PhoneUs, &phone_us::DETECTOR),
    (PiiType::IpAddress, &ip_address::DETECTOR),
    (PiiType::ApiKey, &api_key::DETECTOR),
    (PiiType::Phone, &phone::DETECTOR),
    (PiiType::Iban, &iban::DETECTOR),
    (PiiType::DateOfBirth, &date_of_birth::DETECTOR),
    (PiiType::Passport, &passport::DETECTOR),
    (PiiType::DriverLicense, &driver_license::DETECTOR),
    (PiiType::UkNino, &uk_nino::DETECTOR),
    (PiiType::NhsNumber, &nhs_number::DETECTOR),
    (PiiType::Aadhaar, &aadhaar::DETECTOR),
    (PiiType::NationalId, &national_id::DETECTOR),
    (PiiType::StreetAddress, &street_address::DETECTOR),
    (PiiType::PostalCode, &postal_code::DETECTOR),
    (PiiType::CryptoWallet, &crypto_wallet::DETECTOR),
    (PiiType::UrlCredentials, &url_credentials::DETECTOR),
    (PiiType::MacAddress, &mac_address::DETECTOR),
    (PiiType::Vin, &vin::DETECTOR),
    (PiiType::PersonName, &person_name::DETECTOR),
];

impl PiiType {
    /// What replaces a finding: `[EMAIL_REDACTED]`.
    pub fn placeholder(self) -> String {
        format!("[{}_REDACTED]", self.as_str().to_ascii_uppercase())
    }
}

/// One place that holds personal data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// What it is.
    pub pii_type: PiiType,
    /// Where it starts, in bytes.
    pub start: usize,
    /// Where it ends, in bytes, exclusive.
    pub end: usize,
    /// How sure, from 0.5 to 1.
    pub confidence: f32,
}

impl Match {
    /// The byte range.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// All personal data in `text` but names, by position; no two matches overlap.
pub fn find(text: &str) -> Vec<Match> {
    matches(candidates::find(text, false).pii)
}

/// The same with names of persons.
pub fn find_with_names(text: &str) -> Vec<Match> {
    matches(candidates::find(text, true).pii)
}

pub(crate) fn matches(found: Vec<Candidate<PiiType>>) -> Vec<Match> {
    let matches = found.into_iter().map(|Candidate { what, hit }| Match {
        pii_type: what,
        start: hit.range.start,
        end: hit.range.end,
        confidence: hit.confidence,
    });
    matches.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_line_in_the_table() {
        let listed: Vec<PiiType> = DETECTORS.iter().map(|(pii_type, _)| *pii_type).collect();
        assert_eq!(listed, PiiType::ALL);
    }

    #[test]
    fn offsets_are_bytes_of_the_original_text() {
        let text = "😀 é jane@example.com, (555) 123-4567";
        let found: Vec<_> =
            find(text).iter().map(|found| (found.pii_type, &text[found.range()])).collect();
        assert_eq!(
            found,
            [(PiiType::Email, "jane@example.com"), (PiiType::PhoneUs, "(555) 123-4567")]
        );
    }
}
