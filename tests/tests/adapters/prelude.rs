//! The prelude beside those of tensor libraries: no name is ambiguous, and every method is theirs.

/// The names of candle, all of them.
#[cfg(feature = "candle")]
mod candle {
    use candle_core::*;
    use statedict::prelude::*;

    #[derive(StateDict)]
    struct Net {
        #[param]
        weight: Var,
        #[buffer]
        mean: Tensor,
    }

    #[test]
    fn a_handle_has_the_methods_of_its_tensor()
    -> std::result::Result<(), Box<dyn std::error::Error>> {
        let zeros = Tensor::zeros((2, 3), DType::F32, &Device::Cpu)?;
        let mut net = Net { weight: Var::from_tensor(&zeros)?, mean: zeros };
        let shape: &Shape = net.weight.shape();
        assert_eq!((shape.dims(), net.weight.dtype()), (&[2, 3][..], DType::F32));
        assert_eq!((net.mean.shape().dims(), net.mean.dtype()), (&[2, 3][..], DType::F32));
        net.weight.set(&net.mean.ones_like()?)?;
        let map: StateMap<'static> = net.state_dict()?.into_owned()?;
        net.load_state_dict_with(&map, &LoadOptions::new().map_keys(KeyMap::new()))?;
        assert_eq!(net.weight.get(1)?.i(0)?.to_scalar::<f32>()?, 1.0);
        assert!(Checkpoint::new().state_dict("model").is_err());
        Ok(())
    }
}

#[cfg(feature = "burn")]
mod burn {
    use burn::module::{ModuleVisitor, Param};
    use burn::nn;
    use burn::prelude::*;
    use statedict::prelude::*;

    #[derive(Module, Debug, StateDict)]
    struct Net {
        fc: nn::Linear,
        #[buffer]
        scale: Param<Tensor<1>>,
    }

    #[derive(Default)]
    struct Count(usize);

    impl ModuleVisitor for Count {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 += param.shape().num_elements();
        }
    }

    #[test]
    fn a_module_has_the_methods_of_burn() {
        let device = Device::default();
        let scale = Param::from_tensor(Tensor::ones([2], &device));
        let mut net = Net { fc: nn::LinearConfig::new(3, 2).init(&device), scale };
        let shape: Shape = net.scale.shape();
        assert_eq!(shape, Shape::new([2]));
        assert_eq!(net.scale.dtype(), burn::tensor::DType::F32);
        let mut count = Count::default();
        net.visit(&mut count);
        assert_eq!((count.0, net.num_params()), (10, 10));
        let map = net.state_dict().unwrap().into_owned().unwrap();
        net = net.no_grad();
        assert_eq!(net.load_state_dict(&map).unwrap().loaded.len(), 3);
        assert_eq!(net.num_parameters(), 8);
    }
}

mod ndarray {
    use ndarray::prelude::*;
    use statedict::prelude::*;

    #[derive(StateDict)]
    struct Net {
        #[param]
        weight: Array2<f32>,
    }

    #[test]
    fn an_array_is_assigned_by_ndarray() {
        let mut net = Net { weight: Array2::zeros((2, 3)) };
        net.weight.assign(&array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(net.weight.shape(), [2, 3]);
        let map = net.state_dict().unwrap().into_owned().unwrap();
        net.weight.assign(&arr0(0.0));
        net.load_state_dict(&map).unwrap();
        assert_eq!(net.weight[[1, 2]], 6.0);
    }
}
