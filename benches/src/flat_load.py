"""Times torch's load_state_dict of flat models: a line for each number of children given."""

import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)
for count in map(int, sys.argv[1:]):
    model = nn.ModuleList(nn.Linear(2, 2) for _ in range(count))
    state_dict = model.state_dict()
    begin = time.perf_counter()
    model.load_state_dict(state_dict)
    seconds = time.perf_counter() - begin
    print(count, seconds, flush=True)
    if seconds > 10:
        break
