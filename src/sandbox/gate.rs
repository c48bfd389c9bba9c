//! The gateway in front of the resource services: route, token, quota, scope, privilege, in that order.

use super::{
    call::{Answer, Call, Reply},
    resources::{self, Handler, ROUTES, Route, privileges},
    world::World,
};

/// Answers a call below `/v3`.
pub(super) fn answer(world: &mut World, mut call: Call) -> (Call, Reply) {
    let reply = admit(world, &mut call).unwrap_or_else(|refusal| refusal);
    (call, reply)
}

fn admit(world: &mut World, call: &mut Call) -> Answer {
    // A path without the version leads nowhere, as at the real gateway.
    let path = call.path.strip_prefix("/v3").ok_or_else(forbidden)?.to_owned();
    let (route, allowed) = find(&call.method, &path);
    if route.is_none() && !allowed {
        return Err(forbidden());
    }
    let now = world.env.now();
    let token = call.header("authorization").and_then(|h| h.strip_prefix("Bearer ")).unwrap_or_default().trim();
    call.caller = world.authority.caller(token, now).ok_or_else(unauthorized)?;
    if world.authority.deactivated(&call.caller.client_id) {
        return Err(deactivated());
    }
    world.limits.call(&call.caller.client_id, &world.env.options, now)?;
    let Some((route, params)) = route else {
        return Err(Reply::errors(
            405,
            "method.not_allowed",
            "The requested resource does not support the method used.",
        ));
    };
    call.params = params;
    scope(route, &call.caller.scopes)?;
    perform(world, route, call)
}

/// Runs an operation for the caller's account, once the token is known to be good for it.
fn perform(world: &mut World, route: &Route, call: &Call) -> Answer {
    privilege(route, world)?;
    match route.handler {
        Handler::World(handler) => handler(world, call),
        Handler::Account(handler) => {
            let account = world.accounts.get_mut(call.caller.account).ok_or_else(unauthorized)?;
            resources::tick(account, &mut world.env);
            handler(account, &mut world.env, call)
        }
    }
}

/// A call that a partner makes in the name of one of its accounts: no token of that account, no quota of its own.
pub(super) fn on_behalf(world: &mut World, mut call: Call, account: usize) -> Answer {
    let path = call.path.strip_prefix("/v3").unwrap_or(&call.path).to_owned();
    let (Some((route, params)), _) = find(&call.method, &path) else { return Err(forbidden()) };
    (call.params, call.caller.account) = (params, account);
    perform(world, route, &call)
}

/// What the gateway says to a path that leads nowhere.
fn forbidden() -> Reply {
    Reply::json(403, &serde_json::json!({ "message": "Forbidden" }))
}

type Params = Vec<(&'static str, String)>;

/// The route of a call, and whether the path at least exists under another method. Where two paths match, the one
/// with fewer variables wins.
fn find(method: &str, path: &str) -> (Option<(&'static Route, Params)>, bool) {
    let mut best: Option<(&'static Route, Params)> = None;
    let mut exists = false;
    for route in ROUTES.iter().copied().flatten() {
        let Some(params) = matches(route.path, path) else { continue };
        exists = true;
        if route.method == method && best.as_ref().is_none_or(|(_, held)| params.len() < held.len()) {
            best = Some((route, params));
        }
    }
    (best, exists)
}

fn matches(template: &'static str, path: &str) -> Option<Params> {
    let mut params = Vec::new();
    let (mut theirs, mut ours) = (path.split('/'), template.split('/'));
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return Some(params),
            (Some(name), Some(value)) => match name.strip_prefix('{').and_then(|n| n.strip_suffix('}')) {
                Some(name) if !value.is_empty() => {
                    params.push((name, percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned()));
                }
                _ if name == value => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// The exact answer of the real gateway, headers included.
pub(super) fn unauthorized() -> Reply {
    Reply::gateway(401, "unauthorized", "Unauthorized")
        .with("www-authenticate", "Bearer realm=api.cc.email")
        .with("x-amzn-errortype", "UnauthorizedException")
        .with("access-control-allow-headers", "Content-Type,X-Amz-Date,Authorization,X-Api-Key")
        .with("access-control-allow-methods", "GET,POST,PUT,DELETE,PATCH,OPTIONS")
}

/// The wording for a missing scope is a guess: the service publishes none.
fn scope(route: &Route, granted: &[String]) -> Result<(), Reply> {
    if route.scopes.is_empty() || route.scopes.iter().any(|s| granted.iter().any(|g| g == s)) {
        return Ok(());
    }
    Err(Reply::gateway(403, "access_denied", "Request forbidden due to insufficient scope."))
}

/// The wording is a guess: the service publishes none.
fn deactivated() -> Reply {
    Reply::gateway(403, "access_denied", "Request forbidden because the application is deactivated.")
}

fn privilege(route: &Route, world: &World) -> Result<(), Reply> {
    let Some(needed) = route.privilege else { return Ok(()) };
    if privileges::of(world.env.options.role).any(|(_, name)| name == needed) {
        return Ok(());
    }
    Err(Reply::gateway(403, "access_denied", "Request forbidden due to insufficient user privileges."))
}
