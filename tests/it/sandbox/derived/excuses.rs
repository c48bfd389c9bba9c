//! Where the sandbox is right not to do what the contract says: faults of the contract, and facts that are on record.
//! Each says why. One that nothing needs fails its test, so that none outlives its reason.

/// Lines that begin with the first and contain the second are let pass, for the third.
pub(super) type Excuse = (&'static str, &'static str, &'static str);

/// Answers that do not keep the contract.
pub(super) const ANSWERS: &[Excuse] = &[
    ("GET /account/emails:", "confirm_time: does not have the format", "on record, its offset has no colon"),
    ("GET /contacts:", "deleted_at: does not have the format", "the guide has a moment where the contract has a day"),
    (
        "POST /emails/activities/{campaign_activity_id}/non_opener_resends:",
        "answer: is not of the type object",
        "the guide shows an array",
    ),
    (
        "GET /contacts/sms_engagement_history/{contact_id}:",
        "consent_action_time: does not have the format",
        "on record, it has blanks and an offset without a colon",
    ),
    (
        "GET /reports/landing_pages/",
        "_links.next.href: is not of the type string",
        "in words it is null on the last page, and the contract requires it",
    ),
    (
        "POST /partner/accounts/{encoded_account_id}/account_operations/sync:",
        "answer has a body",
        "it hands on the answer of the operation inside",
    ),
];

/// Valid requests that do not keep the contract: operations and parts of complaints.
pub(super) const REQUESTS: &[(&str, &str)] = &[
    // These lists may have no items; meant is that nothing limits them.
    ("POST /activities/remove_list_memberships", "at most 0 are allowed"),
    ("POST /activities/add_list_memberships", "at most 0 are allowed"),
    ("POST /activities/custom_fields_delete", "at most 0 are allowed"),
];

/// Rules that may be broken.
pub(super) const RULES: &[Excuse] = &[
    ("POST /activities/remove_list_memberships:", "of more than 0 items", NO_LIMIT),
    ("POST /activities/add_list_memberships:", "of more than 0 items", NO_LIMIT),
    ("POST /activities/custom_fields_delete:", "of more than 0 items", NO_LIMIT),
    (
        "POST /activities/contacts_json_import:",
        "body.import_data[]",
        "rows are judged one by one when the job runs, and their faults told in its errors",
    ),
    ("PATCH /events/{event_id}:", "body.description left out", IN_PART),
    ("PATCH /events/{event_id}:", "body.title left out", IN_PART),
    ("PATCH /events/{event_id}:", "body.name left out", IN_PART),
    ("PATCH /events/{event_id}:", "body.campaign_id left out", IN_PART),
    ("PATCH /events/{event_id}:", "body.event_start left out", IN_PART),
    ("PATCH /events/{event_id}:", "body.event_end left out", IN_PART),
    ("PATCH /events/{event_id}:", "body.event_type left out", IN_PART),
    ("PATCH /events/{event_id}:", "body.default_track left out", IN_PART),
    ("PATCH /events/{event_id}:", "body.location_type left out", IN_PART),
    ("PATCH /events/{event_id}:", "body.time_zone left out", IN_PART),
    ("", "choice_ids[] of another type", "the id of a choice is a number in one place and a text in another"),
    ("", "parameter_value of another type", "in words it is a text or a list, which the contract calls an object"),
    (
        "GET /reports/stats/",
        "unknown: answered 200",
        "what is well formed and has no figures is told among the errors of a success",
    ),
    ("GET /partner/accounts:", "query.limit", "a limit out of its range counts as the largest"),
];

const NO_LIMIT: &str = "a list that may have no items is a slip: it has no limit";
const IN_PART: &str = "only what is sent is changed, though the body is the definition of a whole event";

/// Some excuses, and which of them were needed.
pub(super) struct Excuses {
    table: &'static [Excuse],
    used: Vec<bool>,
}

impl Excuses {
    pub(super) fn of(table: &'static [Excuse]) -> Self {
        Self { table, used: vec![false; table.len()] }
    }

    /// Whether a failure is excused.
    pub(super) fn cover(&mut self, line: &str) -> bool {
        let fits = |(start, part, _): &Excuse| line.starts_with(start) && line.contains(part);
        let found = self.table.iter().position(fits);
        if let Some(used) = found.and_then(|place| self.used.get_mut(place)) {
            *used = true;
        }
        found.is_some()
    }

    /// What nothing needed, as failures.
    pub(super) fn unused(&self) -> Vec<String> {
        let idle = self.table.iter().zip(&self.used).filter(|(_, used)| !**used);
        idle.map(|((start, part, why), _)| format!("{start} {part}: this excuse is not needed ({why})")).collect()
    }
}
