//! The run log.

use std::sync::Arc;

use constantcontact::store::{DAY_MS, RunRecord, Store};

pub(super) fn run(id: &str, at_ms: i64) -> RunRecord {
    RunRecord {
        run_id: id.to_owned(),
        at_ms,
        action: "contacts.create".to_owned(),
        connection: Some("shop".to_owned()),
        outcome: "complete".to_owned(),
        http_status: Some(201),
        calls: 2,
        duration_ms: 345,
        waited_ms: 12,
        request_id: None,
        input: None,
        detail: None,
    }
}

pub(super) async fn the_log_shows_the_newest_first_and_forgets_after_thirty_days(store: Arc<dyn Store>) {
    let now = 100 * DAY_MS;
    store.log_runs(&[]).await.unwrap();
    store.log_runs(&[run("n-2", now), run("n-3", now), run("n-1", now - 1)]).await.unwrap();
    let ids = async |limit| store.runs(limit).await.unwrap().into_iter().map(|r| r.run_id).collect::<Vec<_>>();
    assert_eq!(ids(10).await, ["n-3", "n-2", "n-1"]);
    assert_eq!(ids(1).await, ["n-3"]);
    assert_eq!(store.one_run("n-2").await.unwrap(), Some(run("n-2", now)));
    assert_eq!(store.one_run("n-9").await.unwrap(), None);
    let again = RunRecord { outcome: "timeout".to_owned(), ..run("n-2", now) };
    store.log_runs(&[run("n-2", now), again.clone()]).await.unwrap();
    assert_eq!(store.one_run("n-2").await.unwrap(), Some(again), "the last word counts");
    store.log_runs(&[run("n-4", now + 30 * DAY_MS)]).await.unwrap();
    assert_eq!(ids(10).await, ["n-4", "n-3", "n-2"], "thirty days to the millisecond");
}
