//! The simulated network: loses, delays, doubles, reorders and damages packets, and splits into islands.
//!
//! Promises: calm weather loses nothing, and keeps the order between two peers. Does not know what packets mean.

use super::random::Random;

/// What travels.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Who sent it.
    pub from: usize,
    /// Who gets it.
    pub to: usize,
    /// Which connection of the two it belongs to; packets of an older one are thrown away. Gossip has none.
    pub connection: Option<u64>,
    /// A frame, as it would stand on a socket.
    pub bytes: Vec<u8>,
}

/// How bad the network is, in cases per thousand packets.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Packets that vanish.
    pub loss: u64,
    /// Packets that come twice.
    pub double: u64,
    /// Packets with a damaged byte.
    pub damage: u64,
    /// Longest delay in milliseconds; with more than one, packets overtake each other.
    pub delay_millis: u64,
}

impl Weather {
    /// Nothing goes wrong, and everything takes as long: order is kept.
    pub const CALM: Weather = Weather { loss: 0, double: 0, damage: 0, delay_millis: 1 };

    /// Any mix from a light breeze to a storm.
    pub fn random(random: &mut Random) -> Self {
        let mut upto = |most: u64| random.below(most + 1);
        Weather { loss: upto(150), double: upto(100), damage: upto(8), delay_millis: 1 + upto(400) }
    }
}

/// The network.
#[derive(Debug)]
pub struct Network {
    weather: Weather,
    /// The island each peer is on; packets cross no water.
    islands: Vec<usize>,
}

impl Network {
    /// All on one island.
    pub fn new(peers: usize, weather: Weather) -> Self {
        Network { weather, islands: vec![0; peers] }
    }

    /// The weather changes.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// Each peer goes to one of two islands.
    pub fn split(&mut self, random: &mut Random) {
        self.islands.iter_mut().for_each(|island| *island = random.below(2) as usize);
    }

    /// One peer goes to an island of its own.
    pub fn cut_off(&mut self, peer: usize) {
        self.islands[peer] = 100 + peer;
    }

    /// Whether two peers are on one island.
    pub fn reaches(&self, one: usize, other: usize) -> bool {
        self.islands[one] == self.islands[other]
    }

    /// Everybody can reach everybody.
    pub fn join(&mut self) {
        self.islands.fill(0);
    }

    /// When the copies of a packet arrive, in milliseconds from now, and what is in them.
    pub fn carry(&self, packet: &Packet, random: &mut Random) -> Vec<(u64, Packet)> {
        let mut arriving = Vec::new();
        if self.islands[packet.from] != self.islands[packet.to] || random.chance(self.weather.loss) {
            return arriving;
        }
        let copies = 1 + u64::from(random.chance(self.weather.double));
        for _ in 0..copies {
            let mut copy = packet.clone();
            if random.chance(self.weather.damage) && !copy.bytes.is_empty() {
                let at = random.below(copy.bytes.len() as u64) as usize;
                copy.bytes[at] ^= 1 << random.below(8);
            }
            arriving.push((1 + random.below(self.weather.delay_millis), copy));
        }
        arriving
    }
}
