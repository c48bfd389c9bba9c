//! Steps 5 to 7: a token, a permit, a call; again where the table of `retry` allows it, until the time is up.

use std::{sync::Arc, time::Duration};

use super::{
    Inner, Run,
    bind::BoundCall,
    observe::Step,
    refusal::refusal,
    retry::{self, Repeat, Trouble, Verdict},
    scene::Scene,
};
use crate::{
    auth::LiveToken,
    catalog::model::{Action, Authorizer, Effect},
    protocol::{ActionError, Code, Sent, Upstream},
    transport::{FailureKind, HttpAnswer, HttpCall, SendFailure},
};

/// The longest that one call may take, whatever the whole run may.
const CALL_MS: i64 = 60_000;

/// What is remembered from attempt to attempt.
#[derive(Default)]
struct Memory {
    /// The generation of the token that was answered with 401.
    refused: Option<i64>,
    /// An earlier attempt may have taken effect.
    maybe_done: bool,
}

impl Inner {
    /// Makes the call until it is answered with success, refused for good, or out of attempts or time.
    pub(super) async fn attempts(
        &self,
        run: &mut Run,
        action: &Action,
        scene: &Scene,
        call: &BoundCall,
    ) -> Result<HttpAnswer, ActionError> {
        let mut memory = Memory::default();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let token = self.token(action, scene, memory.refused).await.map_err(|e| memory.own(e))?;
            self.permit(run, scene).await.map_err(|e| memory.own(e))?;
            let (trouble, error) = match self.send(run, scene, call, &token).await {
                Ok(answer) if answer.status / 100 == 2 => return Ok(answer),
                Ok(answer) => self.judge(&answer, action, scene).await?,
                // A call that cannot even be written will not be better next time.
                Err(failure) if failure.kind == FailureKind::Malformed => return Err(memory.own(unanswered(&failure))),
                Err(failure) => (Some(Trouble::from(&failure)), unanswered(&failure)),
            };
            let Some(trouble) = trouble else { return Err(memory.own(memory.gone(action, error))) };
            match retry::verdict(trouble, Repeat::of(action)) {
                Verdict::OutcomeUnknown => return Err(unknown(action, error)),
                Verdict::RefreshOnce if memory.refused.is_some() => return Err(memory.own(error)),
                Verdict::RefreshOnce => memory.refused = Some(token.generation),
                Verdict::Retry => {
                    memory.maybe_done |= error.sent != Sent::No;
                    if attempt >= retry::ATTEMPTS {
                        return Err(memory.own(error));
                    }
                    self.pause(run, trouble, attempt, &error).await?;
                }
            }
            tracing::debug!(run = run.id, attempt, ?trouble, "trying again");
        }
    }

    async fn token(&self, action: &Action, scene: &Scene, refused: Option<i64>) -> Result<Arc<LiveToken>, ActionError> {
        self.note(Step::Token);
        match action.authorizer {
            Authorizer::Account => self.keeper.live(&scene.connection.id, refused).await,
            Authorizer::Partner => self.keeper.partner(&scene.connection.id, refused).await,
        }
    }

    async fn permit(&self, run: &mut Run, scene: &Scene) -> Result<(), ActionError> {
        self.note(Step::Permit);
        let permit = self.budget.permit(&scene.connection.ledger, scene.limits, run.priority, run.deadline_ms).await?;
        run.waited_ms += permit.waited_ms;
        run.day_remaining = permit.day_remaining;
        Ok(())
    }

    async fn send(
        &self,
        run: &mut Run,
        scene: &Scene,
        call: &BoundCall,
        token: &LiveToken,
    ) -> Result<HttpAnswer, SendFailure> {
        self.note(Step::Send);
        run.calls += 1;
        let left = (run.deadline_ms - self.clock.now_ms()).clamp(1, CALL_MS);
        let timeout = Duration::from_millis(u64::try_from(left).unwrap_or(1));
        let (method, url, body) = (call.method, call.url(&scene.base), call.body.clone());
        let answer =
            self.transport.send(HttpCall { method, url, credentials: token.credentials(), body, timeout }).await;
        if let Ok(answer) = &answer {
            run.http_status = Some(answer.status);
            run.request_id.clone_from(&answer.request_id);
        }
        answer
    }

    /// What a refusal means, and what the ledger learns from it: someone else may be using the same key.
    async fn judge(
        &self,
        answer: &HttpAnswer,
        action: &Action,
        scene: &Scene,
    ) -> Result<(Option<Trouble>, ActionError), ActionError> {
        let mut error = refusal(self.catalog.manifest(), answer);
        let ledger = &scene.connection.ledger;
        let counted = scene.limits.per_second > 0 || scene.limits.per_day > 0;
        let trouble = match error.code {
            Code::ReconnectRequired => Some(Trouble::Unauthorized),
            Code::Throttled => Some(Trouble::Throttled),
            Code::Unavailable => Some(Trouble::ServerError),
            _ => None,
        };
        match error.code {
            Code::Throttled if counted => self.budget.learn_throttled(ledger).await?,
            Code::QuotaExhausted => {
                let now = self.clock.now_ms();
                let resets = crate::store::day_end_ms(now);
                error = error.retry_after(u64::try_from(resets - now).ok());
                error.detail =
                    format!("the day's calls of this API key are used up until {}", crate::budget::iso(resets));
                if counted {
                    self.budget.learn_exhausted(ledger).await?;
                }
            }
            Code::ReconnectRequired => {
                error.detail = format!(
                    "the service takes the token of connection {} no longer; connect again under the same name",
                    scene.connection.id
                );
            }
            Code::PrivilegeMissing if !action.privileges.is_empty() => {
                error.detail =
                    format!("{} needs the privilege {}; {}", action.name, action.privileges.join(", "), error.detail);
            }
            _ => {}
        }
        Ok((trouble, error))
    }

    /// Waits before the next attempt, unless the time that is left would run out: then the error is given now.
    async fn pause(
        &self,
        run: &mut Run,
        trouble: Trouble,
        attempt: u32,
        error: &ActionError,
    ) -> Result<(), ActionError> {
        // After a 429 the ledger itself makes us wait.
        if trouble == Trouble::Throttled && error.upstream.is_some() {
            self.wait(run, 1_030).await;
            return Ok(());
        }
        let pause = u64::try_from(retry::pause(self.clock.as_ref(), attempt).as_millis()).unwrap_or(0);
        if self.clock.now_ms() + i64::try_from(pause).unwrap_or(0) >= run.deadline_ms {
            return Err(error.clone());
        }
        self.wait(run, pause).await;
        Ok(())
    }
}

impl Memory {
    /// An error of a later attempt must not hide that an earlier one may have taken effect.
    fn own(&self, mut error: ActionError) -> ActionError {
        if self.maybe_done && error.sent == Sent::No {
            error.sent = Sent::Maybe;
        }
        error
    }

    /// "Not found" after a deletion that may have worked means that it is gone.
    fn gone(&self, action: &Action, mut error: ActionError) -> ActionError {
        if self.maybe_done && action.effect == Effect::Delete && error.code == Code::NotFound {
            error.detail = format!("{}; an earlier attempt of this run may have deleted it", error.detail);
        }
        error
    }
}

fn unanswered(failure: &SendFailure) -> ActionError {
    let (code, words) = match failure.kind {
        FailureKind::Connect => (Code::Unavailable, "the service cannot be reached"),
        FailureKind::Malformed => (Code::Config, "the call could not be made"),
        FailureKind::Timeout => (Code::Timeout, "the service gave no answer in time"),
        FailureKind::Broken => (Code::Unavailable, "the connection broke before an answer"),
        FailureKind::CutOff { .. } => (Code::Unavailable, "the answer broke off"),
    };
    let error = ActionError::new(code, format!("{words}: {}", failure.cause)).sent(failure.sent).retry_after(None);
    match failure.kind {
        FailureKind::CutOff { status } => error.upstream(Upstream { status, ..Upstream::default() }),
        _ => error,
    }
}

/// For something that must not happen twice, silence is not failure.
fn unknown(action: &Action, error: ActionError) -> ActionError {
    let look = match action.effect {
        Effect::Send => "look at the campaign's schedule or send history",
        _ if action.starts_job => "look at the list of bulk jobs",
        _ => "look whether the new thing is there",
    };
    let sent = if error.sent == Sent::No { Sent::Maybe } else { error.sent };
    let detail = format!("{} may have taken effect: {}. Before you repeat it, {look}", action.name, error.detail);
    ActionError { upstream: error.upstream, ..ActionError::new(Code::OutcomeUnknown, detail).sent(sent) }
}
