//! Counts and search stay exact, whatever happens in whatever order, and whether the task behind them has been there.

use crate::system::{PATIENCE, System, application, staff, told};
use entity_service::submissions::{
    counts::{check, fold},
    search::documents,
};
use entity_service::upkeep::Upkeep;
use keylight_contracts::v1;
use keylight_testkit::wait::wait_until;
use sqlx::Acquire as _;
use std::sync::Arc;

/// Small, seeded, good enough: the same seed is the same test.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }
}

const STATUSES: [&str; 5] = ["new", "reviewed", "qualified", "disqualified", "contacted"];
const BUDGETS: [&str; 3] = ["200k_250k", "350k_400k", "500k_plus"];
const WORDS: [&str; 8] = [
    "Cabin", "LAKE", "100%", "a_b", "\\path", "Zoë", "straße", "ΣΑΣ",
];
const TERMS: [&str; 14] = [
    "cabin",
    "ke",
    "0%",
    "a_b",
    "a%b",
    "\\p",
    "zoË",
    "STRASSE",
    "Straße",
    "σας",
    "example.com",
    "q9",
    "\u{1}",
    "cabin\u{1}",
];

struct Game {
    system: System,
    dice: Dice,
    ids: Vec<i64>,
    made: usize,
}

impl Game {
    fn application(&mut self) -> v1::CreateSubmissionRequest {
        self.made += 1;
        let mut request = application(&format!("q{}@example.com", self.made));
        request.full_name = format!("{} {}", self.dice.pick(&WORDS), self.dice.pick(&WORDS));
        request.project_description = format!("By the {}", self.dice.pick(&WORDS));
        request.build_budget = (*self.dice.pick(&BUDGETS)).to_owned();
        if self.dice.roll(3) == 0 {
            request.buyer_category = "developer".to_owned();
            request.company_name = Some((*self.dice.pick(&WORDS)).to_owned());
        }
        request
    }

    fn some_ids(&mut self, most: u64) -> Vec<i64> {
        let number = 1 + self.dice.roll(most);
        (0..number).map(|_| *self.dice.pick(&self.ids)).collect()
    }

    async fn sql(&self, statement: &'static str, ids: &[i64]) {
        sqlx::query(statement)
            .bind(ids)
            .execute(&self.system.pool)
            .await
            .unwrap();
    }

    /// One thing happens. What is refused (deleted twice, an address that applied again) changes nothing.
    async fn turn(&mut self) {
        let what = if self.ids.is_empty() {
            0
        } else {
            self.dice.roll(14)
        };
        let mut client = self.system.client.clone();
        match what {
            0 => {
                let requests: Vec<_> = (0..=self.dice.roll(12))
                    .map(|_| self.application())
                    .collect();
                let made = requests
                    .into_iter()
                    .map(|request| self.system.create(request));
                for made in futures::future::join_all(made).await {
                    self.ids.push(made.unwrap().id);
                }
            }
            1 | 2 => {
                let (id, status) = (*self.dice.pick(&self.ids), *self.dice.pick(&STATUSES));
                let _ = self.system.update(id, status, None).await;
            }
            3 => {
                let _ = self.system.delete(*self.dice.pick(&self.ids)).await;
            }
            4 => {
                let id = *self.dice.pick(&self.ids);
                let caller = staff();
                let _ = client
                    .restore_submission(v1::RestoreSubmissionRequest { id, caller })
                    .await;
            }
            5 => {
                let request = v1::BulkChangeRequest {
                    ids: self.some_ids(20),
                    status: Some((*self.dice.pick(&STATUSES)).to_owned()),
                    caller: staff(),
                    ..Default::default()
                };
                told(client.bulk_change(request).await).unwrap();
            }
            6 => {
                let request = v1::RecordSyncRequest {
                    submission_id: *self.dice.pick(&self.ids),
                    sync_state: (*self.dice.pick(&["pending", "failed", "synced"])).to_owned(),
                    synced_version: 1,
                    ..Default::default()
                };
                told(client.record_sync(request).await).unwrap();
            }
            7 => {
                let id = *self.dice.pick(&self.ids);
                if let Ok(row) = self.system.get(id).await {
                    let request = v1::ApplyRemoteRequest {
                        submission_id: id,
                        build_budget: Some((*self.dice.pick(&BUDGETS)).to_owned()),
                        expected_version: row.version,
                        ..Default::default()
                    };
                    told(client.apply_remote(request).await).unwrap();
                }
            }
            8 => {
                // an import of rows with all the mess of the predecessor
                sqlx::query(
                    "INSERT INTO entity.submissions (full_name, email_address, email_key, phone_number, company_name,
                         buyer_category, financing_plan, land_status, build_budget, construction_timeline,
                         project_description, status, created_at, legacy, sync_state)
                     SELECT 'Legacy ' || n, 'l@example.com', 'l@example.com', '-', NULLIF('c' || n % 3, 'c0'),
                         'bogus' || n % 2, '', 'own_land', '', '', NULLIF('Lake ' || n, 'Lake 3'),
                         CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN 'On Hold' ELSE 'new' END,
                         CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN 'infinity' WHEN 2 THEN now() - n * interval '1 h'
                              ELSE '-infinity' END, true, 'off'
                     FROM generate_series(1, 10) n",
                )
                .execute(&self.system.pool)
                .await
                .unwrap();
                let ids: Vec<i64> =
                    sqlx::query_scalar("SELECT id FROM entity.submissions WHERE legacy")
                        .fetch_all(&self.system.pool)
                        .await
                        .unwrap();
                self.ids.extend(ids);
                self.ids.sort_unstable();
                self.ids.dedup();
            }
            9 => {
                let ids = self.some_ids(3);
                self.sql("UPDATE entity.submissions SET full_name = 'Renamed Lake', company_name = NULL WHERE id = ANY($1)", &ids)
                    .await;
            }
            10 => {
                let ids = self.some_ids(3);
                self.sql("UPDATE entity.submissions SET created_at = created_at - interval '100 h' WHERE id = ANY($1)", &ids)
                    .await;
            }
            11 => {
                // an erasure that goes all the way
                let ids = self.some_ids(2);
                self.sql("DELETE FROM entity.submissions WHERE id = ANY($1)", &ids)
                    .await;
            }
            12 => {
                // what is rolled back never was
                let mut connection = self.system.pool.acquire().await.unwrap();
                let mut transaction = connection.begin().await.unwrap();
                sqlx::query(
                    "UPDATE entity.submissions SET status = 'contacted', full_name = 'Nobody'",
                )
                .execute(&mut *transaction)
                .await
                .unwrap();
                transaction.rollback().await.unwrap();
            }
            _ => {
                if self.dice.roll(2) == 0 {
                    fold::fold(&self.system.pool).await.unwrap();
                } else {
                    documents::refresh(&self.system.pool, 2).await.unwrap();
                }
            }
        }
    }

    async fn check(&mut self, turn: usize) {
        self.check_stats(turn).await;
        self.check_a_filter(turn).await;
        self.check_a_search(turn).await;
        let mut connection = self.system.pool.acquire().await.unwrap();
        let difference = check::compare(&mut connection).await.unwrap();
        assert!(difference.is_none(), "turn {turn}: {difference:?}");
    }

    async fn check_stats(&self, turn: usize) {
        let mut client = self.system.client.clone();
        let stats = client.submission_stats(v1::SubmissionStatsRequest {}).await;
        let s = told(stats).unwrap();
        let told = [
            s.total,
            s.new_count,
            s.reviewed_count,
            s.qualified_count,
            s.disqualified_count,
            s.contacted_count,
            s.homebuyer_count,
            s.developer_count,
            s.recent_count,
            s.sync_pending_count,
            s.sync_failed_count,
        ];
        let real: Vec<i64> = sqlx::query_scalar(
            "SELECT unnest(ARRAY[count(*), count(*) FILTER (WHERE status = 'new'), count(*) FILTER (WHERE status = 'reviewed'),
                 count(*) FILTER (WHERE status = 'qualified'), count(*) FILTER (WHERE status = 'disqualified'),
                 count(*) FILTER (WHERE status = 'contacted'), count(*) FILTER (WHERE buyer_category = 'homebuyer'),
                 count(*) FILTER (WHERE buyer_category = 'developer'),
                 count(*) FILTER (WHERE created_at > now() - interval '7 days'),
                 count(*) FILTER (WHERE sync_state = 'pending'), count(*) FILTER (WHERE sync_state = 'failed')])
             FROM entity.submissions WHERE deleted_at IS NULL",
        )
        .fetch_all(&self.system.pool)
        .await
        .unwrap();
        assert_eq!(told.as_slice(), real, "turn {turn}");
    }

    async fn check_a_filter(&mut self, turn: usize) {
        let some = |text: Option<&str>| text.map(ToOwned::to_owned);
        let dice = &mut self.dice;
        let mut maybe = |of: &[&'static str]| (dice.roll(2) == 0).then(|| *dice.pick(of));
        let (status, budget) = (maybe(&STATUSES), maybe(&BUDGETS));
        let (category, state) = (
            maybe(&["homebuyer", "bogus1"]),
            maybe(&["pending", "failed", "off"]),
        );
        let filter = v1::SubmissionFilter {
            status: some(status),
            build_budget: some(budget),
            buyer_category: some(category),
            sync_state: some(state),
            ..Default::default()
        };
        let request = v1::ListSubmissionsRequest {
            filter: Some(filter.clone()),
            page: 1,
            page_size: 100,
            ..Default::default()
        };
        let page = told(self.system.client.clone().list_submissions(request).await).unwrap();
        let real: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM entity.submissions WHERE deleted_at IS NULL AND ($1::text IS NULL OR status = $1)
                 AND ($2::text IS NULL OR build_budget = $2) AND ($3::text IS NULL OR buyer_category = $3)
                 AND ($4::text IS NULL OR sync_state = $4) ORDER BY created_at DESC NULLS LAST, id DESC",
        )
        .bind(status)
        .bind(budget)
        .bind(category)
        .bind(state)
        .fetch_all(&self.system.pool)
        .await
        .unwrap();
        self.same(&page, &real, &format!("turn {turn}: {filter:?}"));
    }

    async fn check_a_search(&mut self, turn: usize) {
        let term = *self.dice.pick(&TERMS);
        let request = v1::SearchSubmissionsRequest {
            term: term.to_owned(),
            page: 1,
            page_size: 100,
        };
        let Ok(page) = told(self.system.client.clone().search_submissions(request).await) else {
            assert!(term.chars().count() < 2);
            return;
        };
        let pattern = format!(
            "%{}%",
            term.replace('\\', "\\\\")
                .replace('%', "\\%")
                .replace('_', "\\_")
        );
        let real: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM entity.submissions WHERE deleted_at IS NULL AND (full_name ILIKE $1 OR email_address ILIKE $1
                 OR company_name ILIKE $1 OR project_description ILIKE $1) ORDER BY created_at DESC NULLS LAST, id DESC",
        )
        .bind(pattern)
        .fetch_all(&self.system.pool)
        .await
        .unwrap();
        self.same(&page, &real, &format!("turn {turn}: {term:?}"));
    }

    fn same(&self, page: &v1::SubmissionPage, real: &[i64], what: &str) {
        assert_eq!(
            page.total_count,
            i64::try_from(real.len()).unwrap(),
            "{what}"
        );
        let shown: Vec<i64> = page.submissions.iter().map(|row| row.id).collect();
        assert_eq!(shown, real[..real.len().min(100)], "{what}");
    }
}

/// Plays with or without the task behind; without it, only what the turns fold is folded.
async fn play(turns: usize, task: bool) {
    let seed = std::env::var("KEYLIGHT_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(rand_seed);
    println!("KEYLIGHT_SEED={seed} repeats this");
    let system = System::start_with(4, |_| {}).await;
    let mut idle = system.pool.acquire().await.unwrap();
    if !task {
        // whoever holds these has its turn; the fold and the documents are then left alone but for `step_aside`
        sqlx::query("SELECT pg_advisory_lock(x'6b65796c0001'::bigint), pg_advisory_lock(x'6b65796c0002'::bigint)")
            .execute(&mut *idle)
            .await
            .unwrap();
    }
    let mut game = Game {
        system,
        dice: Dice(seed),
        ids: Vec::new(),
        made: 0,
    };
    for turn in 0..turns {
        game.turn().await;
        game.check(turn).await;
    }
    if !task {
        assert_eq!(
            game.system.count("submission_values").await,
            0,
            "nothing was folded"
        );
        sqlx::query("SELECT pg_advisory_unlock_all()")
            .execute(&mut *idle)
            .await
            .unwrap();
        let mut upkeep = Upkeep::new(game.system.pool.clone(), Arc::default(), Default::default());
        while upkeep.step().await.unwrap() {
            game.check(turns).await;
        }
    }
    wait_until("everything is folded", PATIENCE, || async {
        let left = game.system.count("submission_deltas").await
            + game.system.count("submission_search_pending").await;
        if left == 0 {
            Ok(())
        } else {
            Err(format!("{left} rows"))
        }
    })
    .await;
    game.check(turns + 1).await;
}

fn rand_seed() -> u64 {
    uuid::Uuid::now_v7().as_u64_pair().1
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_and_search_are_exact_with_the_task() {
    play(150, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_and_search_are_exact_without_the_task() {
    play(60, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found_and_mended() {
    let system = System::start_with(1, |_| {}).await;
    for n in 0..5 {
        system
            .create(application(&format!("n{n}@example.com")))
            .await
            .unwrap();
    }
    wait_until("everything is folded", PATIENCE, || async {
        let left = system.count("submission_deltas").await
            + system.count("submission_search_pending").await;
        if left == 0 {
            Ok(())
        } else {
            Err(format!("{left} rows"))
        }
    })
    .await;
    // somebody changes rows behind everybody's back, and somebody the totals
    sqlx::raw_sql(
        "ALTER TABLE entity.submissions DISABLE TRIGGER USER;
         UPDATE entity.submissions SET status = 'contacted', full_name = 'Changed' WHERE id = 2;
         DELETE FROM entity.submissions WHERE id = 3;
         ALTER TABLE entity.submissions ENABLE TRIGGER USER;
         UPDATE entity.submission_values SET n = 77 WHERE kind = 'status'",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    let mut connection = system.pool.acquire().await.unwrap();
    let wrong = check::compare(&mut connection).await.unwrap();
    assert!(
        wrong.combinations > 0 && wrong.values > 0 && wrong.hours > 0,
        "{wrong:?}"
    );
    assert_eq!(wrong.documents, 2);
    assert_eq!(check::mend(&mut connection).await.unwrap(), wrong);
    let left = check::compare(&mut connection).await.unwrap();
    assert!(left.is_none(), "{left:?}");
    wait_until("the documents are made", PATIENCE, || async {
        match system.count("submission_search").await {
            4 => Ok(()),
            rows => Err(format!("{rows} documents")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_task_stops_when_asked_however_much_is_left() {
    let system = System::start_with(1, |_| {}).await;
    sqlx::query(
        "INSERT INTO entity.submissions (full_name, email_address, email_key, phone_number, buyer_category, financing_plan,
             land_status, build_budget, construction_timeline, project_description, status)
         SELECT 'N', 'x', 'x', '-', 'developer', 'self_funding', 'own_land', '500k_plus', '3_to_6_months',
             repeat(md5(n::text), 20), 'new' FROM generate_series(1, 5000) n",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    wait_until("the task is at it", PATIENCE, || async {
        match system.count("submission_search").await {
            0 => Err("nothing yet".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
    system.lifecycle.stop();
    system.lifecycle.finished(PATIENCE / 10).await.unwrap();
    assert!(
        system.count("submission_search_pending").await > 0,
        "it did not wait for the rest"
    );
}
