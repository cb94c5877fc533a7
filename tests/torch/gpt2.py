"""A GPT-2 with the names of Hugging Face's `GPT2LMHeadModel`, whose head is its embedding."""

import torch
from torch import nn
from torch.nn import functional as F


class Conv1D(nn.Module):
    """A linear layer whose matrix is the other way round."""

    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return x @ self.weight + self.bias


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = Conv1D(3 * width, width)
        self.c_proj = Conv1D(width, width)

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.c_attn(x).split(width, dim=2)
        query, key, value = (p.view(batch, length, self.heads, -1).transpose(1, 2) for p in parts)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.c_proj(mixed.transpose(1, 2).reshape(batch, length, width))


class MLP(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.c_fc = Conv1D(4 * width, width)
        self.c_proj = Conv1D(width, 4 * width)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = MLP(width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT2LMHeadModel(nn.Module):
    def __init__(self, vocabulary, context, width, layers, heads):
        super().__init__()
        self.transformer = nn.Module()
        self.transformer.wte = nn.Embedding(vocabulary, width)
        self.transformer.wpe = nn.Embedding(context, width)
        self.transformer.h = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.transformer.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.transformer.wte.weight

    def forward(self, tokens):
        body = self.transformer
        x = body.wte(tokens) + body.wpe(torch.arange(tokens.shape[1]))
        for block in body.h:
            x = block(x)
        return self.lm_head(body.ln_f(x))


SMALL = {"vocabulary": 61, "context": 12, "width": 16, "layers": 2, "heads": 2}


def make(config, seed):
    torch.manual_seed(seed)
    model = GPT2LMHeadModel(**config)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:
            nn.init.normal_(parameter, std=0.2)
        elif name.endswith("bias"):
            nn.init.uniform_(parameter, -0.2, 0.2)
        else:
            nn.init.uniform_(parameter, 0.5, 1.5)
    return model.eval()


def save(path, logits, config=SMALL, length=12, seed=2):
    """Writes a state dict to `path`, and to `logits` tokens and what the model makes of them."""
    model = make(config, seed)
    torch.save(model.state_dict(), path)
    tokens = torch.randint(config["vocabulary"], (2, length))
    with torch.no_grad():
        torch.save({"input": tokens, "logits": model(tokens)}, logits)


def load(path, logits, config=SMALL):
    """Loads `path` strictly; how far the logits are from those in `logits`, and whether the tie is in the file."""
    model = GPT2LMHeadModel(**config).eval()
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state, strict=True)
    expected = torch.load(logits, weights_only=True)
    with torch.no_grad():
        found = model(expected["input"])
    head, embedding = state["lm_head.weight"], state["transformer.wte.weight"]
    return {
        "difference": (found - expected["logits"]).abs().max().item(),
        "scale": expected["logits"].abs().max().item(),
        "tied": head.data_ptr() == embedding.data_ptr(),
    }
