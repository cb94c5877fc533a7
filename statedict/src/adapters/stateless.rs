//! Layers without parameters.

/// Implements [`StateDict`](crate::StateDict) for layers, by their Rust type and PyTorch's class.
macro_rules! stateless {
    ($($layer:ident $torch:literal),* $(,)?) => {$(
        #[doc = concat!("Nothing, as ", $torch, " in PyTorch.")]
        impl $crate::StateDict for $layer {
            fn visit<'a>(&'a self, visitor: &mut dyn $crate::Visitor<$crate::ByRef<'a>>) {
                visitor.module(Self::describe().table(), &mut []);
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn $crate::Visitor<$crate::ByMut<'a>>) {
                visitor.module(Self::describe().table(), &mut []);
            }

            fn describe() -> $crate::Description {
                const INFO: $crate::ModuleInfo = $crate::ModuleInfo::new($torch);
                $crate::Description::Module(&$crate::FieldTable { info: INFO, fields: &[] })
            }
        }
    )*};
}

pub(super) use stateless;
