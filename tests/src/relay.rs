//! A relay between two replicas, TCP and UDP on one port of loopback or of a test host: what passes it is delayed, lost,
//! narrowed or cut, as a test wills, while it runs.
//!
//! Promises: the same seed loses the same packets of a flow; a cut is silence, not a closed connection, as a pulled
//! cable is; what TCP "loses" comes later, in order, as TCP sends it again; the bytes that passed are counted. Ends with
//! the value. Does not know what it carries.

use crate::simulation::random::Random;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Bytes read at a time: about ten packets, so that delay and loss fall on small pieces.
const PIECE: usize = 16 << 10;
/// Largest datagram there is.
const DATAGRAM: usize = 65_535;
/// Pieces under way in one direction of a flow: 1 MiB, as a socket's buffers hold.
const UNDER_WAY: usize = 64;
/// What losing a piece costs TCP: its least retransmission timeout on Linux.
const RESEND: Duration = Duration::from_millis(200);

/// What the link does to what passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// One way.
    pub delay: Duration,
    /// So many of a thousand pieces or datagrams are lost.
    pub lost_permille: u64,
    /// Bytes a second in each direction of a flow; 0: as fast as it goes.
    pub bytes_per_second: u64,
    /// Nothing passes.
    pub cut: bool,
}

/// A running relay.
pub struct Relay {
    address: SocketAddr,
    road: Road,
    _tasks: JoinSet<()>,
}

/// What every flow of a relay looks at.
#[derive(Clone)]
struct Road {
    weather: Arc<watch::Sender<Weather>>,
    target: Arc<watch::Sender<SocketAddr>>,
    passed: Arc<AtomicU64>,
    seed: u64,
}

impl Relay {
    /// Listens on a free port of `host` and carries everything to `target` and back.
    pub async fn start(host: &str, target: SocketAddr, seed: u64) -> io::Result<Relay> {
        let (listener, socket) = same_port(host).await?;
        let address = listener.local_addr()?;
        let (weather, target) = (Arc::new(watch::Sender::default()), Arc::new(watch::Sender::new(target)));
        let road = Road { weather, target, passed: Arc::default(), seed };
        let mut tasks = JoinSet::new();
        tasks.spawn(carry_streams(listener, road.clone()));
        tasks.spawn(carry_datagrams(socket, road.clone()));
        Ok(Relay { address, road, _tasks: tasks })
    }

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the link is like this, for flows that stand as for new ones.
    pub fn set(&self, weather: Weather) {
        self.road.weather.send_replace(weather);
    }

    /// New flows go there: the replica came back on another port.
    pub fn aim(&self, target: SocketAddr) {
        self.road.target.send_replace(target);
    }

    /// Bytes that passed, both ways.
    pub fn passed(&self) -> u64 {
        self.road.passed.load(Ordering::Relaxed)
    }
}

/// TCP and UDP on one free port.
async fn same_port(host: &str) -> io::Result<(TcpListener, UdpSocket)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..16 {
        let listener = TcpListener::bind((host, 0)).await?;
        match UdpSocket::bind(listener.local_addr()?).await {
            Ok(socket) => return Ok((listener, socket)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Road {
    fn chance(&self, flow: u64) -> Random {
        Random::new(self.seed ^ flow.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Waits until the link is not cut.
    async fn open(&self) {
        let mut weather = self.weather.subscribe();
        let _the_sender_lives_in_self = weather.wait_for(|w| !w.cut).await;
    }
}

/// One direction's timing: when a piece that was taken now comes out.
struct Lane {
    free_at: Instant,
    chance: Random,
}

impl Lane {
    fn due(&mut self, weather: &Weather, bytes: usize) -> Instant {
        let now = Instant::now();
        let start = self.free_at.max(now);
        let takes = match weather.bytes_per_second {
            0 => Duration::ZERO,
            rate => Duration::from_secs_f64(bytes as f64 / rate as f64),
        };
        self.free_at = start + takes;
        self.free_at + weather.delay
    }

    fn loses(&mut self, weather: &Weather) -> bool {
        weather.lost_permille > 0 && self.chance.chance(weather.lost_permille)
    }
}

async fn carry_streams(listener: TcpListener, road: Road) {
    let mut flows = JoinSet::new();
    for flow in 0.. {
        let Ok((near, _)) = listener.accept().await else { return };
        while flows.try_join_next().is_some() {}
        let road = road.clone();
        flows.spawn(async move {
            road.open().await;
            let target = *road.target.borrow();
            // A replica that does not listen is a connection that closes at once.
            let Ok(far) = TcpStream::connect(target).await else { return };
            let _nodelay = (near.set_nodelay(true), far.set_nodelay(true));
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::select! {
                () = pump(near_in, far_out, &road, flow * 2) => {}
                () = pump(far_in, near_out, &road, flow * 2 + 1) => {}
            }
        });
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, road: &Road, flow: u64) {
    let (taken, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let take = async {
        let mut lane = Lane { free_at: Instant::now(), chance: road.chance(flow) };
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            road.open().await;
            let weather = *road.weather.borrow();
            if lane.loses(&weather) {
                lane.free_at = lane.free_at.max(Instant::now()) + RESEND;
            }
            let at = lane.due(&weather, length);
            if taken.send((at, piece[..length].to_vec())).await.is_err() {
                return;
            }
        }
        drop(taken);
    };
    let give = async {
        while let Some((at, piece)) = due.recv().await {
            sleep_until(at).await;
            road.open().await;
            road.passed.fetch_add(piece.len() as u64, Ordering::Relaxed);
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        let _already_closed = to.shutdown().await;
    };
    tokio::join!(take, give);
}

/// Each client address gets a socket of its own towards the target, as a NAT does.
async fn carry_datagrams(socket: UdpSocket, road: Road) {
    let socket = Arc::new(socket);
    let mut lanes: BTreeMap<SocketAddr, mpsc::Sender<Vec<u8>>> = BTreeMap::new();
    let mut flows = JoinSet::new();
    let mut datagram = vec![0; DATAGRAM];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut datagram).await else { continue };
        while flows.try_join_next().is_some() {}
        if lanes.get(&client).is_none_or(|lane| lane.is_closed()) {
            let (lane, outgoing) = mpsc::channel(UNDER_WAY);
            let flow = (1 << 32) + lanes.len() as u64;
            flows.spawn(exchange(socket.clone(), client, outgoing, road.clone(), flow));
            lanes.insert(client, lane);
        }
        // A full lane drops the datagram, as a full queue of a router does.
        let _dropped_when_full = lanes[&client].try_send(datagram[..length].to_vec());
    }
}

async fn exchange(
    near: Arc<UdpSocket>,
    client: SocketAddr,
    mut outgoing: mpsc::Receiver<Vec<u8>>,
    road: Road,
    flow: u64,
) {
    let target = *road.target.borrow();
    let any = SocketAddr::new(near.local_addr().map_or(target.ip(), |a| a.ip()), 0);
    let Ok(far) = UdpSocket::bind(any).await.map(Arc::new) else { return };
    let (back, mut incoming) = mpsc::channel::<Vec<u8>>(UNDER_WAY);
    let receive = async {
        let mut datagram = vec![0; DATAGRAM];
        // Loopback reports a port where nobody listens as an error: the next flow looks for the target again.
        while let Ok((length, _)) = far.recv_from(&mut datagram).await {
            let _dropped_when_full = back.try_send(datagram[..length].to_vec());
        }
    };
    let (there, here) = (Outlet { socket: far.clone(), to: target }, Outlet { socket: near, to: client });
    let there = deliver(&mut outgoing, &road, flow * 2, there);
    let here = deliver(&mut incoming, &road, flow * 2 + 1, here);
    tokio::select! {
        () = receive => {}
        () = there => {}
        () = here => {}
    }
}

/// Where one direction's datagrams go.
struct Outlet {
    socket: Arc<UdpSocket>,
    to: SocketAddr,
}

async fn deliver(queue: &mut mpsc::Receiver<Vec<u8>>, road: &Road, flow: u64, outlet: Outlet) {
    let mut lane = Lane { free_at: Instant::now(), chance: road.chance(flow) };
    let mut under_way: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    loop {
        let next = under_way.front().map(|(at, _)| *at);
        tokio::select! {
            taken = queue.recv() => {
                let Some(piece) = taken else { return };
                let weather = *road.weather.borrow();
                if weather.cut || lane.loses(&weather) || under_way.len() >= UNDER_WAY * 16 {
                    continue;
                }
                under_way.push_back((lane.due(&weather, piece.len()), piece));
            }
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                let Some((_, piece)) = under_way.pop_front() else { continue };
                if road.weather.borrow().cut {
                    continue;
                }
                road.passed.fetch_add(piece.len() as u64, Ordering::Relaxed);
                if outlet.socket.send_to(&piece, outlet.to).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    /// A server that sends back what it gets, over TCP and UDP on one port.
    async fn echo(tasks: &mut JoinSet<()>) -> SocketAddr {
        let (listener, socket) = same_port("127.0.0.1").await.unwrap();
        let address = listener.local_addr().unwrap();
        tasks.spawn(async move {
            let mut streams = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                streams.spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await.unwrap();
                });
            }
        });
        tasks.spawn(async move {
            let mut datagram = [0; 2_000];
            while let Ok((length, from)) = socket.recv_from(&mut datagram).await {
                socket.send_to(&datagram[..length], from).await.unwrap();
            }
        });
        address
    }

    async fn there_and_back(stream: &mut TcpStream, bytes: &[u8]) -> Duration {
        let begun = Instant::now();
        stream.write_all(bytes).await.unwrap();
        let mut back = vec![0; bytes.len()];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(back, bytes);
        begun.elapsed()
    }

    #[tokio::test]
    async fn a_stream_is_delayed_narrowed_and_cut_and_loses_nothing() {
        let mut tasks = JoinSet::new();
        let relay = Relay::start("127.0.0.1", echo(&mut tasks).await, 7).await.unwrap();
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        there_and_back(&mut stream, b"as it is").await;
        assert_eq!(relay.passed(), 16, "there and back");
        relay.set(Weather { delay: Duration::from_millis(30), ..Weather::default() });
        assert!(there_and_back(&mut stream, b"late").await >= Duration::from_millis(60));
        relay.set(Weather { bytes_per_second: 1_000_000, ..Weather::default() });
        assert!(there_and_back(&mut stream, &[5; 100_000]).await >= Duration::from_millis(100));
        relay.set(Weather { cut: true, ..Weather::default() });
        let silent = timeout(Duration::from_millis(80), there_and_back(&mut stream, b"nothing")).await;
        assert!(silent.is_err(), "a cut is silence");
        relay.set(Weather::default());
        let mut late = [0; 7];
        stream.read_exact(&mut late).await.unwrap();
        assert_eq!(&late, b"nothing", "and what was under way comes after it");
    }

    /// Which of 200 numbered datagrams came back.
    async fn survivors(seed: u64) -> Vec<u8> {
        let mut tasks = JoinSet::new();
        let relay = Relay::start("127.0.0.1", echo(&mut tasks).await, seed).await.unwrap();
        relay.set(Weather { lost_permille: 300, ..Weather::default() });
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(relay.address()).await.unwrap();
        let mut came = Vec::new();
        let mut datagram = [0; 10];
        for number in 0..200u8 {
            socket.send(&[number]).await.unwrap();
            if timeout(Duration::from_millis(20), socket.recv(&mut datagram)).await.is_ok() {
                came.push(datagram[0]);
            }
        }
        came
    }

    #[tokio::test]
    async fn datagrams_are_lost_by_the_seed() {
        let came = survivors(3).await;
        assert!((60..140).contains(&came.len()), "0.7 * 0.7 of 200 come back, not {}", came.len());
    }
}
