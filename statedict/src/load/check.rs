//! Whether a state dict fits where there is no model: only its schema, or another state dict of it.

use std::collections::HashMap;

use crate::load::migrate_map::migrate_by;
use crate::load::options::LoadOptions;
use crate::load::plan::expected::Plan;
use crate::load::plan::outline::Outline;
use crate::load::report::error::LoadError;
use crate::load::report::loaded::LoadReport;
use crate::load::steps::{failed, prepare, run};
use crate::load::write::written::Written;
use crate::map::StateMap;
use crate::schema::Schema;

impl Schema {
    /// Checks whether a strict load of `map` into a model of this schema would succeed, as far as that can be
    /// told without one: shapes and dtypes are not known, and no checksum is verified.
    ///
    /// For a list, the state dict says how many children there are. What a part of the model may
    /// lack, or an older version did not have, is not missing; what is where only a value knows
    /// the keys is not unexpected. Migrations run, as far as the schema knows them: one that was read from a
    /// text knows none.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    ///     #[param]
    ///     bias: Vec<f32>,
    /// }
    ///
    /// let mut map = StateMap::new();
    /// map.insert("0.weight", TensorView::full(1.0f32, [2]).unwrap());
    /// map.insert("0.scale", TensorView::full(1.0f32, [2]).unwrap());
    /// let error = Vec::<Linear>::schema().check(&map).unwrap_err();
    /// assert!(error.missing_keys().eq(["0.bias"]));
    /// assert!(error.unexpected_keys().eq(["0.scale"]));
    /// # let _ = Linear { weight: vec![], bias: vec![] };
    /// ```
    ///
    /// # Errors
    /// Everything that does not fit: see [`load_state_dict`](crate::StateDictExt::load_state_dict).
    pub fn check(&self, map: &StateMap<'_>) -> Result<LoadReport, LoadError> {
        self.check_with(map, &LoadOptions::new().verify(false))
    }

    /// Checks the same of a load with `options`. Hooks do not run, and keys are matched by our own rules.
    ///
    /// # Errors
    /// Everything that does not fit.
    pub fn check_with(
        &self,
        map: &StateMap<'_>,
        options: &LoadOptions,
    ) -> Result<LoadReport, LoadError> {
        check(self, None, map, options)
    }
}

impl StateMap<'_> {
    /// Checks whether `map` would load into the model that this state dict is of: keys, shapes, dtypes and
    /// versions. Hooks do not run, and keys are matched by our own rules.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (mut model, mut file) = (StateMap::new(), StateMap::new());
    /// model.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    /// file.insert("module.fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    ///
    /// assert!(model.check_state_dict(&file).is_err());
    /// assert!(model.check_state_dict(&file.strip_prefix("module")?).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Everything that does not fit.
    pub fn check_state_dict(&self, map: &StateMap<'_>) -> Result<LoadReport, LoadError> {
        self.check_state_dict_with(map, &LoadOptions::new())
    }

    /// Checks the same of a load with options.
    ///
    /// # Errors
    /// Everything that does not fit.
    pub fn check_state_dict_with(
        &self,
        map: &StateMap<'_>,
        options: &LoadOptions,
    ) -> Result<LoadReport, LoadError> {
        check(&Schema::of_map(self), Some(self), map, options)
    }
}

/// Plans the load into a model of `schema` whose leaves have the forms of `forms`.
fn check(
    schema: &Schema,
    forms: Option<&StateMap<'_>>,
    map: &StateMap<'_>,
    options: &LoadOptions,
) -> Result<LoadReport, LoadError> {
    let failed = |problems| failed(schema, problems, map, options);
    let prepared = prepare(map, options).map_err(failed)?;
    let (migrated, modules) = migrate_by(schema, &prepared.map, options).map_err(failed)?;
    let mut outline = Outline::new(schema, &migrated, &modules);
    if let Some(forms) = forms {
        tie(&mut outline, forms);
    }
    let plan = Plan::of_outline(outline, forms);
    let options = options.clone().matched_only();
    let report = run(&plan, &migrated, &options, |_| Written::default())?;
    Ok(LoadReport {
        renamed: prepared.renamed,
        dropped: prepared.dropped.into_iter().collect(),
        migrations: modules,
        ..report
    })
}

/// Makes entries that are one tensor of `forms` one leaf.
fn tie(outline: &mut Outline, forms: &StateMap<'_>) {
    let mut known: HashMap<_, Vec<usize>> = HashMap::new();
    for at in 0..outline.entries.len() {
        let entry = &outline.entries[at];
        let Some(tensor) = forms.get(&entry.key).filter(|tensor| tensor.numel() > 0) else {
            continue;
        };
        let same = known.entry((tensor.storage().identity(), tensor.storage_offset())).or_default();
        let is_same = |other: &&usize| {
            forms.get(&outline.entries[**other].key).is_some_and(|other| other.same_as(tensor))
        };
        let first = same.iter().find(is_same).copied();
        same.push(at);
        outline.entries[at].same_as = first;
    }
}
