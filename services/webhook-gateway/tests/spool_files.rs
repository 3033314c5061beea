//! The files of the spool: what a crash, a full disk or a stranger leaves of them.
#![allow(missing_docs, clippy::unwrap_used)]

use chrono::{DateTime, TimeDelta, Utc};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
};
use uuid::Uuid;
use webhook_gateway::{
    deliveries::delivery::Delivery,
    spool::{
        Config, Spool,
        queue::{FILE_SIZE, Queue},
    },
};

fn delivery(n: u64, size: usize) -> Delivery {
    Delivery {
        id: Uuid::from_u64_pair(0, n),
        webhook: "intake".to_owned(),
        received_at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(n).unwrap()),
        traceparent: None,
        body: vec![b'x'; size],
    }
}

fn open(folder: &Path, limit: u64) -> Queue {
    Queue::open("test", folder.to_owned(), limit).unwrap()
}

fn append(queue: &Queue, numbers: std::ops::Range<u64>, size: usize) -> Vec<bool> {
    let deliveries: Vec<Delivery> = numbers.map(|n| delivery(n, size)).collect();
    queue
        .append(deliveries.iter().map(|delivery| (delivery, None)))
        .unwrap()
}

/// Empties the queue; the numbers that were in it, in order.
fn drained(queue: &Queue) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Some(front) = queue.read(7).unwrap() {
        numbers.extend(
            front
                .records()
                .map(|record| record.delivery.id.as_u64_pair().1),
        );
        queue.done(&front, front.len()).unwrap();
    }
    numbers
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn first_in_first_out_over_restarts_and_several_files() {
    let folder = tempfile::tempdir().unwrap();
    let size = usize::try_from(FILE_SIZE).unwrap() / 16;
    for start in [0, 20] {
        let queue = open(folder.path(), 1 << 30);
        assert!(append(&queue, start..start + 10, size).iter().all(|ok| *ok));
        assert!(
            append(&queue, start + 10..start + 20, size)
                .iter()
                .all(|ok| *ok)
        );
    }
    assert!(files(folder.path()).len() >= 2);
    let queue = open(folder.path(), 1 << 30);
    assert_eq!(queue.waiting(), 40);
    assert_eq!(queue.extent().1, Some(delivery(0, 0).received_at));
    assert_eq!(drained(&queue), (0..40).collect::<Vec<_>>());
    assert_eq!((queue.waiting(), queue.extent()), (0, (0, None)));
    assert!(files(folder.path()).is_empty(), "what is done is removed");
}

#[test]
fn what_is_not_done_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path(), 1 << 20);
    append(&queue, 0..10, 10);
    let front = queue.read(6).unwrap().unwrap();
    queue.done(&front, 4).unwrap();
    assert_eq!(queue.waiting(), 6);
    let again = queue.read(100).unwrap().unwrap();
    let first = again.records().next().unwrap().delivery.id;
    assert_eq!((again.len(), first.as_u64_pair().1), (6, 4));
    drop(queue);
    let restarted = open(folder.path(), 1 << 20);
    assert_eq!(
        drained(&restarted),
        (0..10).collect::<Vec<_>>(),
        "after a crash from the beginning of the file"
    );
}

#[test]
fn only_the_owner_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        folder: folder.path().join("spool"),
        bytes: 1 << 20,
    };
    let spool = Spool::open(&config).unwrap();
    append(&spool.signed, 0..1, 10);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&config.folder), 0o700);
    assert_eq!(mode(&config.folder.join("signed")), 0o700);
    for file in files(&config.folder.join("signed")) {
        assert_eq!(mode(&file), 0o600);
    }
}

#[test]
fn one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        folder: folder.path().to_owned(),
        bytes: 1 << 20,
    };
    let first = Spool::open(&config).unwrap();
    let refused = Spool::open(&config).err().unwrap();
    assert!(
        refused.to_string().contains("KEYLIGHT_WEBHOOK_SPOOL_DIR"),
        "{refused}"
    );
    drop(first);
    Spool::open(&config).unwrap();
}

#[test]
fn a_torn_end_is_cut_off_at_every_length() {
    let whole = {
        let folder = tempfile::tempdir().unwrap();
        let queue = open(folder.path(), 1 << 20);
        append(&queue, 0..3, 20);
        fs::read(&files(folder.path())[0]).unwrap()
    };
    let one = whole.len() / 3;
    for length in 0..=whole.len() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.spool"), &whole[..length]).unwrap();
        let queue = open(folder.path(), 1 << 20);
        let kept = (length / one) as u64;
        assert_eq!(queue.waiting(), kept, "{length} bytes");
        // what comes afterwards is not hidden behind it; each of these is a sync, so not at every length
        let after = if length.is_multiple_of(13) {
            3..4
        } else {
            3..3
        };
        append(&queue, after.clone(), 20);
        let expected: Vec<u64> = (0..kept).chain(after).collect();
        assert_eq!(drained(&queue), expected, "{length} bytes");
        assert!(files(folder.path()).is_empty());
    }
}

#[test]
fn a_damaged_record_does_not_take_the_others_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path(), 1 << 20);
    append(&queue, 0..3, 20);
    drop(queue);
    let file = files(folder.path()).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // and zeros at the end, as some file systems leave after a crash
    bytes.extend([0; 100]);
    fs::write(&file, bytes).unwrap();
    let queue = open(folder.path(), 1 << 20);
    assert_eq!(queue.waiting(), 2);
    assert_eq!(drained(&queue), [0, 2]);
    assert_eq!(queue.waiting(), 0);
}

#[test]
fn a_file_that_somebody_removes_or_cuts_does_not_stop_the_rest() {
    for cut in [None, Some(30)] {
        let folder = tempfile::tempdir().unwrap();
        let queue = open(folder.path(), 1 << 20);
        append(&queue, 0..5, 20);
        let file = files(folder.path()).remove(0);
        match cut {
            None => fs::remove_file(&file).unwrap(),
            Some(length) => fs::File::options()
                .write(true)
                .open(&file)
                .unwrap()
                .set_len(length)
                .unwrap(),
        }
        assert_eq!(drained(&queue), [0_u64; 0]);
        assert_eq!(queue.waiting(), 0);
        append(&queue, 5..7, 20);
        assert_eq!(drained(&queue), [5, 6]);
    }
}

#[test]
fn strange_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::File::create(folder.path().join("note.txt"))
        .unwrap()
        .write_all(b"hello")
        .unwrap();
    let queue = open(folder.path(), 1 << 20);
    append(&queue, 0..1, 20);
    assert_eq!(drained(&queue), [0]);
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn it_holds_what_it_may_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path(), 10_000);
    let admitted = append(&queue, 0..20, 1000);
    let kept = admitted.iter().filter(|admitted| **admitted).count();
    assert_eq!(kept, 8, "1,000 bytes each and some more: {admitted:?}");
    assert!(queue.extent().0 <= 10_000);
    // a smaller one may still fit
    assert_eq!(append(&queue, 20..21, 10), [true]);
    assert_eq!(append(&queue, 21..22, 1000), [false]);
    assert_eq!(drained(&queue).len(), 9);
    assert_eq!(append(&queue, 22..23, 1000), [true], "room again");
}

#[test]
fn appending_and_draining_at_once_loses_and_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Arc::new(open(folder.path(), 1 << 30));
    let taken = Arc::new(AtomicU64::new(0));
    let number = 20_000;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for start in (0..number).step_by(100) {
                append(&queue, start..start + 100, 2000);
            }
        });
        let mut next = 0;
        while next < number {
            let Some(front) = queue.read(64).unwrap() else {
                std::thread::yield_now();
                continue;
            };
            for record in front.records() {
                assert_eq!(record.delivery.id.as_u64_pair().1, next);
                next += 1;
            }
            queue.done(&front, front.len()).unwrap();
            taken.store(next, Ordering::Relaxed);
        }
    });
    assert_eq!(taken.load(Ordering::Relaxed), number);
    assert_eq!((queue.waiting(), drained(&queue).len()), (0, 0));
    assert!(files(folder.path()).is_empty());
}

#[test]
fn the_same_delivery_may_come_again() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        append(&open(folder.path(), 1 << 20), 0..1, 20);
    }
    assert_eq!(drained(&open(folder.path(), 1 << 20)), [0, 0, 0]);
}
