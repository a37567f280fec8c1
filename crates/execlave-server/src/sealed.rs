//! Secrets that the server has to read again, such as those behind the codes of a second factor: sealed with a key that is not in the
//! database, so that a copy of the database is worth nothing by itself.
//!
//! AES-256-GCM. Whom a secret belongs to is authenticated with it, so a sealed text that is moved to another row does not open there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{error, fmt};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use execlave_core::ids::{OrgId, UserId};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::clock::random_bytes;
use crate::config::StoreConfig;
use crate::error::{AppError, AppResult};

/// The form of what is sealed, so that another one can follow it.
const VERSION: &str = "1.";
/// In the folder of the embedded database.
const FILE: &str = "secret.key";
const KEY_LENGTH: usize = 32;

/// Seals, and opens what was sealed.
#[derive(Debug)]
pub struct Sealer {
    source: Source,
    /// Read when it is first needed: most installations never seal anything, and nothing is written for them.
    key: Mutex<Option<Key>>,
}

/// Where the key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// From the settings.
    Given,
    /// From a file of this folder, which is made if it is not there.
    Folder(PathBuf),
    /// From nowhere: a database that servers share has no folder that they share as well.
    Nowhere,
}

/// The key in `store.secret_key` is not one.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "`store.secret_key` must be 32 random bytes in base64: make them with `openssl rand -base64 32`"
)]
pub struct BadKey;

/// Whose secret it is, and what it is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) org: OrgId,
    pub(crate) user: UserId,
    /// One word.
    pub(crate) purpose: &'static str,
}

impl Owner {
    fn as_data(self) -> Aad<String> {
        let Self { org, user, purpose } = self;
        Aad::from(format!("execlave {purpose} {org} {user}"))
    }
}

#[derive(Clone)]
struct Key([u8; KEY_LENGTH]);

/// Without the key.
impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key")
    }
}

impl Sealer {
    /// With the key that the settings hold or lead to.
    pub fn new(config: &StoreConfig) -> Result<Self, BadKey> {
        let given = config.secret_key.as_ref().map(|text| parse(&text.0).ok_or(BadKey));
        let key = given.transpose()?;
        let source = match (&key, &config.database_url) {
            (Some(_), _) => Source::Given,
            (None, None) => Source::Folder(config.data_dir.clone()),
            (None, Some(_)) => Source::Nowhere,
        };
        Ok(Self { source, key: Mutex::new(key) })
    }

    /// Seals a secret of somebody. Says which setting is missing where there is no key.
    pub(crate) fn seal(&self, owner: Owner, secret: &[u8]) -> AppResult<String> {
        let nonce = random_bytes::<NONCE_LEN>();
        let mut text = secret.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                owner.as_data(),
                &mut text,
            )
            .map_err(|_| AppError::internal("a secret was too long to be sealed"))?;
        Ok(format!("{VERSION}{}", STANDARD.encode([nonce.as_slice(), &text].concat())))
    }

    /// Opens what was sealed for the same owner with the same key.
    pub(crate) fn open(&self, owner: Owner, sealed: &str) -> AppResult<Vec<u8>> {
        let Owner { purpose, user, .. } = owner;
        let fault = || {
            AppError::internal(format!(
                "the {purpose} secret of user {user} does not open with the key of this server: `store.secret_key` or `{FILE}` is not the one it was sealed with"
            ))
        };
        let bytes = sealed.strip_prefix(VERSION).and_then(|text| STANDARD.decode(text).ok());
        let mut bytes = bytes.ok_or_else(fault)?;
        if bytes.len() < NONCE_LEN {
            return Err(fault());
        }
        let mut text = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| fault())?;
        let opened = self.cipher()?.open_in_place(nonce, owner.as_data(), &mut text);
        Ok(opened.map_err(|_| fault())?.to_vec())
    }

    fn cipher(&self) -> AppResult<LessSafeKey> {
        let mut known = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match (&*known, &self.source) {
            (Some(key), _) => key.clone(),
            (None, Source::Folder(folder)) => {
                let read = read_or_make(&folder.join(FILE)).map_err(AppError::internal)?;
                known.insert(read).clone()
            }
            (None, Source::Given | Source::Nowhere) => return Err(no_key()),
        };
        let key = UnboundKey::new(&AES_256_GCM, &key.0);
        Ok(LessSafeKey::new(key.expect("a key of AES-256 has 32 bytes")))
    }
}

fn no_key() -> AppError {
    AppError::conflict(
        "this server has no key to seal secrets with: whoever runs it must set `store.secret_key` (`EXECLAVE_SECRET_KEY`) to 32 random bytes in base64, the same for every server of the database",
    )
}

fn parse(text: &str) -> Option<Key> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok().map(Key)
}

/// The server holds the lock of the folder, so nobody else makes the file at the same time.
fn read_or_make(file: &Path) -> Result<Key, FileError> {
    let fault = |source| FileError { file: file.to_owned(), source };
    match fs::read_to_string(file) {
        Ok(text) => parse(&text).ok_or_else(|| {
            fault(io::Error::new(ErrorKind::InvalidData, "it does not hold 32 bytes in base64"))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => make(file).map_err(fault),
        Err(error) => Err(fault(error)),
    }
}

/// Written whole under another name first: half a key after a crash could not be told from a damaged one.
fn make(file: &Path) -> io::Result<Key> {
    let key = Key(random_bytes());
    let draft = file.with_extension("key.new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(open, "{}", STANDARD.encode(key.0))?;
    open.sync_all()?;
    fs::rename(&draft, file)?;
    // The name must outlive a crash like the secrets that depend on it.
    if let Some(folder) = file.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(key)
}

#[derive(Debug)]
struct FileError {
    file: PathBuf,
    source: io::Error,
}

impl fmt::Display for FileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot use the key in `{}`", self.file.display())
    }
}

impl error::Error for FileError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use execlave_core::time::Timestamp;
    use tempfile::TempDir;

    use super::*;
    use crate::clock::Clock;
    use crate::config::{Config, Hidden};

    fn sealer(change: impl FnOnce(&mut StoreConfig)) -> Sealer {
        let mut config = Config::default().store;
        change(&mut config);
        Sealer::new(&config).expect("the settings are good")
    }

    fn given(byte: u8) -> Sealer {
        sealer(|config| config.secret_key = Some(Hidden(STANDARD.encode([byte; KEY_LENGTH]))))
    }

    fn owner() -> Owner {
        let clock = Clock::settable(Timestamp::from_millis(1_790_000_000_000));
        Owner { org: clock.new_id(), user: clock.new_id(), purpose: "totp" }
    }

    #[test]
    fn what_is_sealed_opens_for_its_owner_alone() {
        let (ours, owner, stranger) = (given(1), owner(), owner());
        let sealed = ours.seal(owner, b"secret").expect("sealed");
        assert_eq!(ours.open(owner, &sealed).expect("opened"), b"secret");
        assert_ne!(ours.seal(owner, b"secret").expect("sealed"), sealed, "no nonce comes twice");
        for other in [
            Owner { user: stranger.user, ..owner },
            Owner { org: stranger.org, ..owner },
            Owner { purpose: "other", ..owner },
        ] {
            assert!(ours.open(other, &sealed).is_err(), "{other:?}");
        }
        assert!(given(2).open(owner, &sealed).is_err(), "another key");
    }

    #[test]
    fn nothing_that_was_tampered_with_opens() {
        let (ours, owner) = (given(1), owner());
        let sealed = ours.seal(owner, b"secret").expect("sealed");
        let whole =
            STANDARD.decode(sealed.strip_prefix(VERSION).expect("a version")).expect("text");
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            let changed = format!("{VERSION}{}", STANDARD.encode(&bytes));
            assert!(ours.open(owner, &changed).is_err(), "byte {place}");
            let short = format!("{VERSION}{}", STANDARD.encode(&whole[..place]));
            assert!(ours.open(owner, &short).is_err(), "{place} bytes");
        }
        for text in ["", "1.", "1.?", "2.AAAA", &sealed[2..]] {
            assert!(ours.open(owner, text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_embedded_database_has_a_key_of_its_own_beside_it() {
        let folder = TempDir::new().expect("a folder");
        let beside = || sealer(|config| config.data_dir = folder.path().to_owned());
        let file = folder.path().join(FILE);
        let (first, owner) = (beside(), owner());
        assert!(!file.exists(), "nothing is written before it is needed");
        let sealed = first.seal(owner, b"secret").expect("sealed");
        let mode = fs::metadata(&file).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(beside().open(owner, &sealed).expect("opened after a restart"), b"secret");
        fs::write(&file, "half a").expect("written");
        assert!(beside().open(owner, &sealed).is_err());
        assert_eq!(fs::read_to_string(&file).expect("read"), "half a", "a damaged key stays");
    }

    #[test]
    fn a_shared_database_needs_a_key_in_the_settings() {
        let shared = sealer(|config| config.database_url = Some("postgres://x".to_owned()));
        let refused = shared.seal(owner(), b"secret").expect_err("no key");
        assert!(refused.message().contains("`EXECLAVE_SECRET_KEY`"), "{}", refused.message());
        let mut config = Config::default().store;
        for text in ["", "short", &STANDARD.encode([1; 31])] {
            config.secret_key = Some(Hidden(text.to_owned()));
            assert!(Sealer::new(&config).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_not_in_what_is_logged() {
        let mut config = Config::default();
        config.store.secret_key = Some(Hidden("sesame".to_owned()));
        let (text, settings) = (format!("{:?}", given(7)), format!("{config:?}"));
        assert!(!text.contains('7') && !settings.contains("sesame"), "{text} {settings}");
    }
}
