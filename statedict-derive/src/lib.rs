//! The derive macro of `statedict`. Use it through that crate, whose documentation has the
//! reference of its attributes.
//!
//! A derive runs in four steps, one module each: `attr` turns tokens into values, `model`
//! makes the struct's description of them, `check` holds it against the rules, `expand`
//! writes the implementation. `spec` is the table of attributes that all of them read.

mod attr;
mod bound;
mod case;
mod check;
mod ctxt;
mod expand;
mod fallback;
mod lints;
mod model;
mod runtime;
#[cfg(test)]
mod snapshots;
mod spec;
mod spelling;
mod suggest;
mod unfinished;

use std::panic::{self, AssertUnwindSafe};

use proc_macro::TokenStream;
use syn::DeriveInput;

use crate::ctxt::Ctxt;
use crate::model::Model;

/// Derives `statedict::StateDict`.
#[proc_macro_derive(
    StateDict,
    attributes(
        param,
        buffer,
        persistent,
        skip,
        rename,
        since,
        renamed,
        flatten,
        training,
        version,
        alias,
        rename_all,
        removed,
        migrate,
        state_dict,
        transparent,
        extra_state,
        pre_save,
        post_save,
        pre_load,
        post_load
    )
)]
pub fn derive_state_dict(input: TokenStream) -> TokenStream {
    caught(input.into(), expand_tokens).into()
}

/// A panic is one error, and the type keeps an implementation: without it, each use of the type would be an error too.
fn caught(
    input: proc_macro2::TokenStream,
    expand: impl FnOnce(proc_macro2::TokenStream) -> proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    let attempt = AssertUnwindSafe(|| expand(input.clone()));
    panic::catch_unwind(attempt).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let reason = text.or_else(|| payload.downcast_ref().copied()).unwrap_or("no reason given");
        let message = format!(
            "`#[derive(StateDict)]` panicked: {reason}\n\nhelp: this is a mistake of the derive; please report it, with \
             this item, at {}",
            env!("CARGO_PKG_REPOSITORY")
        );
        let error = syn::Error::new(proc_macro2::Span::call_site(), message).to_compile_error();
        let implementation = unfinished::expand(input);
        quote::quote!(#error #implementation)
    })
}

fn expand_tokens(input: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    match syn::parse2::<DeriveInput>(input.clone()) {
        Ok(input) => derive(&input),
        Err(_) => unfinished::expand(input),
    }
}

fn derive(input: &DeriveInput) -> proc_macro2::TokenStream {
    let ctxt = Ctxt::new();
    let model = Model::read(&ctxt, input);
    check::model(&ctxt, &model);
    match ctxt.check() {
        Ok(()) => expand::model(&model),
        Err(errors) => fallback::expand(&model, &errors),
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::ROWS;

    #[test]
    fn a_panic_is_one_error() {
        let item: proc_macro2::TokenStream = "struct Net<M> { child: M }".parse().unwrap();
        let expansion = crate::caught(item, |_| panic!("an index is out of range")).to_string();
        assert_eq!(expansion.matches("compile_error").count(), 1, "{expansion}");
        assert!(expansion.contains("an index is out of range"), "{expansion}");
        assert!(expansion.contains("StateDict for Net < M >"), "{expansion}");
    }

    /// `proc_macro_derive` takes no constant, so its list repeats the table's words.
    #[test]
    fn the_compiler_knows_every_word() {
        let source = include_str!("lib.rs");
        let list = source.split("attributes(").nth(1).and_then(|rest| rest.split(')').next());
        let mut declared: Vec<&str> = list.unwrap_or_default().split(',').map(str::trim).collect();
        // `crate` is a keyword; the others that have a bare form nowhere are often other derives'.
        let left_out = ["crate", "bound", "namespaced"];
        let mut expected: Vec<&str> = ROWS
            .iter()
            .map(|row| row.name)
            .filter(|name| !left_out.contains(name))
            .chain(["state_dict"])
            .collect();
        declared.sort_unstable();
        expected.sort_unstable();
        // `alias` stands on structs and on fields.
        expected.dedup();
        assert_eq!(declared, expected);
    }
}
