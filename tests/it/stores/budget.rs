//! The ledger: its rules are the page's own; here, that a store keeps every permit and gives none twice. A store may
//! count a permit a few milliseconds later than it was asked for (it had to wait for the row), never sooner.

use std::{sync::Arc, time::Instant};

use constantcontact::store::{Asker, DAY_MS, Grant, Limits, Priority, Store};
use tokio::task::JoinSet;

const FOUR: Limits = Limits { per_second: 4, per_day: 0, reserve: 0 };
const MORNING: i64 = DAY_MS * 20_000 + 1_000;

pub(super) async fn no_second_ever_holds_more_than_four(store: Arc<dyn Store>) {
    // When each permit was given: at the earliest, and at the latest.
    let (mut now, mut given) = (MORNING, Vec::<(i64, i64)>::new());
    while given.len() < 40 {
        let asked = Instant::now();
        match store.permit("b-four", FOUR, Asker::passing(Priority::Action), now).await.unwrap() {
            Grant::Now { .. } => {
                let latest = now + 1 + i64::try_from(asked.elapsed().as_millis()).unwrap();
                given.push((now, given.last().map_or(latest, |before| before.1.max(latest))));
            }
            Grant::Later { at_ms, .. } => {
                assert!(at_ms > now);
                now = at_ms;
            }
            Grant::Exhausted { .. } => panic!("there is no limit for the day"),
        }
    }
    assert!(given.windows(5).all(|w| w[4].1 - w[0].0 > 1_000), "{given:?}");
    assert_eq!(store.ledger("b-four", now).await.unwrap().used, 40);
}

pub(super) async fn of_many_who_ask_at_once_four_may_go(store: Arc<dyn Store>) {
    let mut many = JoinSet::new();
    for _ in 0..12 {
        let store = Arc::clone(&store);
        many.spawn(async move { store.permit("b-many", FOUR, Asker::passing(Priority::Poll), MORNING).await.unwrap() });
    }
    let grants = many.join_all().await;
    assert_eq!(grants.iter().filter(|g| matches!(g, Grant::Now { .. })).count(), 4, "{grants:?}");
    let view = store.ledger("b-many", MORNING).await.unwrap();
    assert_eq!((view.used, view.by_priority["poll"]), (4, 4));
}

pub(super) async fn a_day_ends_and_begins_again(store: Arc<dyn Store>) {
    let limits = Limits { per_second: 0, per_day: 3, reserve: 1 };
    let ask = async |priority, now| store.permit("b-day", limits, Asker::passing(priority), now).await.unwrap();
    assert_eq!(ask(Priority::Action, MORNING).await, Grant::Now { day_remaining: 2 });
    assert_eq!(ask(Priority::Poll, MORNING).await, Grant::Now { day_remaining: 1 });
    let tomorrow = DAY_MS * 20_001;
    assert_eq!(ask(Priority::Action, MORNING).await, Grant::Exhausted { resets_ms: tomorrow });
    assert_eq!(ask(Priority::Interactive, MORNING).await, Grant::Now { day_remaining: 0 });
    assert_eq!(ask(Priority::Interactive, MORNING).await, Grant::Exhausted { resets_ms: tomorrow });
    let view = store.ledger("b-day", MORNING).await.unwrap();
    assert_eq!((view.used, view.by_priority.len()), (3, 3));
    assert_eq!(store.ledger("b-day", tomorrow).await.unwrap().used, 0);
    assert_eq!(ask(Priority::Action, tomorrow).await, Grant::Now { day_remaining: 2 });
    assert_eq!(store.ledger("b-nobody", MORNING).await.unwrap().used, 0);
}

pub(super) async fn a_block_holds_all_back_and_is_never_shortened(store: Arc<dyn Store>) {
    store.block_ledger("b-block", MORNING + 60_000).await.unwrap();
    store.block_ledger("b-block", MORNING + 10).await.unwrap();
    assert_eq!(store.ledger("b-block", MORNING).await.unwrap().blocked_until_ms, MORNING + 60_000);
    let ask = async |now| store.permit("b-block", FOUR, Asker::passing(Priority::Interactive), now).await.unwrap();
    assert_eq!(ask(MORNING).await, Grant::Later { at_ms: MORNING + 60_000, due_ms: MORNING + 60_000 });
    assert!(matches!(ask(MORNING + 60_000).await, Grant::Now { .. }));
    let tomorrow = DAY_MS * 20_001;
    store.block_ledger("b-block", tomorrow).await.unwrap();
    assert_eq!(ask(MORNING + 70_000).await, Grant::Exhausted { resets_ms: tomorrow });
}
