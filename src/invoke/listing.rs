//! Listings to their end: page after page, the largest pages the service gives, each item once.

use std::{collections::HashSet, sync::Arc};

use serde_json::{Map, Value, value::RawValue};
use tracing::Instrument as _;

use super::{Inner, Run, bind::bind, decode::Decoded, peek, scene::Scene};
use crate::{
    catalog::model::{Action, PageRecipe},
    protocol::{ActionError, ActionRequest, ActionResult, Code, Issue, Outcome, raw},
};

/// A listing that is read page by page.
pub struct Listing {
    inner: Arc<Inner>,
    request: ActionRequest,
    run: Run,
    begun: Option<(&'static Action, Arc<Scene>, Map<String, Value>)>,
    position: Position,
}

/// Where in a listing we are.
#[derive(Default)]
struct Position {
    cursor: Option<String>,
    /// Cursors that were followed: a service that leads in a circle is not followed again.
    followed: HashSet<String>,
    seen: HashSet<String>,
    given: u64,
    ended: bool,
    /// Ended by the caller's `max_items`, not by the listing.
    cut: bool,
}

impl Listing {
    pub(super) fn new(inner: Arc<Inner>, request: ActionRequest) -> Self {
        let run = inner.begin(&request);
        Self { inner, request, run, begun: None, position: Position::default() }
    }

    /// The items of the next page; none at the end. After an error the listing is over.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Box<RawValue>>>, ActionError> {
        if self.position.ended {
            return Ok(None);
        }
        let span = self.run.span.clone();
        let page = self.page().instrument(span).await;
        if page.is_err() || self.position.ended {
            self.position.ended = true;
            let ended = page.as_ref().map(|_| Outcome::Complete).map_err(Clone::clone);
            self.inner.log(&self.run, &ended);
        }
        page.map(Some).map_err(|e| ActionError { run_id: Some(self.run.id.clone()), ..e })
    }

    /// What it has cost so far.
    pub fn meta(&self) -> crate::protocol::Meta {
        self.inner.meta(&self.run)
    }

    async fn page(&mut self) -> Result<Vec<Box<RawValue>>, ActionError> {
        if self.begun.is_none() {
            let mut request = self.request.clone();
            request.options.all_pages = true;
            let action = self.inner.find(&request.action)?;
            let input = self.inner.validate(action, &request)?;
            self.run.input = Some(super::redact::input(&action.input, &input));
            let scene = self.inner.preflight(action, &request, &mut self.run).await?;
            self.position.cursor.clone_from(&request.options.page.cursor);
            self.begun = Some((action, scene, widest(action, input)));
        }
        let Some((action, scene, input)) = &self.begun else { return Ok(Vec::new()) };
        let max = self.request.options.max_items;
        let (items, _) = self.inner.one_page(&mut self.run, action, scene, input, &mut self.position, max).await?;
        Ok(selected(items, &self.request.options.select))
    }
}

/// The wanted parts of each item; pointers count from the list, as when all pages come at once.
fn selected(items: Vec<Box<RawValue>>, pointers: &[String]) -> Vec<Box<RawValue>> {
    if pointers.is_empty() {
        return items;
    }
    let list = super::decode::select(&raw(&items), pointers);
    serde_json::from_str(list.get()).unwrap_or_default()
}

impl Inner {
    /// All pages into one list.
    pub(super) async fn all_pages(
        &self,
        run: &mut Run,
        action: &'static Action,
        scene: &Arc<Scene>,
        input: Map<String, Value>,
        request: &ActionRequest,
    ) -> Result<ActionResult, ActionError> {
        let input = widest(action, input);
        let mut position = Position { cursor: request.options.page.cursor.clone(), ..Position::default() };
        if request.options.dry_run {
            let call = bind(action, &input, position.cursor.as_deref())?;
            return Ok(super::dry(run, action, scene, &call));
        }
        let (mut all, mut issues) = (Vec::new(), Vec::new());
        while !position.ended {
            let (items, more) =
                self.one_page(run, action, scene, &input, &mut position, request.options.max_items).await?;
            all.extend(items);
            issues.extend(more);
        }
        let outcome = if issues.is_empty() { Outcome::Complete } else { Outcome::Partial };
        let mut output = raw(&all);
        if !request.options.select.is_empty() {
            output = super::decode::select(&output, &request.options.select);
        }
        let what = if position.cut { "as many as were asked for" } else { "all there are" };
        let summary = format!("{}: {} items, {what}", action.title, all.len());
        let meta = self.meta(run);
        Ok(ActionResult {
            run_id: run.id.clone(),
            action: action.name.clone(),
            outcome,
            output,
            issues,
            // A cut falls within a page, where no cursor leads.
            next: None,
            summary,
            meta,
        })
    }

    async fn one_page(
        &self,
        run: &mut Run,
        action: &'static Action,
        scene: &Arc<Scene>,
        input: &Map<String, Value>,
        position: &mut Position,
        max: Option<u64>,
    ) -> Result<(Vec<Box<RawValue>>, Vec<Issue>), ActionError> {
        let Some(recipe) = &action.page else {
            return Err(ActionError::new(Code::InvalidInput, format!("{} has no pages", action.name)));
        };
        let call = bind(action, input, position.cursor.as_deref())?;
        // The time allowed is for each page: a long listing is not a slow call.
        let now = self.clock.now_ms();
        run.deadline_ms = run.deadline_ms.saturating_add(now - run.page_began_ms);
        run.page_began_ms = now;
        let Decoded::Done { output, issues, next, .. } = self.ready(run, action, scene, &call).await? else {
            return Ok(Default::default());
        };
        let items = peek::at(&output, &recipe.items).and_then(peek::items).unwrap_or_default();
        let mut fresh: Vec<_> =
            items.into_iter().filter(|item| position.is_new(recipe, item)).map(ToOwned::to_owned).collect();
        // A page without anything new ends the listing too, whatever link it gives.
        let next = next.map(|n| n.cursor).filter(|n| !fresh.is_empty() && position.followed.insert(n.clone()));
        position.ended = next.is_none();
        position.cursor = next;
        if let Some(left) = max.map(|m| m.saturating_sub(position.given)) {
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            position.cut = fresh.len() > left || (fresh.len() == left && position.cursor.is_some());
            fresh.truncate(left);
            position.ended |= position.cut;
        }
        position.given += u64::try_from(fresh.len()).unwrap_or(0);
        Ok((fresh, issues))
    }
}

impl Position {
    /// The service is known to repeat items across pages.
    fn is_new(&mut self, recipe: &PageRecipe, item: &RawValue) -> bool {
        let id = recipe.id.as_ref().and_then(|pointer| peek::at(item, pointer));
        id.is_none_or(|id| self.seen.insert(id.get().to_owned()))
    }
}

/// The largest page the service gives: all of it with the fewest calls.
fn widest(action: &Action, mut input: Map<String, Value>) -> Map<String, Value> {
    let max = action.page.as_ref().and_then(|p| p.limit_max);
    if let Some(max) = max.filter(|_| action.call.query.iter().any(|q| q.property() == "limit")) {
        input.insert("limit".to_owned(), Value::from(max));
    }
    input
}
