//! CPU time and memory of processes, from `/proc`.

use std::{collections::BTreeMap, fs, path::Path};

/// CPU milliseconds used so far, by name; a name stands for a process and all its descendants.
pub fn milliseconds(processes: &BTreeMap<String, u32>) -> BTreeMap<String, f64> {
    let table = table();
    processes
        .iter()
        .map(|(name, pid)| {
            (
                name.clone(),
                family(&table, *pid)
                    .iter()
                    .map(|process| process.cpu_ms)
                    .sum(),
            )
        })
        .collect()
}

/// Resident memory in MB, by name, of the process alone.
pub fn resident_mb(processes: &BTreeMap<String, u32>) -> BTreeMap<String, f64> {
    processes
        .iter()
        .filter_map(|(name, pid)| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
            let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some((name.clone(), kilobytes / 1024.0))
        })
        .collect()
}

/// CPU milliseconds that the whole machine has spent working.
pub fn machine_ms() -> f64 {
    // user, nice, system, irq, softirq
    ticks(&[0, 1, 2, 5, 6])
}

/// CPU milliseconds that other machines on the same host took while this one had work.
pub fn stolen_ms() -> f64 {
    ticks(&[7])
}

/// CPU milliseconds of this process.
pub fn own_ms() -> f64 {
    read(Path::new("/proc/self/stat")).map_or(0.0, |process| process.cpu_ms)
}

fn ticks(columns: &[usize]) -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<f64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|n| n.parse().ok())
        .collect();
    columns.iter().filter_map(|at| ticks.get(*at)).sum::<f64>() * MS_PER_TICK
}

/// The kernel's USER_HZ is 100 on every Linux that Rust supports.
const MS_PER_TICK: f64 = 10.0;

struct Process {
    parent: u32,
    cpu_ms: f64,
}

fn table() -> BTreeMap<u32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    entries
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, read(Path::new(&format!("/proc/{pid}/stat")))?))
        })
        .collect()
}

fn read(path: &Path) -> Option<Process> {
    let stat = fs::read_to_string(path).ok()?;
    // the name, in brackets, may hold anything
    let rest: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // fields 4 (parent), 14 to 17 (own and waited-for children's user and system time)
    let ticks = |at: usize| rest.get(at - 3).and_then(|text| text.parse::<f64>().ok());
    Some(Process {
        parent: rest.get(1)?.parse().ok()?,
        cpu_ms: (ticks(14)? + ticks(15)? + ticks(16)? + ticks(17)?) * MS_PER_TICK,
    })
}

fn family(table: &BTreeMap<u32, Process>, root: u32) -> Vec<&Process> {
    table
        .iter()
        .filter(|(pid, _)| {
            let mut at = **pid;
            for _ in 0..64 {
                if at == root {
                    return true;
                }
                match table.get(&at) {
                    Some(process) if process.parent != 0 => at = process.parent,
                    _ => return false,
                }
            }
            false
        })
        .map(|(_, process)| process)
        .collect()
}
