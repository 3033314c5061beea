//! Made-up people and wishes, the same ones in every run.

/// A number that looks random (the finaliser of splitmix64).
pub fn scatter(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One of the list, by chance.
pub fn pick<'a>(list: &[&'a str], chance: u64) -> &'a str {
    list[(chance % list.len() as u64) as usize]
}

const FIRST: [&str; 40] = [
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Frances",
    "Ken",
    "Margaret",
    "Niklaus",
    "Radia",
    "Dennis",
    "Hedy",
    "Linus",
    "Katherine",
    "Tony",
    "Sophie",
    "Vint",
    "Annie",
    "John",
    "Joan",
    "Guido",
    "Jean",
    "Bjarne",
    "Mary",
    "James",
    "Karen",
    "Leslie",
    "Shafi",
    "Robin",
    "Lynn",
    "Peter",
    "Adele",
    "Rosa",
    "Carl",
    "Ines",
    "Omar",
    "Wei",
    "Priya",
    "Zoë",
];
const LAST_BEGIN: [&str; 25] = [
    "Hart", "Lind", "Brook", "Stein", "Ash", "Green", "Wood", "Fair", "North", "Marsh", "Rose",
    "Black", "White", "Oak", "Silver", "Clay", "Moor", "Win", "Thorn", "Ever", "Holm", "Kirk",
    "Sand", "Wal", "Bern",
];
const LAST_END: [&str; 10] = [
    "man", "field", "ton", "well", "ley", "berg", "wick", "ford", "by", "stone",
];

/// A person's name; ten in 100,000 have the same one.
pub fn name(chance: u64) -> String {
    let first = pick(&FIRST, chance);
    let begin = pick(&LAST_BEGIN, chance / 64);
    let end = pick(&LAST_END, chance / 4096);
    format!("{first} {begin}{end}")
}

/// Words that about one description in six has.
pub const COMMON: [&str; 4] = ["porch", "workshop", "fireplace", "garage"];

const WISHES: [&str; 24] = [
    "Three bedrooms and a porch towards the garden.",
    "A workshop with its own door would be wonderful.",
    "We cook a lot, so the kitchen comes first.",
    "A fireplace in the living room is a must.",
    "Two baths, one of them on the ground floor.",
    "The garage should take a small boat as well.",
    "Everything on one level because of my mother.",
    "We would like to move in before school starts.",
    "Solar panels if the budget lets us.",
    "Large windows to the south.",
    "A study where two people can work.",
    "Metal roof, dark grey.",
    "There is a well on the lot already.",
    "The lot slopes towards the creek.",
    "Please tell us about the lender you work with.",
    "We saw your model house at the fair.",
    "Nothing fancy, but solid.",
    "An open plan with high ceilings.",
    "Room for a piano.",
    "A deck around two sides.",
    "Pantry and mud room.",
    "We have plans from an architect.",
    "Twelve units in the first phase, more later.",
    "A basement, if the ground allows.",
];

/// What somebody wants, in four sentences.
pub fn wishes(chance: u64) -> String {
    let sentences: Vec<&str> = (0..4)
        .map(|n| pick(&WISHES, scatter(chance.wrapping_add(n))))
        .collect();
    sentences.join(" ")
}
