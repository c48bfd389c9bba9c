//! `ctct export`, `docs`, `contract` and `catalog`: documents out of the catalogue, and checks of it.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{
    args::{CatalogCommand, ContractCommand, ExportFormat},
    screen::Screen,
};
use crate::{
    catalog::{Catalog, manifest::Manifest, model::Action, source},
    contract,
    exports::{self, Document},
    lint,
    protocol::{ActionError, Code},
    sandbox,
};

pub(super) fn write(format: ExportFormat, out: &Path, screen: Screen) -> Result<(), ActionError> {
    let catalog = Catalog::embedded();
    let documents = match format {
        ExportFormat::JsonSchema => exports::json_schema(catalog),
        ExportFormat::Openapi => exports::openapi(catalog),
    };
    save(&documents, out, screen)
}

pub(super) fn docs(out: &Path, screen: Screen) -> Result<(), ActionError> {
    let mut documents = exports::docs(Catalog::embedded());
    documents.push(Document { path: "sandbox.md".to_owned(), text: sandbox::page() });
    save(&documents, out, screen)
}

fn save(documents: &[Document], out: &Path, screen: Screen) -> Result<(), ActionError> {
    for document in documents {
        let path = out.join(&document.path);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, &document.text));
        written.map_err(|e| ActionError::new(Code::Config, format!("cannot write {}: {e}", path.display())))?;
    }
    let count = documents.len();
    screen.show(&json!({ "written": count, "folder": out }), || {
        format!("{count} documents written to {}", out.display())
    });
    Ok(())
}

fn all_actions() -> Vec<&'static Action> {
    let catalog = Catalog::embedded();
    catalog.entries().iter().filter_map(|e| catalog.action(e.name)).collect()
}

pub(super) fn contract(command: &ContractCommand, screen: Screen) -> Result<(), ActionError> {
    let ContractCommand::Diff { file } = command;
    let wrong = |what: String| ActionError::new(Code::InvalidInput, format!("{}: {what}", file.display()));
    let text = fs::read_to_string(file).map_err(|e| wrong(e.to_string()))?;
    let document: Value = serde_saphyr::from_str(&text).map_err(|e| wrong(format!("not YAML or JSON: {e}")))?;
    let theirs = contract::from_swagger(&document).map_err(wrong)?;
    let report = contract::compare(&theirs, &all_actions());
    screen.show(&report, || report.to_string());
    if report.is_clean() {
        return Ok(());
    }
    Err(ActionError::new(Code::Config, format!("the catalogue and {} say different things", file.display())))
}

pub(super) fn catalog(command: &CatalogCommand, screen: Screen) -> Result<(), ActionError> {
    let CatalogCommand::Check { folder } = command;
    let (actions, manifest) = load(folder).map_err(|faults| broken(&faults))?;
    let findings = lint::check(&actions.iter().collect::<Vec<_>>(), &manifest);
    let faults: Vec<String> = findings.into_iter().map(|f| format!("{}: {}", f.action, f.what)).collect();
    if !faults.is_empty() {
        return Err(broken(&faults));
    }
    let count = actions.len();
    screen.show(&json!({ "actions": count }), || format!("{count} actions, nothing to complain of"));
    Ok(())
}

fn broken(faults: &[String]) -> ActionError {
    ActionError::new(Code::Config, format!("the catalogue is faulty:\n  {}", faults.join("\n  ")))
}

fn load(folder: &Path) -> Result<(Vec<Action>, Manifest), Vec<String>> {
    let files = source::read(folder)?;
    let mut faults = Vec::new();
    let mut actions = Vec::new();
    for (name, document) in source::actions(&files)? {
        match serde_json::from_value(document) {
            Ok(action) => actions.push(action),
            Err(error) => faults.push(format!("{name}: {error}")),
        }
    }
    let manifest = files.get("connector/connector.json").cloned().unwrap_or_default();
    match serde_json::from_value(manifest) {
        Ok(manifest) if faults.is_empty() => Ok((actions, manifest)),
        Ok(_) => Err(faults),
        Err(error) => {
            faults.push(format!("connector/connector.json: {error}"));
            Err(faults)
        }
    }
}
