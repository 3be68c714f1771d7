//! What the wire costs: questions a second against a loop that answers without reading, in the same run.
//!
//! `cargo test --release -p proxy --test wire overhead -- --ignored --nocapture`

use crate::double::Running;
use crate::raw::{Raw, frame};
use dag::clock::{Clock, System};
use proxy::limits::Limits;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const TIME: Duration = Duration::from_secs(2);

/// A server that answers every read with one OK packet.
async fn empty_loop() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "ends with the runtime of the test")]
    tokio::spawn(async move {
        let mut all = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            all.spawn(async move {
                let mut bytes = [0; 256];
                while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {
                    stream.write_all(&frame(1, &[0, 1, 1, 2, 0, 0, 0])).await.unwrap();
                }
            });
        }
    });
    address
}

async fn ask(stream: &mut TcpStream, clock: &System) -> u64 {
    let (question, mut answer) = (frame(0, b"\x03OK 1"), [0; 11]);
    let (began, mut count) = (clock.monotonic(), 0);
    while clock.monotonic() - began < TIME {
        stream.write_all(&question).await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        count += 1;
    }
    count
}

async fn questions_a_second(streams: Vec<TcpStream>) -> f64 {
    let mut asking = JoinSet::new();
    for mut stream in streams {
        stream.set_nodelay(true).unwrap();
        asking.spawn(async move { ask(&mut stream, &System::new()).await });
    }
    asking.join_all().await.iter().sum::<u64>() as f64 / TIME.as_secs_f64()
}

#[ignore = "a measurement"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overhead() {
    let mut server = Running::start(Limits::default()).await;
    let empty = empty_loop().await;
    for clients in [1, 8] {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..clients {
            ours.push(Raw::root(server.address).await.0);
            bare.push(TcpStream::connect(empty).await.unwrap());
        }
        let (bare, ours) = (questions_a_second(bare).await, questions_a_second(ours).await);
        println!("{clients} clients: empty loop {bare:.0}/s, server {ours:.0}/s, ratio {:.2}", ours / bare);
        assert!(ours / bare > 0.5, "the wire costs as much as the kernel's part");
    }
    server.stop().await;
}
