//! What people are sorted by: lists, tags, custom fields, segments.

use serde_json::{Value, json};

use super::{DAY, Sower};
use crate::sandbox::account::{Account, CustomField, List, Segment, Tag};
use crate::sandbox::env::seconds;

/// The lists: name, description, and of how many in a thousand people. The first is the favourite.
pub(super) const LISTS: &[(&str, &str, usize)] = &[
    ("Kitchen News", "Everybody who wants our monthly letter", 760),
    ("Course Guests", "People who have cooked with us", 320),
    ("Shop Customers", "", 260),
    ("Wine Evenings", "Invitations to tastings, a few times a year", 130),
    ("Young Cooks", "Parents and schools", 110),
    ("Gift Vouchers", "Bought or were given a voucher", 90),
    ("Wholesale", "Cafés and caterers that order from us", 45),
    ("Press and Partners", "Not many, but they matter", 2),
];

/// Places in `LISTS`.
pub(super) const NEWS: usize = 0;
pub(super) const GUESTS: usize = 1;
pub(super) const SHOP: usize = 2;
pub(super) const WINE: usize = 3;
pub(super) const YOUNG: usize = 4;
pub(super) const GIFTS: usize = 5;
pub(super) const WHOLESALE: usize = 6;
pub(super) const PRESS: usize = 7;

/// The tags, and where they came from, as far as somebody noted it.
const TAGS: &[(&str, Option<&str>)] = &[
    ("Regular", None),
    ("VIP", None),
    ("Vegetarian", None),
    ("Baker", None),
    ("Wine lover", None),
    ("Parent", None),
    ("Lives nearby", None),
    ("Gift buyer", Some("Shop")),
    ("First order", Some("Shop")),
    ("Left a review", Some("Shop")),
    ("Asked for a refund", Some("Shop")),
    ("Met at the market", Some("Stand")),
];

/// Place of the tag that a bulk job adds.
pub(super) const WINE_LOVER: usize = 4;
/// Place of the tag that is for the best customers.
const VIP: usize = 1;

const CUISINES: &[&str] = &["Italian", "Thai", "Mexican", "French", "Lebanese", "Ethiopian"];
const DIETS: &[&str] = &["Vegetarian", "Vegan", "Gluten free", "Nut free", "Dairy free", "Halal", "Kosher"];

/// All of them.
pub(super) fn add(sower: &mut Sower<'_>, account: &mut Account) {
    account.lists = lists(sower);
    account.tags = tags(sower);
    account.custom_fields = fields(sower);
    account.segments.all = segments(sower, account);
}

fn lists(sower: &mut Sower<'_>) -> Vec<List> {
    let all = (1_u64..).zip(LISTS).zip((300..=1_090_i64).rev().step_by(90));
    let list = |((sequence, (name, description, _)), days): ((u64, &(&str, &str, usize)), i64)| {
        let at = sower.morning(days);
        List {
            list_id: sower.env.uuid_v1(),
            sequence,
            name: (*name).to_owned(),
            description: Some((*description).to_owned()).filter(|text| !text.is_empty()),
            favorite: sequence == 1,
            created_at: at,
            updated_at: at,
            deleted_at: None,
        }
    };
    all.map(list).collect()
}

/// The tags.
pub(super) fn tags(sower: &mut Sower<'_>) -> Vec<Tag> {
    let tag = |((name, source), days): (&(&str, Option<&str>), i64)| {
        let at = sower.morning(days);
        Tag {
            tag_id: sower.env.uuid_v1(),
            name: (*name).to_owned(),
            tag_source: source.map(str::to_owned),
            created_at: at,
            updated_at: at,
        }
    };
    TAGS.iter().zip((1..=1_085_i64).rev().step_by(80)).map(tag).collect()
}

/// The custom fields.
pub(super) fn fields(sower: &mut Sower<'_>) -> Vec<CustomField> {
    let whole = json!({ "integer": true, "decimal_places": 0, "allow_negative": false });
    let kinds: [(&str, &str, Option<Value>, &[&str]); 6] = [
        ("Favourite Cuisine", "single_select", Some(json!({ "display_type": "dropdown" })), CUISINES),
        ("Diet", "multi_select", Some(json!({ "display_type": "checkbox" })), DIETS),
        ("First Class", "date", Some(json!({ "display_format": "YYYY-MM-DD" })), &[]),
        ("Classes Taken", "number", Some(whole), &[]),
        ("Loyalty Card", "boolean", None, &[]),
        ("Sent By", "string", None, &[]),
    ];
    let days = (500..=1_080_i64).rev().step_by(100);
    let made = |((label, kind, metadata, choices), days)| field(sower, (label, kind), metadata, choices, days);
    kinds.into_iter().zip(days).map(made).collect()
}

fn field(
    sower: &mut Sower<'_>,
    (label, kind): (&str, &str),
    metadata: Option<Value>,
    choices: &[&str],
    days: i64,
) -> CustomField {
    let at = sower.morning(days);
    let id = sower.env.uuid_v1();
    let choice = |(number, label): (u64, &&str)| {
        json!({
            "custom_field_id": id, "choice_id": number, "choice_label": label, "display_order": number,
            "created_at": seconds(at), "updated_at": seconds(at),
        })
    };
    let choices: Vec<Value> = (1_u64..).zip(choices).map(choice).collect();
    CustomField {
        label: label.to_owned(),
        name: label.to_lowercase().replace(' ', "_"),
        kind: kind.to_owned(),
        metadata,
        choices: Some(choices).filter(|choices| !choices.is_empty()).map(Value::Array),
        created_at: at,
        updated_at: at,
        custom_field_id: id,
    }
}

/// Four segments, one of each sort of condition.
fn segments(sower: &Sower<'_>, account: &Account) -> Vec<Segment> {
    let wine = account.lists.get(WINE).map_or("", |list| list.list_id.as_str());
    let vip = account.tags.get(VIP).map_or("", |tag| tag.tag_id.as_str());
    let tracking = |field: &str, range: &str, param: &str| json!({ "source": "tracking", "field": field, "op": "contains-any", "const_value": range, "param": param });
    let either = json!({ "type": "or", "group": [
        { "source": "contact", "field": "list_membership", "op": "contains-any", "value": [wine] },
        { "source": "tags", "op": "contains-any", "value": [vip] },
    ] });
    let fresh = json!({ "source": "contact", "field": "created_at", "op": "last-n-days", "param": "30" });
    let all = [
        ("Opened nothing lately", tracking("not_opened", "last-n-campaigns", "5")),
        ("Clicked in the last 90 days", tracking("clicked", "last-n-days", "90")),
        ("Wine evenings and VIPs", either),
        ("New this month", fresh),
    ];
    (1_u64..).zip(all).map(|(number, (name, condition))| segment(sower, number, name, &condition)).collect()
}

fn segment(sower: &Sower<'_>, segment_id: u64, name: &str, condition: &Value) -> Segment {
    let criteria = json!({ "version": "1.0.0", "criteria": { "type": "and", "group": [condition] } });
    let days = i64::try_from(segment_id).unwrap_or(1).saturating_mul(60 * DAY);
    let created_at = sower.ago(days);
    Segment {
        segment_id,
        name: name.to_owned(),
        criteria: criteria.to_string(),
        created_at,
        edited_at: created_at,
        deleted_at: None,
    }
}
