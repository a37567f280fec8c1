//! # What it finds
//! National identity, tax and social security numbers of other countries: Brazil (CPF), Spain (DNI, NIE), Italy (codice
//! fiscale), France (NIR), Germany (Steuer-ID), the Netherlands (BSN), Belgium, Switzerland (AHV), Poland (PESEL), Sweden,
//! Norway, Finland, Czechia and Slovakia, Romania (CNP), Turkey, South Africa, China, South Korea, Thailand, Singapore (NRIC),
//! India (PAN), Mexico (CURP), Canada (SIN), Australia (TFN, Medicare), the United States (ITIN).
//!
//! # How it is checked
//! Each by its own check digits, and by the date inside where there is one. A form that other numbers share needs the number's name
//! nearby (`SIN`, `BSN`, `Steuer-ID`); PAN and ITIN have no check digit and always need theirs.
//!
//! # What it leaves alone
//! Numbers with a wrong check digit, and plain runs of digits that nothing names.
//!
//! # References
//! The issuing authorities' descriptions, as collected in the European Commission's TIN portal and the OECD's CRS
//! pages on tax identification numbers; ISO/IEC 7064.

use crate::detect::candidates::detector::{Detector, Reads};

mod digits;
mod letters;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Number(digits::look),
        Reads::Number(letters::finnish),
        Reads::Word(letters::look),
    ],
};
