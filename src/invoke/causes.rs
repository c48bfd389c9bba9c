//! What a refusal does not say itself: which of the three reasons a 403 has, how the thing is that a 409 names, and
//! whose a 404 of a partner's call is. One more read is spent where it tells something, and never another for that.
//!
//! The reads are declared in the manifest; they go through the same attempts as any call, but nothing is explained
//! about them in turn.

mod told;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value, value::RawValue};

use super::{
    Inner, Run,
    bind::bind,
    decode::{Decoded, decode},
    peek,
    refusal::rule,
    scene::{Scene, check_scopes},
};
use crate::{
    catalog::{
        manifest::{LookUp, Rights},
        model::{Action, Authorizer},
    },
    protocol::{ActionError, Code},
};
use told::{cause, is_forbidden, is_web_page, lacks_scope, retold, unknown_account};

/// How long it is believed what the connected person may do.
const FRESH_MS: i64 = 600_000;

/// The longest that a look may hold up the error.
const LOOK_MS: i64 = 10_000;

/// What the service says of the connected person.
#[derive(Debug)]
pub(crate) enum Standing {
    /// Their privileges.
    Holds(BTreeSet<String>),
    /// It refuses even to say: the application itself is shut out.
    ShutOut,
}

/// A connection and its generation: whoever connects again may be another person.
type Person = (String, i64);

/// Standings by person, with the time they were asked for.
pub(crate) type Cache = Mutex<HashMap<Person, (i64, Arc<Standing>)>>;

impl Inner {
    /// The error with its cause, as far as that can be found out. Spends at most one call.
    pub(super) async fn explain(
        &self,
        run: &mut Run,
        action: &Action,
        scene: &Scene,
        error: ActionError,
    ) -> ActionError {
        // Only what answered the call itself: an error of the token endpoint has a status too.
        let status = error.upstream.as_deref().map(|said| said.status).filter(|s| run.http_status == Some(*s));
        match (action.authorizer, status, error.code) {
            (Authorizer::Partner, Some(404), Code::NotFound) => unknown_account(error),
            (Authorizer::Account, Some(403), Code::Rejected | Code::PrivilegeMissing | Code::ScopeMissing) => {
                self.forbidden(run, action, scene, error).await
            }
            (_, Some(409), Code::Conflict) => self.in_the_way(run, scene, error).await,
            _ => error,
        }
    }

    /// First what is known, then what the service says of the connected person.
    async fn forbidden(&self, run: &mut Run, action: &Action, scene: &Scene, error: ActionError) -> ActionError {
        if error.code == Code::ScopeMissing {
            return lacks_scope(action, error);
        }
        if is_web_page(&error) {
            return error;
        }
        if error.code == Code::Rejected
            && let Err(missing) = check_scopes(action, &scene.connection)
        {
            return retold(error, Code::ScopeMissing, &missing.detail);
        }
        let standing = self.standing(run, action, scene).await;
        cause(action, &scene.connection, standing.as_deref(), error)
    }

    /// What is known of the connected person, or asked for now; none where that tells nothing.
    async fn standing(&self, run: &mut Run, action: &Action, scene: &Scene) -> Option<Arc<Standing>> {
        let rights = &self.catalog.manifest().rights;
        if action.name == rights.action {
            return None;
        }
        let person = (scene.connection.id.clone(), scene.connection.generation);
        // Many calls may be refused at once: one asks, and the others wait for what it hears.
        let line = vec![(person.0.clone(), rights.action.clone())];
        let _turn = self.stand_in_line(line, run.deadline_ms.min(self.clock.now_ms() + LOOK_MS)).await?;
        if let Some(known) = self.known(&person) {
            return Some(known);
        }
        let standing = match self.look(run, scene, &rights.action, &Map::new()).await {
            Ok(list) => Standing::Holds(names(&list, rights)?),
            Err(error) if is_forbidden(&error) => Standing::ShutOut,
            Err(_) => return None,
        };
        Some(self.keep(person, standing))
    }

    fn known(&self, person: &Person) -> Option<Arc<Standing>> {
        let now = self.clock.now_ms();
        let standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        standings.get(person).filter(|(at, _)| is_fresh(*at, now)).map(|(_, standing)| Arc::clone(standing))
    }

    fn keep(&self, person: Person, standing: Standing) -> Arc<Standing> {
        let (now, standing) = (self.clock.now_ms(), Arc::new(standing));
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        standings.retain(|_, (at, _)| is_fresh(*at, now));
        standings.insert(person, (now, Arc::clone(&standing)));
        standing
    }

    /// Says of the thing that a conflict names whether it is deleted, and what to do then.
    async fn in_the_way(&self, run: &mut Run, scene: &Scene, mut error: ActionError) -> ActionError {
        let Some((name, id, look_up)) = self.named(&error) else { return error };
        let input = Map::from_iter([(look_up.input.clone(), Value::from(id))]);
        let Ok(thing) = self.look(run, scene, &look_up.action, &input).await else { return error };
        let deleted = peek::at(&thing, &look_up.deleted).is_some_and(|when| when.get() != "null");
        let (state, what_to_do) =
            if deleted { ("deleted", &look_up.when_deleted) } else { ("active", &look_up.when_active) };
        error.detail = format!("{}; {what_to_do}", error.detail);
        if let Some(said) = &mut error.upstream {
            // contact_id is joined by contact_state.
            said.ids.insert(format!("{}_state", name.trim_end_matches("_id")), state.to_owned());
        }
        error
    }

    /// The id that the service's words hold, its name, and how to look at what it names.
    fn named(&self, error: &ActionError) -> Option<(&'static str, String, &'static LookUp)> {
        let said = error.upstream.as_deref()?;
        let rule = rule(self.catalog.manifest(), said)?;
        let name = rule.id_in_message.as_deref()?;
        Some((name, said.ids.get(name)?.clone(), rule.look_up.as_ref()?))
    }

    /// One read beside the run: its cost is the run's, but neither its status nor its request id.
    async fn look(
        &self,
        run: &mut Run,
        scene: &Scene,
        action: &str,
        input: &Map<String, Value>,
    ) -> Result<Box<RawValue>, ActionError> {
        let missing = || ActionError::new(Code::Internal, format!("the manifest names an action {action}"));
        let action = self.catalog.action(action).ok_or_else(missing)?;
        let call = bind(action, input, None)?;
        let (deadline, status, request) = (run.deadline_ms, run.http_status, run.request_id.clone());
        run.deadline_ms = deadline.min(self.clock.now_ms() + LOOK_MS);
        let answer = self.attempts(run, action, scene, &call).await;
        (run.deadline_ms, run.http_status, run.request_id) = (deadline, status, request);
        match decode(action, &call.query, &answer?)? {
            Decoded::Done { output, .. } => Ok(output),
            Decoded::Pending => Err(ActionError::new(Code::NotReady, "the look is not ready")),
        }
    }
}

fn is_fresh(at_ms: i64, now_ms: i64) -> bool {
    (0..FRESH_MS).contains(&(now_ms - at_ms))
}

/// The names in a list of privileges. An empty list tells nothing: nobody is in an account without any.
fn names(list: &RawValue, rights: &Rights) -> Option<BTreeSet<String>> {
    let items = peek::items(peek::at(list, &rights.items)?)?;
    let names = items.into_iter().filter_map(|item| peek::text(peek::at(item, &rights.name)?));
    Some(names.collect::<BTreeSet<_>>()).filter(|names| !names.is_empty())
}
