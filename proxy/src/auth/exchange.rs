//! The exchange of a login as a state machine: what the client answered goes in, what to send next comes out.
//!
//! Serves the handshake and COM_CHANGE_USER alike. The packets: an auth switch names a method and a salt, "more data"
//! is caching_sha2_password's word, and at the end the connection sends OK or 1045.

use super::{Accounts, Credential, Verifiers, native, salt::Salt, sha2};

/// Who asks, by which method, with which answer.
pub(crate) struct Attempt<'a> {
    pub user: &'a str,
    /// The client's method; empty if it cannot name one, which means the native one.
    pub method: &'a [u8],
    /// Whether the client can be asked to switch (CLIENT_PLUGIN_AUTH).
    pub can_switch: bool,
    pub answer: &'a [u8],
}

/// What is known of the way the client came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub salt: Salt,
    pub loopback: bool,
    pub encrypted: bool,
}

/// What the client must send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    Native,
    Fast,
    Password,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send an auth switch to this method with the salt, read a packet, call [`Exchange::answer`].
    Switch(&'static str),
    /// Send "full authentication needed", read a packet, call [`Exchange::answer`].
    AskPassword,
    /// Send "fast path done" and go on to OK.
    AcceptFast,
    /// Go on to OK.
    Accept,
    /// Send 1045.
    Deny,
}

/// A login in progress.
pub(crate) struct Exchange<'a> {
    accounts: &'a dyn Accounts,
    user: &'a str,
    credential: Option<Credential>,
    path: Path,
    awaited: Awaited,
}

impl<'a> Exchange<'a> {
    /// Takes the first answer.
    pub fn begin(accounts: &'a dyn Accounts, path: Path, attempt: &Attempt<'a>) -> (Self, Next) {
        let credential = accounts.find(attempt.user);
        let named = if attempt.method.is_empty() { native::NAME.as_bytes() } else { attempt.method };
        let awaited = if named == native::NAME.as_bytes() { Awaited::Native } else { Awaited::Fast };
        let known = awaited == Awaited::Native || named == sha2::NAME.as_bytes();
        let mut exchange = Exchange { accounts, user: attempt.user, credential, path, awaited };
        let next = match exchange.wanted() {
            // No switch could change the outcome of a login without a password.
            None => exchange.without_password(attempt.answer),
            Some(wanted) if (wanted != awaited || !known) && attempt.can_switch => exchange.switch(wanted),
            Some(_) => exchange.answer(attempt.answer),
        };
        (exchange, next)
    }

    /// The method that this account can be proved by, the client's own if both would do; `None` without a password.
    fn wanted(&self) -> Option<Awaited> {
        match &self.credential {
            Some(Credential::NoPassword) => None,
            Some(Credential::Password(Verifiers { native: None, .. })) => Some(Awaited::Fast),
            Some(Credential::Password(Verifiers { sha2: None, .. })) if !self.path.encrypted => Some(Awaited::Native),
            // An unknown user is asked like one who has both.
            _ => Some(self.awaited),
        }
    }

    fn switch(&mut self, wanted: Awaited) -> Next {
        self.awaited = wanted;
        Next::Switch(if wanted == Awaited::Native { native::NAME } else { sha2::NAME })
    }

    fn without_password(&self, answer: &[u8]) -> Next {
        // caching_sha2_password clients may send a lone NUL for an empty password.
        let empty = matches!(answer, [] | [0]);
        if empty && self.path.loopback { Next::Accept } else { Next::Deny }
    }

    /// Takes an answer to what was sent.
    pub fn answer(&mut self, answer: &[u8]) -> Next {
        let Some(Credential::Password(verifiers)) = &self.credential else { return Next::Deny };
        let salt = &self.path.salt.0;
        match (self.awaited, verifiers) {
            (Awaited::Native, Verifiers { native: Some(kept), .. }) => {
                // After an auth switch some clients end the answer with a NUL.
                let answer = answer.get(..20).filter(|_| answer.len() == 21).unwrap_or(answer);
                if native::proves(answer, salt, kept) { Next::Accept } else { Next::Deny }
            }
            (Awaited::Fast, Verifiers { sha2: Some(kept), .. }) => {
                if sha2::proves(answer, salt, kept) {
                    Next::AcceptFast
                } else {
                    Next::Deny
                }
            }
            (Awaited::Fast, Verifiers { sha2: None, .. }) if self.path.encrypted && !answer.is_empty() => {
                self.awaited = Awaited::Password;
                Next::AskPassword
            }
            (Awaited::Password, verifiers) => self.password(answer, verifiers),
            _ => Next::Deny,
        }
    }

    /// The password itself, with its NUL; only ever asked for over TLS.
    fn password(&self, answer: &[u8], verifiers: &Verifiers) -> Next {
        let password = answer.strip_suffix(&[0]).unwrap_or(answer);
        match verifiers.native {
            Some(kept) if super::same_secret(&native::verifier(password), &kept) => {
                self.accounts.learned(self.user, sha2::verifier(password));
                Next::Accept
            }
            _ => Next::Deny,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mysql_common::scramble::{scramble_native, scramble_sha256};
    use std::sync::Mutex;

    const SALT: Salt = Salt(*b"0123456789abcdefghij");

    #[derive(Default)]
    struct House(Mutex<Vec<String>>);
    impl Accounts for House {
        fn find(&self, user: &str) -> Option<Credential> {
            let all = Verifiers::of("secret");
            match user {
                "open" => Some(Credential::NoPassword),
                "both" => Some(Credential::Password(all)),
                "native" => Some(Credential::Password(Verifiers { sha2: None, ..all })),
                "sha2" => Some(Credential::Password(Verifiers { native: None, ..all })),
                _ => None,
            }
        }
        fn learned(&self, user: &str, sha2: [u8; 32]) {
            assert_eq!(sha2, sha2::verifier(b"secret"));
            self.0.lock().unwrap().push(user.to_owned());
        }
    }

    /// A client that behaves: answers switches, gives the password when asked over TLS.
    fn login(house: &House, user: &str, password: &str, method: &str, loopback: bool, encrypted: bool) -> Vec<Next> {
        let scramble = |method: &str| match method {
            _ if password.is_empty() => Vec::new(),
            native::NAME | "" => scramble_native(&SALT.0, password.as_bytes()).unwrap().to_vec(),
            sha2::NAME => scramble_sha256(&SALT.0, password.as_bytes()).unwrap().to_vec(),
            _ => b"token".to_vec(),
        };
        let answer = scramble(method);
        let attempt = Attempt { user, method: method.as_bytes(), can_switch: !method.is_empty(), answer: &answer };
        let (mut exchange, mut next) = Exchange::begin(house, Path { salt: SALT, loopback, encrypted }, &attempt);
        let mut seen = Vec::new();
        loop {
            let then = match &next {
                Next::Switch(method) => exchange.answer(&scramble(method)),
                Next::AskPassword => exchange.answer(format!("{password}\0").as_bytes()),
                _ => break,
            };
            seen.push(std::mem::replace(&mut next, then));
        }
        seen.push(next);
        seen
    }

    #[test]
    fn every_way_in_and_every_way_out() {
        use Next::*;
        let (n, s) = (native::NAME, sha2::NAME);
        let house = House::default();
        type Case<'a> = (&'a str, &'a str, &'a str, bool, bool, &'a [Next]);
        let cases: [Case<'_>; 18] = [
            ("open", "", n, true, false, &[Accept]),
            ("open", "", s, true, false, &[Accept]),
            ("open", "", s, false, true, &[Deny]),
            ("open", "guess", n, true, false, &[Deny]),
            ("both", "secret", n, false, false, &[Accept]),
            ("both", "secret", "", false, false, &[Accept]),
            ("both", "secret", s, false, false, &[AcceptFast]),
            ("both", "secret", "auth_gssapi_client", false, false, &[Switch(s), AcceptFast]),
            ("both", "wrong", n, true, false, &[Deny]),
            ("both", "wrong", s, true, true, &[Deny]),
            ("both", "", s, true, true, &[Deny]),
            ("native", "secret", s, false, false, &[Switch(n), Accept]),
            ("native", "secret", s, false, true, &[AskPassword, Accept]),
            ("native", "wrong", s, false, true, &[AskPassword, Deny]),
            ("sha2", "secret", n, false, false, &[Switch(s), AcceptFast]),
            ("sha2", "secret", "", false, false, &[Deny]),
            ("nobody", "secret", n, true, false, &[Deny]),
            ("nobody", "secret", s, true, true, &[Deny]),
        ];
        for (user, password, method, loopback, encrypted, expected) in cases {
            let seen = login(&house, user, password, method, loopback, encrypted);
            assert_eq!(seen, expected, "{user} {password} {method} loopback={loopback} tls={encrypted}");
        }
        assert_eq!(*house.0.lock().unwrap(), ["native"]);
    }
}
