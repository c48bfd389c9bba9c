//! What a workflow is made of: its properties by name and kind, however deep.
//!
//! Tasks hold tasks and rules hold rules, so the shapes are tables that refer to each other.

use super::shape::{Kind, Shape};

/// What starts a workflow.
pub(super) static TRIGGER: Shape = Shape {
    properties: &[
        ("parameters", Kind::Each(&PARAMETER)),
        ("action_name", Kind::Text),
        ("bounds", Kind::One(&BOUNDS)),
        ("engagement_level", Kind::Text),
        ("segment_id", Kind::Text),
        ("trigger_date", Kind::One(&TRIGGER_DATE)),
        ("type", Kind::Text),
        ("unique_by", Kind::Text),
    ],
};

static PARAMETER: Shape = Shape {
    properties: &[
        ("operator", Kind::Text),
        ("parameter_name", Kind::Text),
        ("parameter_list_value", Kind::Texts),
        ("parameter_string_value", Kind::Text),
        ("parameter_value", Kind::Either),
        ("rule", Kind::Free),
        ("type", Kind::Text),
    ],
};

static BOUNDS: Shape = Shape { properties: &[("after", Kind::Period), ("before", Kind::Period)] };

static TRIGGER_DATE: Shape = Shape {
    properties: &[
        ("date_field", Kind::Field),
        ("day_field", Kind::Field),
        ("month_field", Kind::Field),
        ("type", Kind::Text),
    ],
};

/// A workflow as an update sends it. Its id and status are the service's own and not taken from there.
pub(super) static FLOW: Shape = Shape {
    properties: &[
        ("id", Kind::Text),
        ("name", Kind::Text),
        ("description", Kind::Text),
        ("structured_tags", Kind::Each(&TAG)),
        ("status", Kind::Text),
        ("active_definition", Kind::One(&DEFINITION)),
        ("draft_definition", Kind::One(&DEFINITION)),
        ("name_explicitly_set", Kind::Flag),
    ],
};

static TAG: Shape = Shape { properties: &[("display_value", Kind::Text), ("key", Kind::Text), ("value", Kind::Text)] };

static DEFINITION: Shape = Shape {
    properties: &[("state", Kind::Text), ("trigger", Kind::One(&FILTERED_TRIGGER)), ("workflow", Kind::One(&WORKFLOW))],
};

static FILTERED_TRIGGER: Shape = Shape {
    properties: &[
        ("trigger_def", Kind::One(&TRIGGER)),
        ("trigger_filter", Kind::One(&FILTER)),
        ("trigger_version", Kind::Text),
        ("workflow_filter", Kind::Text),
    ],
};

static FILTER: Shape = Shape { properties: &[("rule", Kind::One(&RULE)), ("version", Kind::Text)] };

static RULE: Shape = Shape {
    properties: &[
        ("compound_rule_type", Kind::Text),
        ("left", Kind::One(&RULE)),
        ("property_comparison", Kind::One(&COMPARISON)),
        ("right", Kind::One(&RULE)),
        ("rule", Kind::One(&RULE)),
        ("target", Kind::Text),
        ("target_type", Kind::Text),
        ("type", Kind::Text),
    ],
};

static COMPARISON: Shape = Shape {
    properties: &[
        ("argument", Kind::Text),
        ("array_argument", Kind::Texts),
        ("operator", Kind::Text),
        ("property_name", Kind::Text),
        ("string_map_argument", Kind::One(&MAP_ARGUMENT)),
        ("type", Kind::Text),
    ],
};

/// The capital letter is the contract's.
static MAP_ARGUMENT: Shape = Shape { properties: &[("custom_field_Id", Kind::Text), ("value", Kind::Text)] };

static WORKFLOW: Shape = Shape { properties: &[("workflow_def", Kind::One(&WORKFLOW_DEF))] };

static WORKFLOW_DEF: Shape = Shape {
    properties: &[
        ("parameters", Kind::One(&WORKFLOW_PARAMETERS)),
        ("correlation_metadata", Kind::One(&CORRELATION)),
        ("tasks", Kind::Each(&TASK)),
        ("status", Kind::Text),
        ("metadata", Kind::Free),
        ("timeout", Kind::One(&TIMEOUT)),
        ("upgradable", Kind::Flag),
    ],
};

static WORKFLOW_PARAMETERS: Shape = Shape {
    properties: &[
        ("automation_flow_id", Kind::Text),
        ("automation_flow_name", Kind::Text),
        ("campaign_id", Kind::Text),
        ("discount_code", Kind::Text),
    ],
};

static CORRELATION: Shape = Shape {
    properties: &[
        ("automation_flow_id", Kind::Text),
        ("automation_template_id", Kind::Text),
        ("campaign_id", Kind::Text),
    ],
};

static TASK: Shape = Shape {
    properties: &[
        ("child_tasks", Kind::Each(&TASK)),
        ("correlation_metadata", Kind::One(&TASK_CORRELATION)),
        ("else", Kind::Each(&TASK)),
        ("event_condition", Kind::Text),
        ("id", Kind::Text),
        ("input", Kind::TextMap),
        ("json_condition", Kind::Free),
        ("kind", Kind::Text),
        ("metadata", Kind::One(&TASK_METADATA)),
        ("name", Kind::Text),
        ("output", Kind::Free),
        ("queue_name", Kind::Text),
        ("retry_options", Kind::One(&RETRY)),
        ("script", Kind::Text),
        ("task_provider_reference_key", Kind::Text),
        ("task_skip_condition", Kind::Text),
        ("then", Kind::Each(&TASK)),
        ("timeout", Kind::One(&TIMEOUT)),
    ],
};

static TASK_CORRELATION: Shape = Shape { properties: &[("campaign_activity_id", Kind::Text)] };

static TASK_METADATA: Shape = Shape {
    properties: &[
        ("action", Kind::Text),
        ("create_from_scratch", Kind::Flag),
        ("kind", Kind::Text),
        ("list", Kind::Text),
    ],
};

static RETRY: Shape = Shape {
    properties: &[
        ("backoff_coefficient", Kind::Whole),
        ("initial_interval", Kind::Whole),
        ("maximum_attempts", Kind::Whole),
    ],
};

static TIMEOUT: Shape = Shape { properties: &[("amount", Kind::Number), ("time_unit", Kind::Text)] };
