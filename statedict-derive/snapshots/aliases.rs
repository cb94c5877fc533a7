#[derive(StateDict)]
#[alias("lm_head.weight" = "wte.weight")]
struct Gpt {
    #[rename("wte")]
    embedding: Embedding,
    #[alias(embedding)]
    again: Alias<Embedding>,
    block: Rc<RefCell<Block>>,
    #[alias(block)]
    tied: Rc<RefCell<Block>>,
    #[alias]
    any: Rc<RefCell<Block>>,
    #[flatten]
    rest: Rest,
}
