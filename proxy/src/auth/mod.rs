//! Who may log in: accounts with stored verifiers, and the two password methods of MySQL.
//!
//! Promises: a password never leaves the exchange; comparisons take the same time whatever differs; an unknown user
//! is asked and refused exactly as a wrong password is. Knows no sockets: [`exchange`] is a state machine.

pub(crate) mod exchange;
pub(crate) mod native;
pub(crate) mod salt;
pub(crate) mod sha2;

/// What a server keeps of a password: enough to check it, not to show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifiers {
    /// `SHA1(SHA1(password))`, for mysql_native_password; `None` if the account does not allow that method.
    pub native: Option<[u8; 20]>,
    /// `SHA256(SHA256(password))`, for caching_sha2_password's fast path. While it is `None` a client must give the
    /// password itself over TLS once; the verifier made of it is then handed to [`Accounts::learned`].
    pub sha2: Option<[u8; 32]>,
}

impl Verifiers {
    /// The verifiers of a password, for both methods.
    pub fn of(password: &str) -> Self {
        Verifiers {
            native: Some(native::verifier(password.as_bytes())),
            sha2: Some(sha2::verifier(password.as_bytes())),
        }
    }
}

/// How an account is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// No password; accepted from loopback addresses only.
    NoPassword,
    /// A password.
    Password(Verifiers),
}

/// The accounts of a replica. Every method is quick and never blocks.
pub trait Accounts: Send + Sync {
    /// The account of this name, exactly; `None` if there is none.
    fn find(&self, user: &str) -> Option<Credential>;

    /// A client proved its password by giving it over TLS: this verifier makes its next login quick. Keeping it is
    /// optional.
    fn learned(&self, _user: &str, _sha2: [u8; 32]) {}
}

/// Whether two secrets are equal, in time that depends on their lengths only.
pub(crate) fn same_secret(left: &[u8], right: &[u8]) -> bool {
    let differing = left.iter().zip(right).fold(0, |bits, (l, r)| std::hint::black_box(bits | (l ^ r)));
    left.len() == right.len() && differing == 0
}
