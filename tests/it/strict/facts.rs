//! The contract, as far as this server reads it.

use serde_json::Value;

/// An operation that fits a path, and the values of its path's variables, still encoded.
pub(crate) type Route<'a> = (&'a Value, Vec<(&'a str, &'a str)>);

/// The contract's facts.
pub(crate) struct Facts(pub(crate) Value);

impl Facts {
    pub(crate) fn load() -> Self {
        Self(serde_json::from_str(include_str!("../../contract/v3.json")).expect("the contract is JSON"))
    }

    /// The operation that a call means; literal segments win over variables.
    pub(crate) fn route<'a>(&'a self, method: &str, path: &'a str) -> Result<Route<'a>, String> {
        let below = path.strip_prefix("/v3").ok_or("the path does not begin with /v3")?;
        let operations = self.0["operations"].as_array().into_iter().flatten();
        let mut fitting: Vec<Route<'a>> =
            operations.filter_map(|operation| Some((operation, fit(operation["path"].as_str()?, below)?))).collect();
        let fewest = fitting.iter().map(|(_, variables)| variables.len()).min();
        fitting.retain(|(_, variables)| Some(variables.len()) == fewest);
        if fitting.is_empty() {
            return Err("the contract does not have this path".to_owned());
        }
        let mut fitting = fitting.into_iter();
        fitting
            .find(|(operation, _)| operation["method"] == method)
            .ok_or_else(|| "the path does not have this method".to_owned())
    }

    /// What a schema comes down to when its references are followed.
    pub(crate) fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        while let Some(reference) = schema["$ref"].as_str() {
            schema = &self.0["definitions"][reference.trim_start_matches("#/definitions/")];
        }
        schema
    }
}

/// The parameters of an operation that stand in one place.
pub(crate) fn parameters<'a>(operation: &'a Value, place: &'static str) -> impl Iterator<Item = &'a Value> {
    operation["parameters"].as_array().into_iter().flatten().filter(move |parameter| parameter["in"] == place)
}

/// The name of a parameter.
pub(crate) fn name(parameter: &Value) -> &str {
    parameter["name"].as_str().unwrap_or_default()
}

/// Whether a list of texts has this one.
pub(crate) fn has(list: &Value, text: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|one| one == text))
}

/// The values of the variables, where the path fits the template.
fn fit<'a>(template: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let (names, values): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    if names.len() != values.len() {
        return None;
    }
    let mut variables = Vec::new();
    for (name, value) in names.into_iter().zip(values) {
        match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(variable) => variables.push((variable, value)),
            None if name == value => {}
            None => return None,
        }
    }
    Some(variables)
}
