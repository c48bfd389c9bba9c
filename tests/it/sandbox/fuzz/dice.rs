//! Chance with a known beginning, and what it throws: above all texts that have led somebody astray before.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// Texts that end, escape or split something somewhere.
const HOSTILE: &[&str] = &[
    "",
    " ",
    ".",
    "..",
    "../..",
    "/",
    "//evil.example/x",
    "%",
    "%zz",
    "%00",
    "%2e%2e%2f",
    "?a=b",
    "#x",
    "&limit=1",
    ",",
    ",,,",
    ";",
    "+",
    "*",
    "\0",
    "\t",
    "\u{7f}",
    "\r\nx-evil: 1",
    "é",
    "ß",
    "İ",
    "\u{202e}",
    "\u{feff}",
    "\u{1d4b3}",
    "e\u{301}",
    "{contact_id}",
    "[[",
    "]]",
    "[[FIRSTNAME OR",
    "<body",
    "</body>",
    "<script>",
    "\"}",
    "\\",
    "' OR 1=1",
    "null",
    "true",
    "undefined",
    "[object Object]",
    "@",
    "a@",
    "a@b",
    "a@example.com",
    "é@example.com",
    "owner@example.com",
    "http://127.0.0.1:9/x",
    "http://[",
    "ftp://evil.example",
];

/// Numbers at which sums go wrong, as texts.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "2",
    "50",
    "500",
    "501",
    "1.5",
    "1e9",
    "NaN",
    "0x10",
    "\u{663}",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999",
];

/// Moments at the edges of calendars and formats.
const MOMENTS: &[&str] = &[
    "2026-01-15",
    "2026-01-15T09:00:00Z",
    "2026-02-28T23:59:59.999Z",
    "2025-06-01T00:00:00+02:00",
    "2024-02-30",
    "2026-13-01",
    "2023-02-29T00:00:00Z",
    "0000-00-00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "-009999-01-02T00:00:00Z",
    "9999-12-31T23:59:59.999999999-12:00",
    "2026-01-15T09:00:00+99:99",
    "2026-01-15T24:00:00Z",
    "2026-01-15T23:59:60Z",
    "01/15/2026",
    "15.1.2026",
    "1/é/20",
    "1768467600",
];

/// What stands behind a cursor, or could.
const CURSORS: &[&str] = &[
    "limit=1&next=2",
    "limit=500&next=1",
    "next=0",
    "next=-1",
    "next=18446744073709551615",
    "limit=0&next=1",
    "limit=1&next=2&cursor=x",
    "limit=1&next=2&include=notes&status=all",
    "next=",
    "=",
    "1",
    "18446744073709551615",
];

/// Whole numbers at which sums go wrong.
const EXTREMES: &[i64] = &[0, 1, -1, 2, 5, 50, 86_400, 4_294_967_296, 253_402_300_800, i64::MAX, i64::MIN];

/// A row of numbers that begins where it is told to (`SplitMix64`).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 where there is none.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.roll() % n).unwrap_or(0)
    }

    /// Whether something happens that happens so many times in a hundred.
    pub(super) fn percent(&mut self, likely: usize) -> bool {
        self.below(100) < likely
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Any byte.
    pub(super) fn byte(&mut self) -> u8 {
        self.roll().to_le_bytes()[0]
    }

    /// A text of any kind.
    pub(super) fn text(&mut self) -> String {
        match self.below(16) {
            0..=5 => (*self.pick(HOSTILE)).to_owned(),
            6 => [*self.pick(HOSTILE), *self.pick(HOSTILE)].concat(),
            7 | 8 => self.letters(24),
            9 | 10 => (*self.pick(NUMBERS)).to_owned(),
            11 => (*self.pick(MOMENTS)).to_owned(),
            12 => self.uuid(),
            13 => self.cursor(),
            14 => (*self.pick(&["x", "é", "\u{1d4b3}", "%", "[", ","])).repeat(1 + self.below(3_000)),
            _ => format!("word {}", self.below(50)),
        }
    }

    /// Letters from narrow and from wide alphabets.
    fn letters(&mut self, most: usize) -> String {
        let alphabet = *self.pick(&[0x80, 0x300, 0x11_0000]);
        let count = self.below(most);
        let numbers = (0..count).map(|_| u32::try_from(self.below(alphabet)).unwrap_or(0));
        numbers.map(|number| char::from_u32(number).unwrap_or('\u{fffd}')).collect()
    }

    /// A UUID, or almost one: in capitals, of zeros, or as long in bytes and no ASCII.
    pub(super) fn uuid(&mut self) -> String {
        let (first, last) = (self.roll(), self.roll());
        let plain = format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            first >> 32,
            (first >> 16) & 0xffff,
            first & 0xfff,
            last >> 52,
            last & 0xffff_ffff_ffff
        );
        match self.below(8) {
            0 => plain.to_uppercase(),
            1 => "00000000-0000-0000-0000-000000000000".to_owned(),
            2 => "é".repeat(18),
            3 => plain.replace('-', ""),
            4 => format!("{{{plain}}}"),
            _ => plain,
        }
    }

    /// A cursor, whole or damaged.
    pub(super) fn cursor(&mut self) -> String {
        let inner = if self.percent(80) { (*self.pick(CURSORS)).to_owned() } else { self.letters(12) };
        let whole = STANDARD.encode(inner);
        match self.below(5) {
            0 => whole.replace('=', "*"),
            1 => whole.chars().take(self.below(whole.len())).collect(),
            2 => format!("{whole}!"),
            _ => whole,
        }
    }

    /// A whole number, often an extreme one.
    pub(super) fn number(&mut self) -> i64 {
        if self.percent(60) { *self.pick(EXTREMES) } else { i64::try_from(self.below(1_000)).unwrap_or(0) }
    }

    /// JSON of any shape.
    pub(super) fn json(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.percent(50)),
            2 => json!(self.number()),
            3 => self.pick(&[json!(1.5e300), json!(-0.5), json!(1e-300), json!(u64::MAX)]).clone(),
            4 | 5 => json!(self.text()),
            6 => (0..self.below(4)).map(|_| self.json(depth - 1)).collect(),
            _ => {
                let members = (0..self.below(4)).map(|_| (self.text(), self.json(depth - 1)));
                Value::Object(members.collect::<Map<String, Value>>())
            }
        }
    }

    /// Changes something somewhere in a document, more often to another value of its kind than to anything.
    pub(super) fn disturb(&mut self, value: &mut Value) {
        let deeper = !self.percent(4);
        match value {
            Value::Object(fields) if deeper && !fields.is_empty() => {
                let place = self.below(fields.len());
                if let Some(inner) = fields.values_mut().nth(place) {
                    self.disturb(inner);
                }
            }
            Value::Array(items) if deeper && !items.is_empty() => {
                let place = self.below(items.len());
                self.disturb(&mut items[place]);
            }
            Value::Number(_) if deeper => *value = json!(self.number()),
            Value::String(_) if deeper => *value = json!(self.text()),
            Value::Bool(flag) if deeper => *flag = !*flag,
            _ => *value = self.json(2),
        }
    }
}
