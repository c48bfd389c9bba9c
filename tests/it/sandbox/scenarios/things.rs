//! What most stories begin with: people, lists, tags, campaigns, and jobs that are waited for.

use serde_json::{Value, json};

use super::client::{Reply, Service};

/// The text of a property that must be one.
#[track_caller]
pub(super) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {value}")).to_owned()
}

/// The texts of one property of many.
pub(super) fn texts(values: &[Value], name: &str) -> Vec<String> {
    values.iter().map(|value| text(value, name)).collect()
}

/// The names of an object's properties, in their order.
pub(super) fn names(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// A mail with two links.
pub(super) fn mail(from: &str) -> Value {
    json!({
        "format_type": 5,
        "from_name": "Sam Owner",
        "from_email": from,
        "reply_to_email": from,
        "subject": "Soup day",
        "html_content": "<html><body>[[trackingImage]]<h1>Hello [[firstName]]</h1>\
            <a href=\"https://www.example.com/soup\">Soup</a> <a href=\"https://www.example.com/bread\">Bread</a>\
            </body></html>",
    })
}

/// The account's confirmed sender.
pub(super) const OWNER: &str = "owner@example.com";

/// A campaign and its primary activity.
pub(super) struct Made {
    pub(super) campaign: String,
    pub(super) activity: String,
    pub(super) permalink: String,
}

impl Made {
    /// The path of the campaign.
    pub(super) fn path(&self) -> String {
        format!("/emails/{}", self.campaign)
    }

    /// A path below the activity.
    pub(super) fn below(&self, rest: &str) -> String {
        format!("/emails/activities/{}{rest}", self.activity)
    }

    /// The path of one of the activity's reports.
    pub(super) fn report(&self, rest: &str) -> String {
        format!("/reports/email_reports/{}/{rest}", self.activity)
    }
}

impl Service {
    /// Makes a contact with nothing but an address; gives its id.
    pub(super) async fn contact(&self, address: &str) -> String {
        self.contact_with(address, &json!({})).await
    }

    /// Makes a contact with more properties; gives its id.
    pub(super) async fn contact_with(&self, address: &str, more: &Value) -> String {
        let mut body = json!({ "email_address": { "address": address }, "create_source": "Account" });
        for (name, value) in more.as_object().unwrap() {
            body[name.as_str()] = value.clone();
        }
        text(&self.post("/contacts", &body).await.must(201), "contact_id")
    }

    /// One contact as it is now, with the named parts.
    pub(super) async fn person(&self, id: &str, include: &str) -> Value {
        let query = if include.is_empty() { String::new() } else { format!("?include={include}") };
        self.read(&format!("/contacts/{id}{query}")).await
    }

    /// Makes a list; gives its id.
    pub(super) async fn list(&self, name: &str) -> String {
        text(&self.post("/contact_lists", &json!({ "name": name })).await.must(201), "list_id")
    }

    /// Makes a tag; gives its id.
    pub(super) async fn tag(&self, name: &str) -> String {
        text(&self.post("/contact_tags", &json!({ "name": name })).await.must(201), "tag_id")
    }

    /// Makes a custom field for text; gives its id.
    pub(super) async fn field(&self, label: &str) -> String {
        let body = json!({ "label": label, "type": "string" });
        text(&self.post("/contact_custom_fields", &body).await.must(201), "custom_field_id")
    }

    /// Asks for a bulk job and lets it finish.
    pub(super) async fn job(&self, kind: &str, body: &Value) -> Value {
        self.finish(&self.post(&format!("/activities/{kind}"), body).await.must(201)).await
    }

    /// Lets a job finish.
    pub(super) async fn finish(&self, job: &Value) -> Value {
        self.advance(2).await;
        let done = self.read(&format!("/activities/{}", text(job, "activity_id"))).await;
        assert_eq!(done["state"], "completed", "{done}");
        done
    }

    /// Imports people with these addresses into some lists.
    pub(super) async fn import(&self, addresses: &[&str], list_ids: &[&str]) -> Value {
        let rows: Vec<Value> = addresses.iter().map(|address| json!({ "email": address })).collect();
        self.job("contacts_json_import", &json!({ "import_data": rows, "list_ids": list_ids })).await
    }

    /// Sends a file to be imported, as a form of a browser would.
    pub(super) async fn upload(&self, file: &str, csv: &str, list_ids: &str) -> Reply {
        let head = "--cut\r\nContent-Disposition: form-data; name=";
        let body = format!(
            "{head}\"file\"; filename=\"{file}\"\r\nContent-Type: text/csv\r\n\r\n{csv}\r\n\
             {head}\"list_ids\"\r\n\r\n{list_ids}\r\n--cut--\r\n"
        );
        self.post_as("/activities/contacts_file_import", "multipart/form-data; boundary=cut", body.as_bytes()).await
    }

    /// Makes a campaign.
    pub(super) async fn campaign(&self, name: &str) -> Made {
        let body = json!({ "name": name, "email_campaign_activities": [mail(OWNER)] });
        let made = self.post("/emails", &body).await.must(200);
        let activity = |role: &str| {
            let all = made["campaign_activities"].as_array().unwrap();
            text(all.iter().find(|activity| activity["role"] == role).unwrap(), "campaign_activity_id")
        };
        Made {
            campaign: text(&made, "campaign_id"),
            activity: activity("primary_email"),
            permalink: activity("permalink"),
        }
    }

    /// Says who is to get a campaign.
    pub(super) async fn address(&self, made: &Made, name: &str, recipients: &Value) {
        let mut body = mail(OWNER);
        body[name] = recipients.clone();
        self.put(&made.below(""), &body).await.must(200);
    }

    /// Sends a campaign to some lists at once, and lets it go out.
    pub(super) async fn send(&self, made: &Made, list_ids: &[&str]) {
        self.address(made, "contact_list_ids", &json!(list_ids)).await;
        self.post(&made.below("/schedules"), &json!({ "scheduled_date": "0" })).await.must(201);
        self.advance(5).await;
        assert_eq!(self.read(&made.path()).await["current_status"], "DONE");
    }

    /// A list with so many people on it, all of whom can be mailed; gives its id.
    pub(super) async fn crowd(&self, people: usize) -> String {
        let list = self.list(&format!("{people} people")).await;
        let addresses: Vec<String> = (0..people).map(|nth| format!("person{nth}@example.com")).collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        self.import(&addresses, &[&list]).await;
        list
    }

    /// The mails that would have gone out to an address: kind and subject.
    pub(super) async fn mails_to(&self, address: &str) -> Vec<Value> {
        let outbox = self.lever("GET", "outbox", None).await.must(200);
        outbox.as_array().unwrap().iter().filter(|mail| mail["to"] == address).cloned().collect()
    }
}
