//! Two workflows: one in force, which greets new people, and one that is still being drafted.

use serde_json::{Value, json};

use super::{DAY, Sower};
use crate::sandbox::account::{Account, AutomationFlow};

/// Both workflows.
pub(super) fn add(sower: &mut Sower<'_>, account: &mut Account) {
    let list = account.lists.first().map_or("", |list| list.list_id.as_str());
    let joins = json!({
        "type": "Action", "action_name": "list_join",
        "parameters": [{ "parameter_name": "list_id", "operator": "equals", "parameter_list_value": [list] }],
    });
    let birthday = json!({
        "type": "Date", "action_name": "calendar_date", "bounds": { "after": "P-7D", "before": "P-6D" },
        "trigger_date": { "day_field": "record.birthday_day", "month_field": "record.birthday_month" },
    });
    let mut welcome = flow(sower, "Welcome to the kitchen", "Greets everybody who joins the first list", 330);
    welcome.active = Some(definition(sower, &welcome, "ACTIVE", &joins));
    welcome.promoted_at = Some(sower.ago(329 * DAY));
    welcome.updated_at = sower.ago(329 * DAY);
    let mut voucher = flow(sower, "Birthday voucher", "A week before somebody's birthday", 20);
    voucher.draft = Some(definition(sower, &voucher, "DRAFT", &birthday));
    account.automations.flows.extend([welcome, voucher]);
}

fn flow(sower: &mut Sower<'_>, name: &str, description: &str, days: i64) -> AutomationFlow {
    let at = sower.ago(days * DAY);
    AutomationFlow {
        id: sower.env.uuid_v4(),
        name: name.to_owned(),
        name_explicitly_set: true,
        description: Some(description.to_owned()),
        structured_tags: vec![
            json!({ "display_value": "All from-scratch paths", "key": "GOAL", "value": "goal_undefined" }),
        ],
        created_at: at,
        updated_at: at,
        ..AutomationFlow::default()
    }
}

/// A definition with one mail.
fn definition(sower: &mut Sower<'_>, flow: &AutomationFlow, state: &str, trigger: &Value) -> Value {
    let campaign = sower.env.uuid_v4();
    json!({
        "state": state,
        "trigger": { "trigger_def": trigger, "trigger_version": "1.0.0" },
        "workflow": { "workflow_def": {
            "parameters": {
                "automation_flow_id": flow.id, "automation_flow_name": flow.name, "campaign_id": campaign,
            },
            "correlation_metadata": { "automation_flow_id": flow.id, "campaign_id": campaign },
            "tasks": [{
                "id": "1", "name": "Send the mail", "kind": "Task",
                "correlation_metadata": { "campaign_activity_id": sower.env.uuid_v4() },
                "metadata": { "action": "send_email", "create_from_scratch": true, "kind": "email" },
            }],
        } },
    })
}
