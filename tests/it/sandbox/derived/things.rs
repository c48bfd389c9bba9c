//! What requests speak of: made by the API itself, each time anew.

use serde_json::{Value, json};

use super::stage::Stage;
use super::values::{CRITERIA, plain};

impl Stage {
    /// Makes or finds what a placeholder stands for.
    pub(super) async fn make(&mut self, what: &str) -> Result<Value, String> {
        if let Some(found) = self.found.get(what) {
            return Ok(found.clone());
        }
        self.count += 1;
        let name = format!("Thing {}", self.count);
        match what {
            "unique" => Ok(json!(format!("u{}", self.count))),
            "list" => self.id("/contact_lists", json!({ "name": name }), "list_id").await,
            "tag" => self.id("/contact_tags", json!({ "name": name }), "tag_id").await,
            "segment" => {
                self.id("/segments", json!({ "name": name, "segment_criteria": CRITERIA }), "segment_id").await
            }
            "flow" => self.id("/automations/workflows", json!({}), "id").await,
            "event" => self.id("/events/default", Value::Null, "event_id").await,
            "job" => self.id("/activities/contact_exports", json!({}), "activity_id").await,
            "topic" => self.topic().await,
            "client" => Ok(self.newcomer().await?.0),
            "newcomer" => {
                let (_, login) = self.newcomer().await?;
                Ok(json!(self.consent(&login, "account_read account_update").await))
            }
            "export" => self.export().await,
            what if what.ends_with("contact") => self.contact(what, &name).await,
            what if what.ends_with("field") => self.field(what, &name).await,
            what if what.ends_with("campaign") || what.ends_with("activity") => self.campaign(what, &name).await,
            what => Err(format!("the demo data has no {what}")),
        }
    }

    /// Makes something with one call, and gives its id.
    async fn id(&mut self, path: &str, body: Value, id: &str) -> Result<Value, String> {
        let made = self.call("POST", path, Some(body).filter(|body| !body.is_null())).await?;
        made.get(id).cloned().ok_or_else(|| format!("POST {path} answered without {id}: {made}"))
    }

    async fn topic(&mut self) -> Result<Value, String> {
        let body = json!({ "hook_uri": "https://hooks.example.com/tier" });
        self.call("PUT", "/partner/webhooks/subscriptions/1", Some(body)).await?;
        Ok(json!("1"))
    }

    /// A file that is ready to be fetched.
    async fn export(&mut self) -> Result<Value, String> {
        let contact = self.contact("contact", &format!("Exported {}", self.count)).await?;
        let body = json!({ "contact_ids": [contact] });
        let job = self.id("/activities/contact_exports", body, "activity_id").await?;
        self.lever("POST", "clock", r#"{"advance_seconds":5}"#).await;
        Ok(job)
    }

    async fn contact(&mut self, what: &str, name: &str) -> Result<Value, String> {
        let address = format!("{}@example.com", name.to_lowercase().replace(' ', "-"));
        let email = json!({ "address": address, "permission_to_send": "explicit" });
        let mut body = json!({ "email_address": email, "create_source": "Account", "first_name": "Ann" });
        if what == "rich_contact" {
            self.enrich(&mut body).await?;
        }
        let contact = self.id("/contacts", body, "contact_id").await?;
        if what == "unsubscribed_contact" {
            let email = json!({ "address": address, "permission_to_send": "unsubscribed" });
            let body = json!({ "email_address": email, "update_source": "Contact" });
            self.call("PUT", &format!("/contacts/{}", plain(&contact)), Some(body)).await?;
        }
        Ok(contact)
    }

    /// One of each that a contact can have.
    async fn enrich(&mut self, body: &mut Value) -> Result<(), String> {
        let name = format!("Rich {}", self.count);
        let list = self.id("/contact_lists", json!({ "name": name }), "list_id").await?;
        let tag = self.id("/contact_tags", json!({ "name": name }), "tag_id").await?;
        let field = self.field("field", &name).await?;
        let consent = json!({ "sms_consent_permission": "explicit", "consent_type": "promotional_sms" });
        body["list_memberships"] = json!([list]);
        body["taggings"] = json!([tag]);
        body["custom_fields"] = json!([{ "custom_field_id": field, "value": "a value" }]);
        body["phone_numbers"] = json!([{ "phone_number": "555-010-0166", "kind": "home" }]);
        body["street_addresses"] = json!([{ "kind": "home", "street": "1 Quay", "city": "Boston" }]);
        body["notes"] = json!([{ "content": "Likes soup" }]);
        let number = format!("+1555{:07}", self.count);
        body["sms_channel"] = json!({ "full_sms_address": number, "sms_channel_consents": [consent] });
        Ok(())
    }

    async fn field(&mut self, what: &str, name: &str) -> Result<Value, String> {
        let choices = json!([{ "choice_label": "One", "display_order": 1 }]);
        let body = match what {
            "choice_field" => json!({ "label": name, "type": "single_select", "choices": choices }),
            _ => json!({ "label": name, "type": "string" }),
        };
        self.id("/contact_custom_fields", body, "custom_field_id").await
    }

    /// A campaign, or its mail, brought as far as its name says.
    async fn campaign(&mut self, what: &str, name: &str) -> Result<Value, String> {
        let mut mail = json!({
            "from_name": "Ann", "from_email": "owner@example.com", "reply_to_email": "owner@example.com",
            "subject": "Hello", "html_content": "<html><body>[[trackingImage]]Hello</body></html>", "format_type": 5
        });
        let body = json!({ "name": name, "email_campaign_activities": [mail] });
        let made = self.call("POST", "/emails", Some(body)).await?;
        let Some(activity) = primary(&made) else { return Err(format!("a campaign without a mail: {made}")) };
        let path = format!("/emails/activities/{}", plain(&activity));
        match what {
            "campaign" => return Ok(made["campaign_id"].clone()),
            "ready_activity" | "scheduled_activity" => {
                let list = self.id("/contact_lists", json!({ "name": name }), "list_id").await?;
                mail["contact_list_ids"] = json!([list]);
                self.call("PUT", &path, Some(mail)).await?;
            }
            "tested_activity" => {
                let test = json!({ "alternative_subject": "Hi", "test_size": 10, "winner_wait_duration": 6 });
                self.call("POST", &format!("{path}/abtest"), Some(test)).await?;
            }
            "resent_activity" => {
                let resend = json!({ "resend_subject": "Again", "delay_days": 2 });
                self.call("POST", &format!("{path}/non_opener_resends"), Some(resend)).await?;
            }
            "activity" => {}
            what => return Err(format!("the demo data has no {what}")),
        }
        if what == "scheduled_activity" {
            let date = json!({ "scheduled_date": "2090-06-01T10:00:00Z" });
            self.call("POST", &format!("{path}/schedules"), Some(date)).await?;
        }
        Ok(activity)
    }
}

/// The id of a campaign's mail.
pub(super) fn primary(campaign: &Value) -> Option<Value> {
    let mut activities = campaign["campaign_activities"].as_array()?.iter();
    let mail = activities.find(|activity| activity["role"] == "primary_email")?;
    mail.get("campaign_activity_id").cloned()
}
