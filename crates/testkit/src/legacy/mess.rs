//! Applications as the predecessor may have kept them.

use super::{draw::Draw, shape::Shape};

/// One application.
#[derive(Debug, Clone, Default)]
pub struct Application {
    pub(super) id: i64,
    pub(super) texts: [Option<String>; 15],
    pub(super) lender: Option<bool>,
    pub(super) help: Option<bool>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
}

/// The columns of [`Application::texts`].
pub(super) const TEXTS: [&str; 15] = [
    "full_name",
    "email_address",
    "phone_number",
    "company_name",
    "buyer_category",
    "financing_plan",
    "land_status",
    "lot_address",
    "preferred_area_description",
    "build_budget",
    "construction_timeline",
    "project_description",
    "status",
    "admin_notes",
    "referral_source",
];
const NAME: usize = 0;
const ADDRESS: usize = 1;
const PHONE: usize = 2;
const COMPANY: usize = 3;
const CATEGORY: usize = 4;
const LOT: usize = 7;
const AREA: usize = 8;
const BUDGET: usize = 9;
const DESCRIPTION: usize = 11;
const STATUS: usize = 12;
const NOTES: usize = 13;
const SOURCE: usize = 14;

/// Texts that programs stumble over. NUL is the one character that PostgreSQL does not keep.
pub const NASTY: [&str; 16] = [
    "\u{1}\u{2}\u{7f}\u{85}",
    "zero\u{200b}width\u{feff}",
    "\u{202e}right to left\u{202c}",
    "\u{fffd}\u{fffe}\u{10ffff}",
    "e\u{301}e\u{301} decomposed, \u{e9} composed",
    "\u{1f3e0}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\\N",
    "\\.",
    "a\\b\\\\c\\n",
    "O'Brien \"quoted\" ''twice'' $1 $$ %s",
    "<script>alert('x')</script>&amp;",
    "tab\tcr\rlf\ncrlf\r\n",
    "{\"a\",\"b\"}",
    "{\"a\":1}",
    "NULL",
    " leading and trailing \u{a0}",
];
const STATUSES: [&str; 5] = ["new", "reviewed", "qualified", "disqualified", "contacted"];
const BUDGETS: [&str; 5] = [
    "200k_250k",
    "250k_350k",
    "350k_400k",
    "400k_500k",
    "500k_plus",
];
const TIMELINES: [&str; 4] = [
    "less_than_3_months",
    "3_to_6_months",
    "6_to_12_months",
    "more_than_12_months",
];
const NAMES: [&str; 8] = [
    "Ann", "Bo", "Chloé", "Dmitri", "Eve", "Fatima", "Gus", "山田",
];
const FAMILIES: [&str; 8] = [
    "Lee", "Probe", "O'Hara", "Müller", "Smith", "Nguyen", "van Dyk", "太郎",
];

/// Kinds of mess, counted from 0; what is beyond is an ordinary application.
pub const KINDS: u64 = 40;

/// An ordinary application.
pub(super) fn ordinary(draw: &mut Draw, id: i64) -> Application {
    let name = format!("{} {} {id}", draw.pick(&NAMES), draw.pick(&FAMILIES));
    let own_land = draw.chance(50);
    let help = draw.chance(30);
    let some = |text: &str| Some(text.to_owned());
    let (day, second, micro) = (draw.below(450), draw.below(86_400), draw.below(1_000_000));
    let at = format!("2025-01-01 00:00:00+00::{day}::{second}::{micro}");
    let mut texts: [Option<String>; 15] = Default::default();
    texts[NAME] = Some(name);
    texts[ADDRESS] = Some(format!("client{id}@example.com"));
    texts[PHONE] = Some(format!(
        "555-{:03}-{:04}",
        draw.below(1000),
        draw.below(10_000)
    ));
    texts[COMPANY] = draw.chance(20).then(|| format!("Company {id}"));
    texts[CATEGORY] = some(draw.pick(&["homebuyer", "homebuyer", "developer"]));
    texts[5] = some(draw.pick(&["self_funding", "finance_build"]));
    texts[6] = some(if own_land { "own_land" } else { "need_land" });
    texts[LOT] = own_land.then(|| format!("{id} Elm St"));
    texts[AREA] = (!own_land && help).then(|| "near the lake".to_owned());
    texts[BUDGET] = some(draw.pick(&BUDGETS));
    texts[10] = some(draw.pick(&TIMELINES));
    texts[DESCRIPTION] = Some(if draw.chance(10) {
        "TBD".to_owned()
    } else {
        format!("A house with {} rooms, number {id}.", draw.below(9) + 1)
    });
    texts[STATUS] = some(draw.pick(&STATUSES));
    texts[NOTES] = draw.chance(15).then(|| "Called back.".to_owned());
    texts[SOURCE] = some("Ritz-Craft");
    Application {
        id,
        texts,
        lender: Some(draw.chance(40)),
        help: Some(!own_land && help),
        created_at: Some(moment(&at)),
        updated_at: Some(moment(&at)),
    }
}

/// A day of 2025 or later, from days, seconds and microseconds after its beginning.
fn moment(text: &str) -> String {
    let mut parts = text
        .split("::")
        .skip(1)
        .map(|part| part.parse::<u64>().unwrap_or_default());
    let (day, second, micro) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    format!(
        "2025-{:02}-{:02} {:02}:{:02}:{:02}.{micro:06}+00",
        day / 28 % 12 + 1,
        day % 28 + 1,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Makes a mess of one kind of an application. `before` is the one before it.
pub(super) fn spoil(
    draw: &mut Draw,
    kind: u64,
    shape: Shape,
    mut one: Application,
    before: Option<&Application>,
) -> Application {
    let text = |text: &str| Some(text.to_owned());
    let earlier = |place: usize| before.and_then(|before| before.texts[place].clone());
    let checked = shape == Shape::Sql;
    match kind {
        0 => one.texts[ADDRESS] = earlier(ADDRESS).or(one.texts[ADDRESS].take()),
        1 => {
            one.texts[ADDRESS] = earlier(ADDRESS).or(one.texts[ADDRESS].take());
            one.texts[NAME] = earlier(NAME).or(one.texts[NAME].take());
        }
        2 => {
            if let Some(before) = before {
                one = Application {
                    id: one.id,
                    ..before.clone()
                };
            }
        }
        3 => {
            one.texts[ADDRESS] = earlier(ADDRESS)
                .map(|address| address.to_uppercase())
                .or(one.texts[ADDRESS].take())
        }
        4 => {
            one.texts[ADDRESS] = earlier(ADDRESS)
                .map(|address| format!(" {}\u{a0}", address.trim()))
                .or(one.texts[ADDRESS].take())
        }
        5 => one.texts[DESCRIPTION] = None,
        6 => one.texts[DESCRIPTION] = text(""),
        7 => one.texts[DESCRIPTION] = Some("long ".repeat(60)),
        8 => one.texts[DESCRIPTION] = Some("very long ".repeat(5_000)),
        9 => one.help = None,
        10 => one.lender = None,
        11 => one.texts[COMPANY] = text(""),
        12 => {
            one.texts[6] = text("own_land");
            one.texts[LOT] = if draw.chance(50) { None } else { text("") };
        }
        13 => one.texts[STATUS] = None,
        14 if !checked => one.texts[STATUS] = text(draw.pick(&["bogus", "On Hold", "NEW", ""])),
        15 if !checked => {
            one.texts[CATEGORY] = text("investor");
            one.texts[BUDGET] = text("$300,000");
        }
        16 if checked => (one.created_at, one.updated_at) = (None, None),
        17 => one.created_at = text("infinity"),
        18 => one.created_at = text("-infinity"),
        19 => one.created_at = text("0044-03-15 12:00:00.000001+00 BC"),
        20 => one.created_at = text("275760-09-13 00:00:00+00"),
        21 => one.updated_at = text("2001-01-01 00:00:00.1+00"),
        22 => one.created_at = text("2999-12-31 23:59:59.999999+00"),
        23 => one.updated_at = text("294276-12-31 23:59:59.999999+00"),
        24 => {
            one.texts[NOTES] = text(draw.pick(&["{\"a\",\"b\"}", "{}", "{\"a\":1}", "false", "0"]))
        }
        25 => {
            one.texts[PHONE] = text(draw.pick(&[
                "----------",
                "555\n123\n4567",
                "555\u{a0}123\u{a0}4567",
                "+1 (555) 123.4567",
            ]))
        }
        26 => one.texts[DESCRIPTION] = text(draw.pick(&NASTY)),
        27 => one.texts[NAME] = text(draw.pick(&NASTY)),
        28 => one.texts[LOT] = Some(NASTY.concat()),
        29 => one.texts[NOTES] = Some(NASTY.join("\n")),
        30 => {
            one.texts[ADDRESS] = text(draw.pick(&[
                "ünï@exämple.de",
                "a,b@c.d",
                ".a@b.c",
                "İ@example.com",
                "ß@x.co",
            ]))
        }
        31 => (one.texts[COMPANY], one.texts[SOURCE], one.texts[NOTES]) = (None, None, text("")),
        32 => one.texts[SOURCE] = text(""),
        33 => one.texts[NAME] = text("   "),
        34 => one.texts[DESCRIPTION] = text("TBD"),
        // two people of one name
        35 => one.texts[NAME] = text("Ann Lee"),
        36 => one.texts[NAME] = text("ann LEE"),
        37 => one.texts[AREA] = text(""),
        38 => one.texts[ADDRESS] = text("sample@example.com"),
        _ => one.texts[ADDRESS] = text("Sample@Example.com"),
    }
    one
}
