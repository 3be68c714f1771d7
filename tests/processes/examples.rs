//! What the folders under `examples/` say, done: the crontab line's very command, on a folder and beside a replica.

use super::BINARY;
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn example(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(path)).unwrap()
}

/// The environment lines of a system crontab, and the command of its one job without schedule and user.
fn crontab(text: &str) -> (BTreeMap<String, String>, String) {
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
    let (settings, jobs): (Vec<&str>, Vec<&str>) = lines.partition(|l| !l.starts_with(|c: char| c.is_ascii_digit()));
    let settings = settings.iter().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned()));
    let [job] = jobs[..] else { panic!("one job: {jobs:?}") };
    let command = job.splitn(7, ' ').last().unwrap().to_owned();
    (settings.collect(), command)
}

/// Runs the crontab's command as cron would, with this machine's paths in its variables; gives the code and the line logged.
fn run_job(data: &Path) -> (i32, String, String) {
    let (mut settings, command) = crontab(&example("compaction_cron/headwaters-compact.cron"));
    let log = data.with_extension("jsonl");
    let folder = PathBuf::from(BINARY).parent().unwrap().display().to_string();
    settings.insert("PATH".into(), format!("{folder}:{}", settings["PATH"]));
    for (name, path) in [("HEADWATERS_DATA", data), ("COMPACTION_LOG", &log)] {
        assert!(settings.insert(name.into(), path.display().to_string()).is_some(), "the crontab sets {name}");
    }
    let out = Command::new(&settings["SHELL"]).args(["-c", &command]).env_clear().envs(&settings).output().unwrap();
    let logged = std::fs::read_to_string(&log).unwrap_or_default();
    let last = logged.lines().last().unwrap_or_default().to_owned();
    (out.status.code().unwrap(), last, String::from_utf8_lossy(&out.stderr).into_owned())
}

fn cut(line: &str) -> (String, u64, String) {
    let said: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    let text = |name: &str| said[name].as_str().unwrap_or_else(|| panic!("{name} in {line}")).to_owned();
    (text("cut"), text("position").parse().unwrap(), text("main_hash"))
}

#[tokio::test]
async fn the_crontab_line_compacts_beside_a_replica_and_on_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let instance = Instance::start(BINARY, &data);
    let mut connection = instance.connect().await;
    connection.query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)").await.unwrap();
    let (code, line, complaint) = run_job(&data);
    let (new, position, hash) = cut(&line);
    assert_eq!((code, new.as_str(), position, complaint.as_str()), (0, "1", 2, ""));
    let shown: Option<(u64, String)> = connection
        .query_first(
            "SELECT MAX(position), (SELECT value FROM headwaters.status WHERE name = 'main_hash') FROM headwaters.log",
        )
        .await
        .unwrap();
    assert_eq!(shown, Some((2, hash)), "what it printed is what the replica has");
    let (code, line, _) = run_job(&data);
    assert_eq!((code, cut(&line).0.as_str()), (0, "0"), "nothing new to cut is no failure");
    connection.query_drop("INSERT INTO d.t VALUES (1)").await.unwrap();
    drop(connection);
    assert!(instance.stop());
    let (code, line, complaint) = run_job(&data);
    assert_eq!((code, cut(&line).0.as_str(), cut(&line).1, complaint.as_str()), (0, "1", 3, ""));
}

#[test]
fn the_crontab_line_fails_with_the_code_its_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let (code, line, complaint) = run_job(&nowhere);
    assert_eq!((code, line.as_str()), (2, ""));
    assert!(complaint.contains("holds no database"), "{complaint}");
}

/// The units name the binary, the folder and each other; where systemd is installed, it reads them itself.
#[test]
fn the_systemd_units_are_well_formed() {
    let service = example("compaction_cron/headwaters-compact.service");
    let (settings, command) = crontab(&example("compaction_cron/headwaters-compact.cron"));
    let verb = command.split(" >>").next().unwrap();
    assert!(service.contains(&format!("ExecStart=/usr/local/bin/{verb}\n")), "cron and systemd run the same verb");
    assert!(service.contains(&format!("Environment=HEADWATERS_DATA={}\n", settings["HEADWATERS_DATA"])));
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = service.replace("/usr/local/bin/headwaters", BINARY).replace("=headwaters\n", "=root\n");
    std::fs::write(folder.path().join("headwaters-compact.service"), here).unwrap();
    let timer = folder.path().join("headwaters-compact.timer");
    std::fs::write(&timer, example("compaction_cron/headwaters-compact.timer")).unwrap();
    let out = Command::new("systemd-analyze").arg("verify").arg(&timer).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success() && !said.contains("headwaters-compact"), "{said}");
}
