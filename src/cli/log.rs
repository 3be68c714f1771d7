//! `headwaters log`: commits newest first, with `--graph` as the lines of descent that `git log --graph` draws.

use super::{Output, print, reach};
use crate::config::Config;
use crate::failure::Failure;
use clap::Args;

/// What to show.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Draw the lines of descent
    #[arg(long)]
    graph: bool,
    /// Show at most so many commits
    #[arg(long, short = 'n', default_value_t = 50, value_name = "COUNT")]
    limit: u64,
    #[command(flatten)]
    output: Output,
}

/// Prints the log.
pub fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let commits = format!(
        "SELECT id, author, seq, written_at, kind, changes, outcome, parents FROM headwaters.commits \
         ORDER BY hlc DESC, author DESC, run DESC, id DESC LIMIT {}",
        arguments.limit
    );
    let answer = reach::ask(config, &commits)?;
    if arguments.graph && !arguments.output.json {
        draw(&answer.rows);
        return Ok(());
    }
    print::answer(&answer, arguments.output.json, "No commits yet: the first statement that changes a row writes one.");
    Ok(())
}

/// One open line of the drawing: the commit it leads down to.
type Lane = Option<String>;

fn draw(rows: &[Vec<Option<String>>]) {
    let mut lanes: Vec<Lane> = Vec::new();
    for row in rows {
        let cell = |i: usize| row.get(i).and_then(Clone::clone).unwrap_or_default();
        let parents: Vec<String> = cell(7).split(',').filter(|p| !p.is_empty()).map(str::to_owned).collect();
        for text in advance(&mut lanes, &cell(0), &parents, &label(&cell)) {
            print::line(text);
        }
    }
}

fn label(cell: &dyn Fn(usize) -> String) -> String {
    let short = |text: String| text.chars().take(10).collect::<String>();
    format!("{} {} {} {} changes, {}", short(cell(0)), cell(3), short(cell(1)), cell(5), cell(6))
}

/// Draws one commit: its own line, then the lines that lead from it to its parents.
fn advance(lanes: &mut Vec<Lane>, id: &str, parents: &[String], label: &str) -> Vec<String> {
    let wanted = Some(id.to_owned());
    let at = lanes.iter().position(|l| *l == wanted).unwrap_or_else(|| {
        let free = lanes.iter().position(Option::is_none).unwrap_or(lanes.len());
        if free == lanes.len() {
            lanes.push(wanted.clone());
        }
        lanes[free] = wanted.clone();
        free
    });
    let mut lines = vec![format!("{} {label}", marks(lanes, &[(at, '*')]))];
    let joined: Vec<usize> = (0..lanes.len()).filter(|&i| i != at && lanes[i] == wanted).collect();
    for i in joined {
        lanes[i] = None;
        lines.push(marks(lanes, &[(i, '/')]));
    }
    lanes[at] = parents.first().cloned();
    for parent in parents.iter().skip(1).filter(|p| parents.first() != Some(p)) {
        if lanes.iter().any(|l| l.as_ref() == Some(parent)) {
            continue;
        }
        let free = (at + 1..lanes.len()).find(|&i| lanes[i].is_none()).unwrap_or(lanes.len());
        if free == lanes.len() {
            lanes.push(None);
        }
        lines.push(marks(lanes, &[(free, '\\')]));
        lanes[free] = Some(parent.clone());
    }
    while lanes.last().is_some_and(Option::is_none) {
        lanes.pop();
    }
    lines
}

fn marks(lanes: &[Lane], special: &[(usize, char)]) -> String {
    let width = lanes.len().max(special.iter().map(|s| s.0 + 1).max().unwrap_or(0));
    let mark = |i: usize| match special.iter().find(|s| s.0 == i) {
        Some((_, mark)) => *mark,
        None if lanes.get(i).is_some_and(Option::is_some) => '|',
        None => ' ',
    };
    (0..width).map(|i| mark(i).to_string()).collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```text
    /// d <- b, c;  c <- a;  b <- a;  a is the root
    /// ```
    #[test]
    fn a_diamond_is_drawn_with_two_lanes() {
        let commits = [("d", "b,c"), ("c", "a"), ("b", "a"), ("a", "")];
        let mut lanes = Vec::new();
        let mut drawn = Vec::new();
        for (id, parents) in commits {
            let parents: Vec<String> = parents.split(',').filter(|p| !p.is_empty()).map(str::to_owned).collect();
            drawn.extend(advance(&mut lanes, id, &parents, id));
        }
        assert_eq!(drawn, ["* d", "| \\", "| * c", "* | b", "* | a", "| /"]);
    }
}
