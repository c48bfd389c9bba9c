//! The steps of the job, each a few calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{CONNECTION, account::Account, people};
use crate::{
    ActionRequest, ActionResult, Connector,
    protocol::{ActionError, Code},
};

/// How many people are brought in one by one: half of them after the import, to be changed, half in its place.
const ONE_BY_ONE: usize = 6;

/// Calls, counted.
struct Caller<'a> {
    connector: &'a Connector,
    account: Account,
}

impl Caller<'_> {
    async fn call(&mut self, action: &str, input: Value) -> Result<ActionResult, ActionError> {
        let Value::Object(input) = input else {
            return Err(ActionError::new(Code::Internal, "an input must be an object"));
        };
        self.send(ActionRequest::new(action, input).on(CONNECTION)).await
    }

    async fn send(&mut self, request: ActionRequest) -> Result<ActionResult, ActionError> {
        let asked = serde_json::to_value(&request).unwrap_or_default();
        let result = self.connector.invoke(request).await?;
        self.account.count(&asked, &result);
        Ok(result)
    }

    /// Makes a thing and gives its id.
    async fn make(&mut self, action: &str, input: Value, id: &str) -> Result<String, ActionError> {
        let result = self.call(action, input).await?;
        text(&result.value(), id)
    }
}

fn text(value: &Value, name: &str) -> Result<String, ActionError> {
    let found = value[name].as_str().map(str::to_owned);
    found.ok_or_else(|| ActionError::new(Code::BadResponse, format!("the answer holds no {name}")))
}

/// The whole job.
pub(super) async fn work(
    connector: &Connector,
    csv: &str,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Account, ActionError> {
    let people = people::read(connector, csv).await?;
    let mut caller = Caller { connector, account: Account::new(&people) };
    tell(&format!(
        "People       {} rows read, {} fit to be sent, {} refused before any call",
        people.rows,
        people.good.len(),
        people.refused.len()
    ));

    let lists = furnish(&mut caller, &people.good).await?;
    tell(&format!(
        "Furnished    {} lists, {} tags, {} custom fields",
        caller.account.lists, caller.account.tags, caller.account.custom_fields
    ));

    let (bulk, late) = people.good.split_at(people.good.len().saturating_sub(ONE_BY_ONE / 2));
    bring_in(&mut caller, bulk, &lists, tell).await?;
    one_by_one(&mut caller, bulk.iter().take(ONE_BY_ONE - late.len()).chain(late), &lists).await?;
    tell(&format!(
        "One by one   {} people upserted within the rate limit",
        caller.account.upserted.0 + caller.account.upserted.1
    ));

    campaign(&mut caller, &lists).await?;
    tell("Campaign     made, aimed at a list, tested, scheduled");

    read_back(&mut caller).await?;
    Ok(caller.account)
}

/// Lists, tags and custom fields that the file names.
async fn furnish(caller: &mut Caller<'_>, people: &[people::Person]) -> Result<BTreeMap<String, String>, ActionError> {
    let mut lists = BTreeMap::new();
    let usual = "Demo".to_owned();
    let mut names: BTreeSet<&String> = people.iter().flat_map(|p| &p.lists).collect();
    if names.is_empty() {
        // An import needs a list to put people on.
        names.insert(&usual);
    }
    for name in names {
        let id = caller
            .make("create_contact_list", json!({ "name": name, "description": "Made by ctct demo." }), "list_id")
            .await?;
        lists.insert(name.clone(), id);
        caller.account.lists += 1;
    }
    let tags: BTreeSet<&String> = people.iter().flat_map(|p| &p.tags).collect();
    for name in tags {
        caller.make("create_contact_tag", json!({ "name": name }), "tag_id").await?;
        caller.account.tags += 1;
    }
    let fields: BTreeSet<&str> =
        people.iter().flat_map(|p| p.row.keys()).filter_map(|k| k.strip_prefix("cf:")).collect();
    for name in fields {
        caller
            .make(
                "create_custom_field",
                json!({ "label": name.replace('_', " "), "type": "string" }),
                "custom_field_id",
            )
            .await?;
        caller.account.custom_fields += 1;
    }
    Ok(lists)
}

/// Everyone in one job, watched to its end.
async fn bring_in(
    caller: &mut Caller<'_>,
    people: &[people::Person],
    lists: &BTreeMap<String, String>,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<(), ActionError> {
    let rows: Vec<&Map<String, Value>> = people.iter().map(|p| &p.row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let list_ids: Vec<&String> = lists.values().take(1).collect();
    let job = caller
        .make("start_contact_json_import_job", json!({ "import_data": rows, "list_ids": list_ids }), "activity_id")
        .await?;
    for _ in 0..60 {
        let activity = caller.call("get_activity", json!({ "activity_id": job })).await?.value();
        let state = activity["state"].as_str().unwrap_or_default();
        if !matches!(state, "initialized" | "processing") {
            caller.account.import(&activity);
            tell(&format!("Import       one job for {} people: {state}", rows.len()));
            return Ok(());
        }
        caller.connector.clock().sleep(std::time::Duration::from_millis(500)).await;
    }
    Err(ActionError::new(Code::NotReady, "the import did not end within half a minute"))
}

/// A handful again, each with the lists of its own row: the service tells whether it made or changed them.
async fn one_by_one<'a>(
    caller: &mut Caller<'_>,
    people: impl Iterator<Item = &'a people::Person>,
    lists: &BTreeMap<String, String>,
) -> Result<(), ActionError> {
    for person in people {
        let mut input = person.form.clone();
        let mut ids: Vec<&String> = person.lists.iter().filter_map(|name| lists.get(name)).collect();
        ids.extend(lists.values().take(usize::from(ids.is_empty())));
        input.insert("list_memberships".to_owned(), json!(ids));
        let result = caller.call("create_or_update_contact", Value::Object(input)).await?;
        match result.value()["action"].as_str() {
            Some("created") => caller.account.upserted.0 += 1,
            _ => caller.account.upserted.1 += 1,
        }
    }
    Ok(())
}

/// A campaign from its making to its schedule.
async fn campaign(caller: &mut Caller<'_>, lists: &BTreeMap<String, String>) -> Result<(), ActionError> {
    let senders = caller.call("list_account_emails", json!({})).await?.value();
    let sender = text(&senders[0], "email_address")?;
    let message = json!({
        "format_type": 5, "from_name": "Harbour Kitchen", "from_email": sender, "reply_to_email": sender,
        "subject": "The winter menu is here",
        "html_content": "<html><body><h1>Winter menu</h1><p>Soup, bread and a warm corner.</p>[[trackingImage]]</body></html>"
    });
    let made = caller
        .call("create_email_campaign", json!({ "name": "Winter menu", "email_campaign_activities": [message] }))
        .await?
        .value();
    let activities = made["campaign_activities"].as_array().cloned().unwrap_or_default();
    let primary = activities.iter().find(|a| a["role"] == "primary_email").cloned().unwrap_or_default();
    let activity = text(&primary, "campaign_activity_id")?;
    let list_ids: Vec<&String> = lists.values().take(1).collect();
    let aimed = json!({
        "campaign_activity_id": activity, "from_name": "Harbour Kitchen", "from_email": sender, "reply_to_email": sender,
        "subject": "The winter menu is here", "contact_list_ids": list_ids
    });
    caller.call("update_email_campaign_activity", aimed).await?;
    caller.call("send_test_email", json!({ "campaign_activity_id": activity, "email_addresses": [sender] })).await?;
    let when = caller.connector.clock().now() + jiff::SignedDuration::from_hours(24);
    let when = when.strftime("%Y-%m-%dT%H:00:00Z").to_string();
    caller.call("schedule_email_campaign", json!({ "campaign_activity_id": activity, "scheduled_date": when })).await?;
    let campaign = caller.call("get_email_campaign", json!({ "campaign_id": made["campaign_id"] })).await?.value();
    caller.account.campaign = (text(&campaign, "name")?, text(&campaign, "current_status")?, when);
    Ok(())
}

/// What the service now has, in its own words.
async fn read_back(caller: &mut Caller<'_>) -> Result<(), ActionError> {
    let counts = caller.call("get_contact_counts", json!({})).await?.value();
    caller.account.total = counts["total"].as_u64().unwrap_or(0);
    let mut request = ActionRequest::new("list_contacts", Map::new()).on(CONNECTION);
    request.options.all_pages = true;
    request.options.select = vec!["/*/contact_id".to_owned()];
    let everyone = caller.send(request).await?;
    caller.account.read_back = everyone.value().as_array().map_or(0, Vec::len);
    Ok(())
}
