#[automatically_derived]
#[allow(deprecated)]
impl ::statedict::StateDict for BatchNorm {
    fn visit<'__a>(
        &'__a self,
        __visitor: &mut dyn ::statedict::__private::Visitor<'__a>,
    ) {
        ::statedict::__private::plain::<f64>();
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("BatchNorm")
                    .with_rust_type(::core::any::type_name::<Self>())
                    .with_version(2u64)
                    .with_changes(const {
                        &[
                            ::statedict::__private::Change::Added {
                                since: 2u64,
                                name: "num_batches_tracked",
                            },
                        ]
                    }),
            );
        ::statedict::__private::leaf::<CpuTensor>()
            .parameter(__visitor, "weight", &self.weight);
        ::statedict::__private::leaf::<CpuTensor>()
            .buffer(__visitor, "running_mean", &self.running_mean, true);
        ::statedict::__private::leaf::<i64>()
            .buffer(__visitor, "num_batches_tracked", &self.num_batches_tracked, true);
        ::statedict::__private::leaf::<CpuTensor>()
            .buffer(__visitor, "scratch", &self.scratch, false);
        ::statedict::__private::child::<Relu>().child(__visitor, "act", &self.act);
    }
    fn visit_mut<'__a>(
        &'__a mut self,
        __visitor: &mut dyn ::statedict::__private::VisitorMut<'__a>,
    ) {
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("BatchNorm")
                    .with_rust_type(::core::any::type_name::<Self>())
                    .with_version(2u64)
                    .with_changes(const {
                        &[
                            ::statedict::__private::Change::Added {
                                since: 2u64,
                                name: "num_batches_tracked",
                            },
                        ]
                    }),
            );
        __visitor.training(&mut self.training);
        ::statedict::__private::leaf::<CpuTensor>()
            .parameter_mut(__visitor, "weight", &mut self.weight);
        ::statedict::__private::leaf::<CpuTensor>()
            .buffer_mut(__visitor, "running_mean", &mut self.running_mean, true);
        ::statedict::__private::leaf::<i64>()
            .buffer_mut(
                __visitor,
                "num_batches_tracked",
                &mut self.num_batches_tracked,
                true,
            );
        ::statedict::__private::leaf::<CpuTensor>()
            .buffer_mut(__visitor, "scratch", &mut self.scratch, false);
        ::statedict::__private::child::<Relu>()
            .child_mut(__visitor, "act", &mut self.act);
    }
    fn describe(__visitor: &mut ::statedict::__private::SchemaBuilder)
    where
        Self: ::core::marker::Sized,
    {
        #[allow(unused_imports)]
        use ::statedict::__private::Opaque as _;
        __visitor
            .module(
                ::statedict::__private::ModuleInfo::new("BatchNorm")
                    .with_rust_type(::core::any::type_name::<Self>())
                    .with_version(2u64)
                    .with_changes(const {
                        &[
                            ::statedict::__private::Change::Added {
                                since: 2u64,
                                name: "num_batches_tracked",
                            },
                        ]
                    }),
            );
        ::statedict::__private::leaf::<CpuTensor>()
            .describe_parameter(__visitor, "weight");
        ::statedict::__private::leaf::<CpuTensor>()
            .describe_buffer(__visitor, "running_mean", true);
        ::statedict::__private::leaf::<i64>()
            .describe_buffer(__visitor, "num_batches_tracked", true);
        ::statedict::__private::leaf::<CpuTensor>()
            .describe_buffer(__visitor, "scratch", false);
        ::statedict::__private::probe::<Relu>().describe().child(__visitor, "act");
    }
}
