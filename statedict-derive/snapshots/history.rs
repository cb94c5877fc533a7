#[derive(StateDict)]
#[version(3)]
#[removed(since = 2, "scratch")]
#[migrate(to = 3, with = Self::to_v3)]
#[state_dict(pre_save = Self::pre_save, post_save = Self::post_save)]
#[state_dict(pre_load = Self::pre_load, post_load = Self::post_load)]
struct Attention {
    #[param]
    #[renamed(since = 2, from = "w")]
    #[renamed(since = 3, from = "kernel")]
    weight: CpuTensor,
}
