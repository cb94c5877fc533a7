#[derive(renamed::StateDict)]
#[state_dict(transparent, crate = renamed)]
struct Named {
    module: Module,
    name: String,
}
