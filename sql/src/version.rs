//! The version this server shows to clients: one place for the greeting, `@@version` and VERSION().
//!
//! Drivers and tools switch behaviour on the leading number, so it is a released MySQL 8.0 whose features they may use.

/// The MySQL version whose behaviour clients may expect.
pub const MYSQL: &str = "8.0.36";

/// What the greeting, `@@version` and VERSION() say.
pub const SERVER: &str = "8.0.36-headwaters";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_names_the_version_it_behaves_as() {
        assert_eq!(SERVER.split('-').next(), Some(MYSQL));
    }
}
