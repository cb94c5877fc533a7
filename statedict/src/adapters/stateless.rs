//! Layers without parameters.

/// Implements [`StateDict`](crate::StateDict) for layers, by their Rust type and PyTorch's class.
macro_rules! stateless {
    ($($layer:ident $torch:literal),* $(,)?) => {$(
        #[doc = concat!("Nothing, as ", $torch, " in PyTorch.")]
        impl $crate::StateDict for $layer {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn $crate::visit::Visitor<$crate::visit::ByRef<'a>>) {
                visitor.module(Self::describe().table(), &mut []);
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn $crate::visit::Visitor<$crate::visit::ByMut<'a>>) {
                visitor.module(Self::describe().table(), &mut []);
            }

            fn describe() -> $crate::visit::Description {
                const INFO: $crate::visit::ModuleInfo = $crate::visit::ModuleInfo::new($torch);
                $crate::visit::Description::Module(&$crate::visit::FieldTable { info: INFO, fields: &[] })
            }
        }
    )*};
}

pub(super) use stateless;
