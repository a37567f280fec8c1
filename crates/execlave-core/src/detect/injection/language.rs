//! Languages: one line a language, one file a language, each the words that stand on the rules' lists.
//!
//! Words are written as people write them; they are folded exactly as readings are. The rules' own literal
//! words are English. English is the first entry, and has a word on every list.

mod ar;
mod cs;
mod de;
mod el;
mod en;
mod es;
mod fr;
mod hi;
mod id;
mod it;
mod ja;
mod ko;
mod nl;
mod pl;
mod pt;
mod ru;
mod sv;
mod th;
mod tr;
mod uk;
mod vi;
mod zh;

/// The words of one language.
#[derive(Debug)]
pub(super) struct Language {
    /// List and its words, separated by spaces. `talimat*` stands for every word that begins so.
    pub(super) lists: &'static [(&'static str, &'static str)],
}

/// What marks an address, in any language.
const ADDRESSES: &str =
    "http https www com net org io test invalid example webhook attacker evil url";

/// What tools and code call secrets, in any language.
const NAMES: &str = "secret secrets token tokens password passwords credentials key keys env";

/// Every language; a word's languages are bits by position here, so there are at most 32.
pub(super) const LANGUAGES: &[Language] = &[
    en::ENGLISH,
    es::SPANISH,
    fr::FRENCH,
    de::GERMAN,
    it::ITALIAN,
    pt::PORTUGUESE,
    nl::DUTCH,
    pl::POLISH,
    ru::RUSSIAN,
    uk::UKRAINIAN,
    tr::TURKISH,
    ar::ARABIC,
    hi::HINDI,
    zh::CHINESE,
    ja::JAPANESE,
    ko::KOREAN,
    vi::VIETNAMESE,
    id::INDONESIAN,
    sv::SWEDISH,
    cs::CZECH,
    el::GREEK,
    th::THAI,
];
