//! How figures are taken: both sides in turn in one run, the median of the ratios pair by pair, because machines drift.

use std::fs::File;
use std::future::Future;
use std::io::Write;
use std::time::Duration;

/// How long and how often.
pub struct Plan {
    /// Seconds of one measurement.
    pub seconds: f64,
    /// Pairs.
    pub rounds: usize,
}

impl Plan {
    /// One measurement's length.
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

/// The middle value; the mean of the two middle ones for an even count.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// What both sides did in operations a second, and the ratio ours / theirs.
pub struct Ratio {
    /// Our median.
    pub ours: f64,
    /// Their median.
    pub theirs: f64,
    /// Median of the ratios pair by pair.
    pub ratio: f64,
    /// Least and greatest ratio.
    pub spread: (f64, f64),
}

/// Measures both sides in turn, after one unmeasured pair.
pub async fn compare<E, A: Future<Output = Result<f64, E>>, B: Future<Output = Result<f64, E>>>(
    plan: &Plan,
    ours: impl Fn() -> A,
    theirs: impl Fn() -> B,
) -> Result<Ratio, E> {
    let mut pairs = Vec::new();
    for round in 0..=plan.rounds {
        let pair = (ours().await?, theirs().await?);
        if round > 0 {
            pairs.push(pair);
        }
    }
    let ratios: Vec<f64> = pairs.iter().map(|(a, b)| a / b).collect();
    let spread = ratios.iter().fold((f64::MAX, f64::MIN), |(low, high), r| (low.min(*r), high.max(*r)));
    Ok(Ratio {
        ours: median(&pairs.iter().map(|p| p.0).collect::<Vec<_>>()),
        theirs: median(&pairs.iter().map(|p| p.1).collect::<Vec<_>>()),
        ratio: median(&ratios),
        spread,
    })
}

/// Median microseconds of appending 300 bytes and fdatasync on this disk: what a durable answer costs at the least.
pub fn sync_micros(folder: &std::path::Path) -> std::io::Result<f64> {
    let mut file = File::create(folder.join("sync-probe"))?;
    let mut taken = Vec::new();
    for _ in 0..500 {
        let bar = indicatif::ProgressBar::hidden();
        file.write_all(&[7u8; 300])?;
        file.sync_data()?;
        taken.push(bar.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(&taken))
}
