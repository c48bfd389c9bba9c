//! Step 3: on whose behalf, at which address, within which limits; and what can be refused before a call is spent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use url::Url;

use super::{Inner, Run, observe::Step};
use crate::{
    budget::store_error,
    catalog::model::{Action, Authorizer},
    config::{Profile, check_endpoint},
    protocol::{ActionError, ActionRequest, Code},
    store::{Connection, Limits},
};

/// How long what is known of a connection is believed without looking again.
const FRESH_MS: i64 = 5_000;

/// Everything about the connection that a run needs.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) connection: Connection,
    pub(crate) base: Url,
    pub(crate) limits: Limits,
    enabled: Vec<String>,
}

/// Scenes by connection, with the time they were read.
pub(crate) type Cache = Mutex<HashMap<String, (i64, Arc<Scene>)>>;

impl Inner {
    pub(super) async fn preflight(
        &self,
        action: &Action,
        request: &ActionRequest,
        run: &mut Run,
    ) -> Result<Arc<Scene>, ActionError> {
        self.note(Step::Preflight);
        let id = if let Some(id) = &request.connection {
            id.clone()
        } else {
            let id = self.only_connection().await?;
            run.span.record("connection", id.as_str());
            id
        };
        run.connection = Some(id.clone());
        let scene = self.scene(&id).await?;
        enabled(action, &scene)?;
        authorizer(action, &scene.connection)?;
        check_scopes(action, &scene.connection)?;
        Ok(scene)
    }

    async fn only_connection(&self) -> Result<String, ActionError> {
        let mut all = self.store.connections().await.map_err(store_error)?;
        match (all.pop(), all.len()) {
            (Some(only), 0) => Ok(only.id),
            (Some(last), _) => {
                let names: Vec<_> = all.iter().map(|c| c.id.as_str()).chain([last.id.as_str()]).collect();
                Err(ActionError::new(
                    Code::ConnectionUnknown,
                    format!("name the connection: there are {}", names.join(", ")),
                ))
            }
            (None, _) => {
                Err(ActionError::new(Code::ConnectionUnknown, "there is no connection yet; make one with ctct connect"))
            }
        }
    }

    async fn scene(&self, id: &str) -> Result<Arc<Scene>, ActionError> {
        let now = self.clock.now_ms();
        let cached = self.scenes.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some((_, scene)) = cached.filter(|(at, _)| (0..FRESH_MS).contains(&(now - at))) {
            return Ok(scene);
        }
        let connection = self.store.connection(id).await.map_err(store_error)?;
        let connection = connection
            .ok_or_else(|| ActionError::new(Code::ConnectionUnknown, format!("there is no connection {id}")))?;
        let profile = match &connection.profile {
            Some(profile) => Some(self.profiles.get(profile).await?),
            None => None,
        };
        let scene = Arc::new(self.make(connection, profile.as_ref())?);
        self.scenes.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), (now, Arc::clone(&scene)));
        Ok(scene)
    }

    fn make(&self, connection: Connection, profile: Option<&Profile>) -> Result<Scene, ActionError> {
        let manifest = self.catalog.manifest();
        let base = match &connection.api_base {
            Some(address) => check_endpoint(address).map_err(|why| ActionError::new(Code::Config, why))?,
            None => Url::parse(&manifest.hosts.api).map_err(|e| ActionError::new(Code::Internal, e.to_string()))?,
        };
        let rules = &manifest.budget;
        let usual = Limits { per_second: rules.per_second, per_day: rules.per_day, reserve: rules.per_day / 50 };
        let mut limits = profile.map_or(usual, |p| p.limits(manifest));
        limits.per_second = connection.per_second.unwrap_or(limits.per_second);
        if let Some(per_day) = connection.per_day {
            limits = Limits { per_day, reserve: per_day / 50, ..limits };
        }
        let enabled = profile.map(|p| p.actions.clone()).unwrap_or_default();
        Ok(Scene { connection, base, limits, enabled })
    }
}

fn enabled(action: &Action, scene: &Scene) -> Result<(), ActionError> {
    if scene.enabled.is_empty() || scene.enabled.contains(&action.name) {
        return Ok(());
    }
    let profile = scene.connection.profile.as_deref().unwrap_or_default();
    Err(ActionError::new(
        Code::ActionDisabled,
        format!("{} is not among the actions that profile {profile} switches on", action.name),
    ))
}

fn authorizer(action: &Action, connection: &Connection) -> Result<(), ActionError> {
    let id = &connection.id;
    match (action.authorizer, connection.partner) {
        (Authorizer::Account, true) => {
            let detail =
                format!("{} acts on a connected account, and connection {id} holds a partner's token", action.name);
            Err(ActionError::new(Code::CredentialsMissing, detail))
        }
        (Authorizer::Partner, false) if connection.profile.is_none() => {
            let detail = format!(
                "{} needs a technology partner's credentials, and connection {id} has none; add a connection with a partner's token and API key",
                action.name
            );
            Err(ActionError::new(Code::CredentialsMissing, detail))
        }
        _ => Ok(()),
    }
}

/// Refuses an action for which the connection was not given a scope. Where the scopes are unknown, the service decides.
pub fn check_scopes(action: &Action, connection: &Connection) -> Result<(), ActionError> {
    let Some(granted) = &connection.scopes else { return Ok(()) };
    if action.scopes.is_empty() || action.scopes.iter().any(|s| granted.contains(s)) {
        return Ok(());
    }
    let needed = action.scopes.join(" or ");
    let detail = format!(
        "{} needs the scope {needed}, and connection {} was given: {}",
        action.name,
        connection.id,
        granted.join(", ")
    );
    Err(ActionError::new(Code::ScopeMissing, detail))
}
