//! Automations: workflows that contacts walk through once a trigger has caught them.
//!
//! The stand-in keeps workflows and shows them again; it runs none. How the service answers beyond the shapes of its
//! contract is not on record.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::automation_shapes::{FLOW, TRIGGER};
use super::body::{self, Body};
use super::query;
use super::refusal::{path_id, unknown};
use super::shape;
use super::validate::Checks;
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, AutomationFlow};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// Automations by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/automations/workflows", CAMPAIGN, "customer-journey:read", Handler::Account(list))
        .inferred()
        .simplified("The channel of a workflow is its tag CHANNEL, and email without one."),
    route("POST", "/automations/workflows", CAMPAIGN, "customer-journey:create", Handler::Account(create))
        .inferred()
        .simplified("Nobody walks through a workflow: triggers and tasks are kept and shown, never run."),
    route(
        "GET",
        "/automations/workflows/{automation_flow_id}",
        CAMPAIGN,
        "customer-journey:read",
        Handler::Account(get),
    )
    .inferred(),
    route(
        "PUT",
        "/automations/workflows/{automation_flow_id}",
        CAMPAIGN,
        "customer-journey:update",
        Handler::Account(put),
    )
    .inferred()
    .simplified("What an update leaves out stays; a definition is in force as soon as it is sent as the active one."),
];

/// First part of the keys of refusals. A guess: no recorded answer names it.
const AUTOMATIONS: &str = "automations.api";
/// The user behind every workflow: an account has but one here.
const USER: &str = "100000001";
/// Definitions of a workflow, by property.
const DEFINITIONS: [&str; 2] = ["active_definition", "draft_definition"];

/// The workflow in the path.
fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut AutomationFlow, Reply> {
    let id = path_id(call, "automation_flow_id", AUTOMATIONS)?;
    let found = account.automations.flows.iter_mut().find(|flow| flow.id == id);
    found.ok_or_else(|| unknown(AUTOMATIONS, "automation_flow_id"))
}

/// Milliseconds and an offset with a colon, as only this service writes it: `2025-09-25T20:06:50.020+00:00`.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string()
}

/// The state of a definition.
fn state(definition: Option<&Value>) -> Option<&str> {
    definition?.get("state")?.as_str()
}

/// What is shown as the status of the whole: that of the definition in force, else that of the draft.
fn status(flow: &AutomationFlow) -> &str {
    state(flow.active.as_ref()).or_else(|| state(flow.draft.as_ref())).unwrap_or("DRAFT")
}

/// The values of a workflow's tags of one key.
fn tagged<'a>(flow: &'a AutomationFlow, key: &'a str) -> impl Iterator<Item = &'a str> {
    let tags = flow.structured_tags.iter().filter(move |tag| tag.get("key").and_then(Value::as_str) == Some(key));
    tags.filter_map(|tag| tag.get("value")?.as_str())
}

/// A workflow on its own.
fn view(flow: &AutomationFlow) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "id", Some(flow.id.clone()));
    body::show(&mut shown, "name", Some(flow.name.clone()));
    body::show(&mut shown, "description", flow.description.clone());
    body::show(&mut shown, "structured_tags", Some(flow.structured_tags.clone()));
    body::show(&mut shown, "status", Some(status(flow)));
    body::show(&mut shown, "active_definition", flow.active.clone());
    body::show(&mut shown, "draft_definition", flow.draft.clone());
    body::show(&mut shown, "name_explicitly_set", Some(flow.name_explicitly_set));
    Value::Object(shown)
}

/// A workflow as the collection shows it.
fn summary(flow: &AutomationFlow) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "active_state", state(flow.active.as_ref()));
    body::show(&mut shown, "created_by_id", Some(USER));
    body::show(&mut shown, "created_date", Some(moment(flow.created_at)));
    body::show(&mut shown, "description", flow.description.clone());
    body::show(&mut shown, "draft_state", state(flow.draft.as_ref()));
    body::show(&mut shown, "id", Some(flow.id.clone()));
    body::show(&mut shown, "name", Some(flow.name.clone()));
    body::show(&mut shown, "promoted_by_id", flow.promoted_at.map(|_| USER));
    body::show(&mut shown, "promoted_date", flow.promoted_at.map(moment));
    body::show(&mut shown, "status", Some(status(flow)));
    body::show(&mut shown, "structured_tags", Some(flow.structured_tags.clone()));
    body::show(&mut shown, "template_id", flow.template_id.clone());
    body::show(&mut shown, "update_date", Some(moment(flow.updated_at)));
    Value::Object(shown)
}

/// `GET /automations/workflows`, which answers 209: newest first unless asked otherwise, and all at once.
pub(super) fn list(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let oldest_first = query::choice(call, "sort_direction", &["ASC", "DESC"], AUTOMATIONS)? == Some("ASC");
    let origin = query::choice(call, "created_from", &["SCRATCH", "TEMPLATE"], AUTOMATIONS)?;
    let (channel, name, goals) = (call.query("channel"), call.query("name"), call.query_list("goals"));
    let wanted = |flow: &&AutomationFlow| {
        origin.is_none_or(|origin| (origin == "TEMPLATE") == flow.template_id.is_some())
            && channel.is_none_or(|wanted| wanted.eq_ignore_ascii_case(channel_of(flow)))
            && name.is_none_or(|name| name == flow.name)
            && (goals.is_empty() || tagged(flow, "GOAL").any(|goal| goals.iter().any(|wanted| wanted == goal)))
    };
    let mut shown: Vec<Value> = account.automations.flows.iter().filter(wanted).map(summary).collect();
    if !oldest_first {
        shown.reverse();
    }
    Ok(Reply::json(209, &json!({ "flow_summaries": shown })))
}

fn channel_of(flow: &AutomationFlow) -> &str {
    tagged(flow, "CHANNEL").next().unwrap_or("email")
}

/// `GET /automations/workflows/{automation_flow_id}`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let flow = find(account, call)?;
    Ok(Reply::json(200, &view(flow)))
}

/// `POST /automations/workflows`: the body is a trigger, and what comes of it a draft without tasks.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, AUTOMATIONS)?;
    check_create(&sent)?;
    let name = call.query("workflowName").map(str::trim).filter(|name| !name.is_empty());
    let flow = drafted(&shape::keep(&TRIGGER, &sent), name, env);
    let shown = view(&flow);
    account.automations.flows.push(flow);
    Ok(Reply::json(201, &shown))
}

fn check_create(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    shape::check(&TRIGGER, &mut checks);
    if nameless(sent) {
        checks.filled("action_name", usize::MAX);
    }
    checks.done(AUTOMATIONS)
}

/// Whether a trigger lacks the action that its type needs.
fn nameless(trigger: &Body) -> bool {
    let needed = body::text(trigger, "type").is_some_and(|kind| ["Action", "Date"].contains(&kind.as_str()));
    needed && body::text(trigger, "action_name").is_none()
}

/// A new workflow, from scratch.
fn drafted(trigger: &Body, name: Option<&str>, env: &mut Env) -> AutomationFlow {
    let now = env.now();
    let id = env.uuid_v4();
    let shown = name.map_or_else(|| usual_name(trigger), str::to_owned);
    let goal = json!({ "display_value": "All from-scratch paths", "key": "GOAL", "value": "goal_undefined" });
    AutomationFlow {
        draft: Some(definition(trigger, &id, &shown, env)),
        id,
        name: shown,
        name_explicitly_set: name.is_some(),
        structured_tags: vec![goal],
        created_at: now,
        updated_at: now,
        ..AutomationFlow::default()
    }
}

/// A name for a workflow that was given none; the service's own ones begin so.
fn usual_name(trigger: &Body) -> String {
    let start = body::text(trigger, "action_name").or_else(|| body::text(trigger, "type"));
    format!("Autogenerated {}", start.unwrap_or_else(|| "workflow".to_owned()))
}

fn definition(trigger: &Body, id: &str, name: &str, env: &mut Env) -> Value {
    let campaign = env.uuid_v4();
    json!({
        "state": "DRAFT",
        "trigger": { "trigger_def": trigger, "trigger_version": "1.0.0" },
        "workflow": { "workflow_def": {
            "parameters": { "automation_flow_id": id, "automation_flow_name": name, "campaign_id": campaign },
            "correlation_metadata": { "automation_flow_id": id, "campaign_id": campaign },
            "tasks": [],
        } },
    })
}

/// `PUT /automations/workflows/{automation_flow_id}`: the workflow is inside `automation_flow`.
pub(super) fn put(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let flow = find(account, call)?;
    let sent = body::read(call, AUTOMATIONS)?;
    check_update(&sent)?;
    let inside = body::object(&sent, "automation_flow").map(|inside| shape::keep(&FLOW, inside));
    update(flow, &inside.unwrap_or_default(), env.now());
    Ok(Reply::json(200, &view(flow)))
}

fn check_update(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    // The contract requires nothing; but an update without the workflow is a mistake that should be told.
    checks.required("automation_flow").inner("automation_flow", |flow| shape::check(&FLOW, flow));
    for name in DEFINITIONS {
        let definition = body::object(sent, "automation_flow").and_then(|flow| body::object(flow, name));
        let trigger = definition.and_then(|definition| body::object(definition, "trigger"));
        if trigger.and_then(|trigger| body::object(trigger, "trigger_def")).is_some_and(nameless) {
            checks.say(&format!("automation_flow.{name}.trigger.trigger_def.action_name is missing"));
        }
    }
    checks.done(AUTOMATIONS)
}

/// Takes over what was sent, except what the service itself decides.
fn update(flow: &mut AutomationFlow, sent: &Body, now: Timestamp) {
    if let Some(name) = body::text(sent, "name").filter(|name| *name != flow.name) {
        flow.name = name;
        flow.name_explicitly_set = true;
    }
    if sent.contains_key("description") {
        flow.description = body::text(sent, "description");
    }
    if let Some(tags) = body::array(sent, "structured_tags") {
        flow.structured_tags = tags.to_vec();
    }
    if let Some(draft) = sent.get("draft_definition") {
        flow.draft = Some(draft.clone());
    }
    // Sent back unchanged, it is no new promotion.
    if let Some(active) = sent.get("active_definition").filter(|active| flow.active.as_ref() != Some(*active)) {
        flow.active = Some(active.clone());
        flow.promoted_at = Some(now);
    }
    flow.updated_at = now;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::env::Options;

    fn object(value: &Value) -> Body {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn actions_and_dates_need_a_name() {
        for (trigger, good) in [
            (json!({ "type": "Action", "action_name": "list_join" }), true),
            (json!({ "type": "Action" }), false),
            (json!({ "type": "Date", "action_name": " " }), false),
            (json!({ "type": "segment_join" }), true),
        ] {
            assert_eq!(check_create(&object(&trigger)).is_ok(), good, "{trigger}");
            let flow = json!({ "draft_definition": { "trigger": { "trigger_def": trigger } } });
            assert_eq!(check_update(&object(&json!({ "automation_flow": flow }))).is_ok(), good, "{flow}");
        }
    }

    #[test]
    fn the_status_follows_the_definition_in_force_and_sending_it_back_promotes_nothing() {
        let mut env = Env::new(Options::default());
        let mut flow = drafted(&Body::new(), None, &mut env);
        assert_eq!((status(&flow), flow.name_explicitly_set), ("DRAFT", false));
        let sent = object(&json!({ "name": "Welcome", "active_definition": { "state": "ACTIVE" } }));
        update(&mut flow, &sent, Timestamp::UNIX_EPOCH);
        update(&mut flow, &sent, Timestamp::MAX);
        assert_eq!((status(&flow), flow.name_explicitly_set), ("ACTIVE", true));
        assert_eq!((flow.promoted_at, flow.updated_at), (Some(Timestamp::UNIX_EPOCH), Timestamp::MAX));
    }
}
