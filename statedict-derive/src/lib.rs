//! The derive macro of `statedict`.

use proc_macro::TokenStream;

/// Derives `statedict::StateDict`.
#[proc_macro_derive(StateDict)]
pub fn derive_state_dict(_input: TokenStream) -> TokenStream {
    TokenStream::new()
}
