//! What tokens cost. A checked-in table of list prices, and each organisation's own prices over it.
//!
//! A name is matched carefully, since a wrong price is worse than none: a provider's prefix (`openai/`, `us.anthropic.`) and a version
//! at the end (`-2024-08-06`, `-latest`, `-v2:0`) are left aside, and nothing else is. `gpt-4o-realtime` is not `gpt-4o`.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use execlave_core::policy::usd_to_nanos;
use serde::Deserialize;

const TOKENS: i128 = 1_000_000;

/// The price of one model, in billionths of a dollar per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) input_nanos: i64,
    pub(crate) output_nanos: i64,
}

/// The built-in table.
#[derive(Debug)]
pub(crate) struct BuiltIn {
    /// When the prices were read.
    pub(crate) as_of: String,
    /// Where they were read.
    pub(crate) source: String,
    /// Provider and price by model.
    pub(crate) models: BTreeMap<String, (String, Price)>,
}

#[derive(Deserialize)]
struct File {
    as_of: String,
    source: String,
    #[serde(flatten)]
    providers: BTreeMap<String, BTreeMap<String, (f64, f64)>>,
}

/// What the binary was built with.
pub(crate) static BUILT_IN: LazyLock<BuiltIn> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("prices.toml")).expect("prices.toml is well formed");
    let nanos = |usd: f64| usd_to_nanos(usd).expect("prices.toml has amounts");
    let mut models = BTreeMap::new();
    for (provider, prices) in file.providers {
        for (model, (input, output)) in prices {
            let price = Price { input_nanos: nanos(input), output_nanos: nanos(output) };
            models.insert(model, (provider.clone(), price));
        }
    }
    BuiltIn { as_of: file.as_of, source: file.source, models }
});

/// The prices of one organisation, where they differ from the built-in ones.
pub(crate) type OwnPrices = HashMap<String, Price>;

/// The price of a model, by the organisation's own table or the built-in one, and the name it stands under.
pub(crate) fn find(own: Option<&OwnPrices>, model: &str) -> Option<(String, Price)> {
    let names = names(model);
    let own = names.iter().find_map(|name| Some((name.clone(), *own?.get(name)?)));
    own.or_else(|| names.iter().find_map(|name| Some((name.clone(), BUILT_IN.models.get(name)?.1))))
}

/// What a number of tokens costs in billionths of a dollar, rounded to the nearest.
pub(crate) fn cost_nanos(price: Price, input_tokens: i64, output_tokens: i64) -> i64 {
    let part = |tokens: i64, nanos: i64| i128::from(tokens.max(0)) * i128::from(nanos);
    let sum = part(input_tokens, price.input_nanos) + part(output_tokens, price.output_nanos);
    i64::try_from((sum + TOKENS / 2) / TOKENS).unwrap_or(i64::MAX)
}

/// The form in which names are stored and compared.
pub(crate) fn normalise(model: &str) -> String {
    model.trim().to_lowercase()
}

/// The names a model may stand under, the most exact first.
fn names(model: &str) -> Vec<String> {
    let whole = normalise(model);
    let mut names = vec![whole.clone()];
    let after_slash = whole.rsplit('/').next().unwrap_or(&whole).to_owned();
    let after_vendor = after_slash
        .rsplit_once("anthropic.")
        .map_or_else(|| after_slash.clone(), |(_, name)| name.to_owned());
    for name in [after_slash, after_vendor] {
        let mut name = name.as_str();
        loop {
            if !name.is_empty() && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
            let Some(shorter) = without_version(name) else { break };
            name = shorter;
        }
    }
    names
}

/// The name without one version at its end.
fn without_version(name: &str) -> Option<&str> {
    let (rest, last) = name.rsplit_once(['-', '@', ':'])?;
    let digits = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    if last == "latest" || (digits && last.len() >= 3) {
        return Some(rest);
    }
    // `-v2` and the `:0` after it.
    let is_version = |part: &str| {
        part.strip_prefix('v').is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    if is_version(last) {
        return Some(rest);
    }
    if digits && name.as_bytes().get(rest.len()) == Some(&b':') {
        let (before, version) = rest.rsplit_once('-')?;
        return is_version(version).then_some(before);
    }
    // `-2024-08-06`: the day and the month have two digits, and only a year before them makes them a date.
    let (rest, month) = rest.rsplit_once('-').filter(|_| digits && last.len() == 2)?;
    let (rest, year) = rest.rsplit_once('-')?;
    let is_date = month.len() == 2
        && year.len() == 4
        && [month, year].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    is_date.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_with_its_provider_and_version_and_not_with_anything_else() {
        let found = |model: &str| find(None, model).map(|(name, _)| name);
        for (model, name) in [
            ("gpt-4o", "gpt-4o"),
            ("GPT-4o-2024-08-06", "gpt-4o"),
            ("openai/gpt-4o-mini", "gpt-4o-mini"),
            ("gpt-4-0613", "gpt-4"),
            ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet"),
            ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet"),
            ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet"),
            ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
            ("models/gemini-1.5-pro-002", "gemini-1.5-pro"),
            ("mistral-large-latest", "mistral-large"),
            ("amazon.nova-pro-v1:0", "amazon.nova-pro"),
        ] {
            assert_eq!(found(model).as_deref(), Some(name), "{model}");
        }
        for model in
            ["gpt-4o-realtime-preview", "gpt-4-32k", "claude-sonnet-4-6", "my-model", "", "-", "/"]
        {
            assert_eq!(found(model), None, "{model}");
        }
    }

    #[test]
    fn an_organisations_own_price_wins() {
        let price = Price { input_nanos: 1, output_nanos: 2 };
        let own =
            OwnPrices::from([("gpt-4o".to_owned(), price), ("house-model".to_owned(), price)]);
        assert_eq!(find(Some(&own), "gpt-4o-2024-08-06"), Some(("gpt-4o".to_owned(), price)));
        assert_eq!(find(Some(&own), "House-Model"), Some(("house-model".to_owned(), price)));
        assert_ne!(find(Some(&own), "gpt-4o-mini").map(|(_, price)| price), Some(price));
    }

    #[test]
    fn costs_are_rounded_and_never_overflow() {
        let price = find(None, "gpt-4o").expect("known").1;
        assert_eq!(cost_nanos(price, 1_000, 500), 7_500_000);
        assert_eq!(cost_nanos(Price { input_nanos: 1, output_nanos: 0 }, 499_999, 0), 0);
        assert_eq!(cost_nanos(Price { input_nanos: 1, output_nanos: 0 }, 500_000, 0), 1);
        let absurd = Price { input_nanos: i64::MAX, output_nanos: i64::MAX };
        assert_eq!(cost_nanos(absurd, i64::MAX, i64::MAX), i64::MAX);
    }
}
