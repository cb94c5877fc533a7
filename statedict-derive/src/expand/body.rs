//! The calls of the two methods.

use std::ops::Range;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Ident, Member};

use crate::attr::Value;
use crate::expand::info;
use crate::model::{Alias, Field, Model, Role};
use crate::spec::Word;

/// Which of the two methods is written.
pub(super) struct Access {
    pub(super) mutable: bool,
}

impl Access {
    pub(super) fn body(&self, model: &Model<'_>) -> TokenStream {
        if !model.is_enum() {
            return match model.content_of(0) {
                Some(content) => self.content(model, content),
                None => self.module(model, 0, self.post_load(model)),
            };
        }
        if model.variants.is_empty() {
            return quote!(match *self {});
        }
        let arms = model.variants.iter().enumerate().filter_map(|(number, variant)| {
            let ident = variant.ident?;
            let bindings = model.fields_of(number).filter(|field| self.is_reported(field));
            let bindings = bindings.map(|field| {
                let (member, binding) = (&field.member, binding(field));
                quote!(#member: #binding,)
            });
            let calls = match (model.content_of(number), variant.words.text(Word::Rename)) {
                (Some(content), None) => self.content(model, content),
                (Some(content), Some(segment)) => {
                    let report = info::report(model, std::iter::empty());
                    let call = self.call(model, content, &segment.value());
                    quote!(#report #call)
                }
                (None, _) => self.module(model, number, None),
            };
            Some(quote!(Self::#ident { #(#bindings)* .. } => { #calls }))
        });
        quote!(match self { #(#arms)* })
    }

    /// The hook that runs before anything is read.
    fn pre_save(&self, model: &Model<'_>) -> Option<TokenStream> {
        let runtime = &model.runtime;
        let hook = model.words.path(Word::PreSave).filter(|_| !self.mutable)?;
        Some(quote!(#runtime::__private::pre_save::<Self>(&*__visitor, self, #hook);))
    }

    /// The hook runs first, while nothing is borrowed.
    fn post_load(&self, model: &Model<'_>) -> Option<TokenStream> {
        let runtime = &model.runtime;
        let hook = model.words.path(Word::PostLoad).filter(|_| self.mutable)?;
        Some(quote!(#runtime::__private::post_load::<Self>(&*__visitor, self, #hook);))
    }

    /// The module itself, where it has extra state.
    fn extra_state(&self, model: &Model<'_>) -> Option<TokenStream> {
        let (runtime, found) = (&model.runtime, model.words.get(Word::ExtraState)?);
        let method = self.method("report");
        // A missing implementation is underlined where the attribute promises it.
        let this = Ident::new("Self", found.ident.span());
        Some(quote!(#runtime::__private::extra_state::<#this>().#method(__visitor, self);))
    }

    /// A module that is another.
    fn content(&self, model: &Model<'_>, field: &Field<'_>) -> TokenStream {
        let runtime = &model.runtime;
        let (ty, place) = (field.ty, self.place(model, field));
        let method = self.method("content");
        quote!(#runtime::__private::child::<#ty>().#method(__visitor, #place);)
    }

    /// A module of its own, in PyTorch's order: parameters, buffers, children, aliases.
    fn module(&self, model: &Model<'_>, number: usize, hook: Option<TokenStream>) -> TokenStream {
        let report = info::report(model, model.fields_of(number));
        let with_rank = |rank| {
            model.fields_of(number).filter(move |field| self.rank(model, field) == Some(rank))
        };
        let fields =
            |ranks: Range<u8>| ranks.flat_map(with_rank).map(|field| self.field(model, field));
        // While the leaves are lent for writing, the module cannot be.
        let (first, last) = if self.mutable { (0..0, 0..4) } else { (0..3, 3..4) };
        let (first, extra_state, last) = (fields(first), self.extra_state(model), fields(last));
        let aliases = model.aliases.iter().filter(|alias| alias.field.is_none()).map(alias);
        let pre_save = self.pre_save(model);
        quote!(#report #pre_save #hook #(#first)* #extra_state #(#last)* #(#aliases)*)
    }

    /// Where a field stands among the others; `None` where it is not reported.
    pub(super) fn rank(&self, model: &Model<'_>, field: &Field<'_>) -> Option<u8> {
        match field.role {
            Role::Training => self.mutable.then_some(0),
            Role::Parameter => Some(1),
            Role::Buffer { .. } => Some(2),
            Role::Child => Some(3),
            // Where it would be if it were what it stands for.
            Role::Alias => {
                let target = &alias_of(model, field)?.target_key;
                let target =
                    model.fields.iter().find(|field| field.has_key() && field.key == *target);
                Some(target.and_then(|target| self.rank_of_target(target)).unwrap_or(3))
            }
            Role::Skipped | Role::Plain => None,
        }
    }

    fn rank_of_target(&self, target: &Field<'_>) -> Option<u8> {
        match target.role {
            Role::Parameter => Some(1),
            Role::Buffer { .. } => Some(2),
            _ => None,
        }
    }

    fn is_reported(&self, field: &Field<'_>) -> bool {
        field.is_state() && field.role != Role::Alias
            || field.role == Role::Training && self.mutable
    }

    fn field(&self, model: &Model<'_>, field: &Field<'_>) -> TokenStream {
        let call = match field.role {
            Role::Alias => alias_of(model, field).map(alias).unwrap_or_default(),
            Role::Training => {
                let place = self.place(model, field);
                quote!(__visitor.training(#place);)
            }
            _ => self.call(model, field, &field.key),
        };
        let tie = field.words.get(Word::SameAs).filter(|_| field.role != Role::Alias);
        let tie = tie.map(|found| {
            let key = &field.key;
            let target = match &found.value {
                Some(Value::Target(Some(_))) => {
                    let tie = model.ties.iter().find(|tie| is_on(model, tie, field));
                    let target = tie.map(|tie| tie.target_key.clone()).unwrap_or_default();
                    quote!(::core::option::Option::Some(#target))
                }
                _ => quote!(::core::option::Option::None),
            };
            quote!(__visitor.tied(#key, #target);)
        });
        quote!(#call #tie)
    }

    /// The call for a parameter, buffer or child under `key`.
    fn call(&self, model: &Model<'_>, field: &Field<'_>, key: &str) -> TokenStream {
        let runtime = &model.runtime;
        let (ty, place) = (field.ty, self.place(model, field));
        let private = quote!(#runtime::__private);
        match field.role {
            Role::Parameter => {
                let method = self.method("parameter");
                quote!(#private::leaf::<#ty>().#method(__visitor, #key, #place);)
            }
            Role::Buffer { persistent } => {
                let method = self.method("buffer");
                quote!(#private::leaf::<#ty>().#method(__visitor, #key, #place, #persistent);)
            }
            Role::Child if field.is_flat() => {
                let method = self.method("flatten");
                quote!(#private::child::<#ty>().#method(__visitor, #place);)
            }
            Role::Child => {
                let method = self.method("child");
                quote!(#private::child::<#ty>().#method(__visitor, #key, #place);)
            }
            Role::Alias | Role::Training | Role::Skipped | Role::Plain => TokenStream::new(),
        }
    }

    fn method(&self, name: &str) -> Ident {
        if self.mutable { format_ident!("{name}_mut") } else { format_ident!("{name}") }
    }

    /// The reference to the field.
    fn place(&self, model: &Model<'_>, field: &Field<'_>) -> TokenStream {
        let member = &field.member;
        if model.is_enum() {
            let binding = binding(field);
            quote!(#binding)
        } else if self.mutable {
            quote!(&mut self.#member)
        } else {
            quote!(&self.#member)
        }
    }
}

/// The name of a variant's field in the pattern.
fn binding(field: &Field<'_>) -> Ident {
    match &field.member {
        // The span is the derive's: how the user names fields is no matter of the binding.
        Member::Named(ident) => format_ident!("__field_{}", ident, span = Span::call_site()),
        Member::Unnamed(index) => format_ident!("__field_{}", index.index),
    }
}

pub(super) fn alias(alias: &Alias) -> TokenStream {
    let (name, target) = (alias.name.text(), &alias.target_key);
    quote!(__visitor.alias(#name, #target);)
}

pub(super) fn alias_of<'m>(model: &'m Model<'_>, field: &Field<'_>) -> Option<&'m Alias> {
    model.aliases.iter().find(|alias| is_on(model, alias, field))
}

fn is_on(model: &Model<'_>, alias: &Alias, field: &Field<'_>) -> bool {
    let at = alias.field.and_then(|index| model.fields.get(index));
    at.is_some_and(|at| at.member == field.member && at.variant == field.variant)
}
