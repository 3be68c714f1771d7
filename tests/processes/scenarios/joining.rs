//! A start that cannot listen for peers; tickets are in `membership`.

use super::super::BINARY;
use acceptance::instance::Launch;
use std::net::TcpListener;

#[test]
fn a_port_for_peers_in_use_stops_the_start_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = Launch::new(BINARY, folder.path()).verb(&["start", "--mdns", "off", "--peers-listen", &address]);
    let said = said.expect_err("the port is taken");
    assert!(said.contains(&address) && said.contains("--peers-listen"), "{said}");
}
