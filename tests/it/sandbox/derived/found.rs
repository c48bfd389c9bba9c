//! What only people make, looked for in the demo data: registrations, profiles, landing pages, and mails with readers.

use serde_json::Value;

use super::stage::Stage;
use super::things::primary;
use super::values::plain;

impl Stage {
    /// Looks for all of it. What is not there is told by the request that needs it.
    pub(super) async fn look_around(&mut self) {
        self.look_for_a_read_mail().await;
        self.look_for_a_registration().await;
        let profiles = self.call("GET", "/social/profiles", None).await.unwrap_or_default();
        let connected = items(&profiles).into_iter().find(|profile| profile["connected"] == true);
        self.note("profile", connected.and_then(|profile| profile.get("profile_id")));
        // No operation lists landing pages.
        let state = self.lever("GET", "state", "").await;
        self.note("landing_page", state.pointer("/accounts/0/landing_pages/pages/0/campaign_activity_id"));
    }

    fn note(&mut self, what: &'static str, found: Option<&Value>) {
        if let Some(found) = found {
            self.found.insert(what, found.clone());
        }
    }

    /// A campaign whose mail somebody has opened, and who that was.
    async fn look_for_a_read_mail(&mut self) {
        let path = "/reports/summary_reports/email_campaign_summaries?limit=100";
        let summaries = self.call("GET", path, None).await.unwrap_or_default();
        for row in items(&summaries["bulk_email_campaign_summaries"]) {
            let path = format!("/emails/{}", plain(&row["campaign_id"]));
            let campaign = self.call("GET", &path, None).await.unwrap_or_default();
            let Some(mail) = primary(&campaign) else { continue };
            let path = format!("/reports/email_reports/{}/tracking/opens", plain(&mail));
            let opens = self.call("GET", &path, None).await.unwrap_or_default();
            if let Some(reader) = opens.pointer("/tracking_activities/0/contact_id") {
                self.note("sent_campaign", row.get("campaign_id"));
                self.note("sent_activity", Some(&mail));
                self.note("reader", Some(reader));
                return;
            }
        }
    }

    /// An event where somebody is registered and has a ticket.
    async fn look_for_a_registration(&mut self) {
        let events = self.call("GET", "/events", None).await.unwrap_or_default();
        for event in items(&events["records"]) {
            if event["status"] == "ACTIVE" || event["status"] == "COMPLETE" {
                self.look_into_the_event(&plain(&event["event_id"])).await;
            }
        }
    }

    async fn look_into_the_event(&mut self, id: &str) {
        let event = self.call("GET", &format!("/events/{id}"), None).await.unwrap_or_default();
        let track = &event["default_track"]["track_id"];
        let path = format!("/events/{id}/tracks/{}/registrations", plain(track));
        let all = self.call("GET", &path, None).await.unwrap_or_default();
        let attends = |one: &&Value| one["registration_status"] == "REGISTERED" && one["tickets"].as_u64() > Some(0);
        let Some(attendee) = items(&all["records"]).into_iter().find(attends) else { return };
        let registration = &attendee["registration_id"];
        let path = format!("{path}/{}", plain(registration));
        let order = self.call("GET", &path, None).await.unwrap_or_default();
        if let Some(ticket) = order.pointer("/tickets/0/order_ticket_key") {
            self.note("attended_event", event.get("event_id"));
            self.note("attended_track", Some(track));
            self.note("registration", Some(registration));
            self.note("ticket", Some(ticket));
        }
    }
}

fn items(list: &Value) -> Vec<&Value> {
    list.as_array().into_iter().flatten().collect()
}
