//! What the module says of itself.

use proc_macro2::TokenStream;
use quote::quote;

use crate::attr::{Migrate, Removed, Renamed, unraw};
use crate::model::{Field, Model};

/// The module's class as a constant. `fields` are those of the variant.
pub(super) fn class<'m>(
    model: &'m Model<'_>,
    fields: impl Iterator<Item = &'m Field<'m>>,
) -> TokenStream {
    let name = unraw(&model.ident);
    let version = model.version().map(u64::from).map(|version| quote!(.with_version(#version)));
    let changes = changes(model, fields);
    let changes = (!changes.is_empty()).then(|| quote!(.with_changes(&[#(#changes),*])));
    let pre_load = model.attrs.pre_load.as_ref().map(|hook| quote!(.with_pre_load(#hook)));
    let post_save = model.attrs.post_save.as_ref().map(|hook| quote!(.with_post_save(#hook)));
    quote! {
        __of::class::<Self>(#name)
            #version
            #changes
            #pre_load
            #post_save
    }
}

/// The history: of one version, names come before steps of code, which see the new ones.
fn changes<'m>(
    model: &'m Model<'_>,
    fields: impl Iterator<Item = &'m Field<'m>>,
) -> Vec<TokenStream> {
    let change = quote!(__of::Change);
    let mut changes = Vec::new();
    for field in fields.filter(|field| field.is_state()) {
        let key = &field.key;
        if let Some(since) = field.since().map(u64::from) {
            changes.push(quote!(#change::Added { since: #since, name: #key }));
        }
        let names = field.old_names();
        for (nth, Renamed { since, from, .. }) in names.iter().copied().enumerate() {
            let to = names.get(nth + 1).map_or_else(|| key.clone(), |next| next.from.value());
            let since = u64::from(since.number);
            changes.push(quote!(#change::Renamed { since: #since, from: #from, to: #to }));
        }
    }
    for Removed { since, names, .. } in &model.attrs.removed {
        let since = u64::from(since.number);
        changes.extend(
            names.iter().map(|name| quote!(#change::Removed { since: #since, name: #name })),
        );
    }
    for Migrate { to, with, .. } in &model.attrs.migrate {
        let to = u64::from(to.number);
        changes.push(quote!(#change::Migrate { to: #to, with: #with }));
    }
    changes
}
