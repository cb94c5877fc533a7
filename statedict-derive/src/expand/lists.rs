//! The two lists of what the fields hold.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Ident, Member};

use crate::expand::leaf::leaf_trait;
use crate::expand::order::{Entry, entries};
use crate::model::{Field, Model, Role};
use crate::spec::Word;

/// Which of the two is written.
pub(super) struct Access {
    pub(super) mutable: bool,
}

impl Access {
    pub(super) fn body(&self, model: &Model<'_>) -> TokenStream {
        if !model.is_enum() {
            if let Some(content) = model.content_of(0) {
                return self.content(model, content);
            }
            // While the fields are lent for writing, the module cannot be.
            let (hook, extra_state) = (self.hook(model), self.extra_state(model));
            let list = self.list(model, 0, &quote!(table(<Self as __Module>::describe)));
            let markers = self.markers(model);
            return quote!(#markers #hook #extra_state #list);
        }
        if model.variants.is_empty() {
            return quote!(match *self {});
        }
        let arms = model.variants.iter().enumerate().filter_map(|(number, variant)| {
            let ident = variant.ident.as_ref()?;
            let bindings = model.fields_of(number).filter(|field| is_listed(field));
            let bindings = bindings.map(|field| {
                let (member, binding) = (&field.member, binding(field));
                quote!(#member: #binding,)
            });
            let calls = match (model.content_of(number), variant.attrs.rename.is_some()) {
                (Some(content), false) => self.content(model, content),
                _ => {
                    let hook = self.hook(model);
                    let list = self.list(
                        model,
                        number,
                        &quote!(variant(<Self as __Module>::describe, #number)),
                    );
                    quote!(#hook #list)
                }
            };
            Some(quote!(Self::#ident { #(#bindings)* .. } => { #calls }))
        });
        quote!(match self { #(#arms)* })
    }

    /// The hook that runs before anything is lent.
    fn hook(&self, model: &Model<'_>) -> Option<TokenStream> {
        if self.mutable {
            let hook = model.attrs.post_load.as_ref()?;
            Some(quote!(__of::post_load::<Self>(#hook).of_mut(__visitor, self);))
        } else {
            let hook = model.attrs.pre_save.as_ref()?;
            Some(quote!(__of::pre_save::<Self>(#hook).of(__visitor, self);))
        }
    }

    /// The module itself, where it has extra state.
    fn extra_state(&self, model: &Model<'_>) -> Option<TokenStream> {
        let word = model.attrs.words.get(Word::ExtraState)?;
        let of = self.method("of");
        // A missing implementation is underlined where the attribute promises it.
        let this = Ident::new("Self", word.span());
        Some(quote!(__of::extra_state::<#this>().#of(__visitor, self);))
    }

    /// A module that is another.
    fn content(&self, model: &Model<'_>, field: &Field<'_>) -> TokenStream {
        let (ty, place) = (field.ty, self.place(model, field));
        let visit = self.method("visit_fields");
        quote!(<#ty as __Module>::#visit(#place, __visitor);)
    }

    /// Looks at the fields that only stand for others, which the compiler would call unused.
    fn markers(&self, model: &Model<'_>) -> TokenStream {
        let markers = model
            .fields
            .iter()
            .filter(|field| matches!(field.role, Role::Alias(_)) && !self.mutable);
        markers
            .map(|field| {
                let place = self.place(model, field);
                quote!(let _ = #place;)
            })
            .collect()
    }

    /// What the fields of a module hold, in the order of its `table`.
    fn list(&self, model: &Model<'_>, number: usize, table: &TokenStream) -> TokenStream {
        let entries = entries(model, number);
        let contents = entries.iter().filter_map(|entry| match entry {
            Entry::Field(field) => self.field(model, field),
            Entry::ExtraState | Entry::Alias(_) => None,
        });
        quote!(__visitor.module(__of::#table, &mut [#(#contents),*]);)
    }

    fn field(&self, model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
        let (ty, place) = (field.ty, self.place(model, field));
        let of = self.method("content_of");
        Some(match field.role {
            Role::Parameter | Role::Buffer { .. } => {
                let leaf = leaf_trait(ty);
                quote!(<#ty as #leaf>::#of(#place))
            }
            Role::Child { .. } if field.misspelt => quote!(__of::Misspelt::<#ty>::#of(#place)),
            Role::Child { .. } => quote!(<#ty as __Module>::#of(#place)),
            Role::Training => {
                let flag = self.method("flag");
                quote!(__of::#flag(#place))
            }
            Role::Alias(_) | Role::Skipped | Role::Plain => return None,
        })
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

/// Returns `true` if the lists say what the field holds.
fn is_listed(field: &Field<'_>) -> bool {
    !matches!(field.role, Role::Alias(_) | Role::Skipped | Role::Plain)
}

/// The name of a variant's field in the pattern.
fn binding(field: &Field<'_>) -> Ident {
    match &field.member {
        // The span is the derive's: how the user names fields is no matter of the binding.
        Member::Named(ident) => format_ident!("__field_{}", ident, span = Span::call_site()),
        Member::Unnamed(index) => format_ident!("__field_{}", index.index),
    }
}
