//! Steps 5 to 7: a token, a permit, a call; again where the table of `retry` allows it, until the time is up.

use std::{sync::Arc, time::Duration};

use tracing::{Instrument as _, field};

use super::{
    Inner, Run,
    bind::BoundCall,
    observe::Step,
    refusal::{refusal, rule},
    retry::{self, Repeat, Trouble, Verdict},
    scene::Scene,
};
use crate::{
    auth::LiveToken,
    budget::iso,
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
            run.retries += u32::from(attempt > 1);
            let span = tracing::debug_span!(
                "attempt",
                attempt,
                waited_ms = field::Empty,
                status = field::Empty,
                request_id = field::Empty
            );
            let waited_before_ms = run.waited_ms;
            let tried = self.attempt(run, action, scene, call, memory.refused).instrument(span.clone()).await;
            span.record("waited_ms", run.waited_ms - waited_before_ms);
            if let Ok((_, Ok(answer))) = &tried {
                span.record("status", answer.status);
                span.record("request_id", answer.request_id.as_deref());
            }
            let (token, answer) = tried.map_err(|e| memory.own(e))?;
            let (trouble, error) = match answer {
                Ok(answer) if answer.status / 100 == 2 => return Ok(answer),
                Ok(answer) => self.judge(&answer, scene).await.map_err(|e| memory.own(e))?,
                // A call that cannot even be written will not be better next time.
                Err(failure) if failure.kind == FailureKind::Malformed => return Err(memory.own(unanswered(&failure))),
                Err(failure) => (Some(Trouble::from(&failure)), unanswered(&failure)),
            };
            let Some(trouble) = trouble else { return Err(memory.own(memory.gone(action, error))) };
            match retry::verdict(trouble, Repeat::of(action)) {
                Verdict::OutcomeUnknown => return Err(unknown(action, error)),
                Verdict::GiveUp => return Err(memory.own(error)),
                Verdict::RefreshOnce if memory.refused.is_some() => return Err(memory.own(error)),
                Verdict::RefreshOnce => memory.refused = Some(token.generation),
                Verdict::Retry => {
                    // A refusal did nothing; silence and a fault of the server may hide that something was done.
                    memory.maybe_done |=
                        matches!(trouble, Trouble::Unanswered | Trouble::CutOff | Trouble::ServerError);
                    if attempt >= retry::ATTEMPTS {
                        return Err(memory.own(error));
                    }
                    self.pause(run, trouble, attempt, &error).await.map_err(|e| memory.own(e))?;
                }
            }
            tracing::debug!(run = run.id, attempt, ?trouble, "trying again");
        }
    }

    /// One attempt: a token, a permit, a call, and what came of it.
    async fn attempt(
        &self,
        run: &mut Run,
        action: &Action,
        scene: &Scene,
        call: &BoundCall,
        refused: Option<i64>,
    ) -> Result<(Arc<LiveToken>, Result<HttpAnswer, SendFailure>), ActionError> {
        let mut token = self.token(run, action, scene, refused).await?;
        self.permit(run, scene).await?;
        if self.clock.now_ms() >= token.expires_ms {
            // It ended while we waited for the permit.
            token = self.token(run, action, scene, refused).await?;
        }
        let answer = self.send(run, scene, call, &token).await;
        Ok((token, answer))
    }

    /// A live token, within the time allowed: a refresh goes on by itself when its caller cannot wait for it. Whatever
    /// goes wrong here, the call itself was not sent.
    async fn token(
        &self,
        run: &Run,
        action: &Action,
        scene: &Scene,
        refused: Option<i64>,
    ) -> Result<Arc<LiveToken>, ActionError> {
        self.note(Step::Token);
        let connection = &scene.connection;
        let token = async {
            match action.authorizer {
                Authorizer::Account => self.keeper.live(&connection.id, connection.generation, refused).await,
                Authorizer::Partner => self.keeper.partner(&connection.id, refused).await,
            }
        };
        let left = u64::try_from(run.deadline_ms - self.clock.now_ms()).unwrap_or(0);
        // In real time: this only guards against waiting for ever.
        let token = tokio::time::timeout(Duration::from_millis(left), token).await;
        token.unwrap_or_else(|_| Err(out_of_time("for the connection's token"))).map_err(|e| e.sent(Sent::No))
    }

    async fn permit(&self, run: &mut Run, scene: &Scene) -> Result<(), ActionError> {
        self.note(Step::Permit);
        let permit = self.budget.permit(&scene.connection.ledger, scene.limits, run.priority, run.deadline_ms).await?;
        run.waited_ms += permit.waited_ms;
        run.day_remaining = permit.day_remaining;
        if self.clock.now_ms() >= run.deadline_ms {
            return Err(out_of_time("before the call could be sent"));
        }
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
            run.throttled += u32::from(answer.status == 429);
            run.request_id.clone_from(&answer.request_id);
        }
        answer
    }

    /// What a refusal means, and what the ledger learns from it: someone else may be using the same key.
    async fn judge(&self, answer: &HttpAnswer, scene: &Scene) -> Result<(Option<Trouble>, ActionError), ActionError> {
        let manifest = self.catalog.manifest();
        let mut error = refusal(manifest, answer);
        let busy = error.upstream.as_deref().and_then(|said| rule(manifest, said)).is_some_and(|rule| rule.retry);
        let ledger = &scene.connection.ledger;
        let counted = scene.limits.per_second > 0 || scene.limits.per_day > 0;
        let trouble = match error.code {
            Code::ReconnectRequired => Some(Trouble::Unauthorized),
            Code::Throttled => Some(Trouble::Throttled),
            Code::Unavailable => Some(Trouble::ServerError),
            _ => busy.then_some(Trouble::Busy),
        };
        match error.code {
            Code::Throttled if counted => self.budget.learn_throttled(ledger).await?,
            Code::QuotaExhausted => {
                let until = self.budget.learn_exhausted(ledger, counted).await?;
                error = error.retry_after(u64::try_from(until - self.clock.now_ms()).ok());
                error.detail = format!(
                    "the service says that the day's calls of this API key are used up; next try at {}",
                    iso(until)
                );
            }
            Code::ReconnectRequired => {
                error.detail = format!(
                    "the service takes the token of connection {} no longer; connect again under the same name",
                    scene.connection.id
                );
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
        let pause = match trouble {
            Trouble::Throttled => 1_030,
            _ => u64::try_from(retry::pause(self.clock.as_ref(), attempt).as_millis()).unwrap_or(0),
        };
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

fn out_of_time(when: &str) -> ActionError {
    ActionError::new(Code::Timeout, format!("the time allowed ran out {when}; nothing was sent")).retry_after(None)
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
pub(super) fn unknown(action: &Action, error: ActionError) -> ActionError {
    let look = match action.effect {
        Effect::Send => "look at the campaign's schedule or send history",
        _ if action.starts_job => "look at the list of bulk jobs",
        _ => "look whether the new thing is there",
    };
    let sent = if error.sent == Sent::No { Sent::Maybe } else { error.sent };
    let detail = format!(
        "{} may have taken effect: {}. Before you repeat it, {look}",
        action.name,
        error.detail.trim_end_matches('.')
    );
    ActionError { upstream: error.upstream, ..ActionError::new(Code::OutcomeUnknown, detail).sent(sent) }
}
