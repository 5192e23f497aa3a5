"""A training step of PyTorch's DistributedDataParallel over gloo, asked for over standard input, one JSON line a request.

Usage: ddp_step.py course|conv3d BATCH RANK SIZE PORT; BATCH is that of all processes, each has one thread.
Request {"steps": n}: answers {"ms": milliseconds a step}.
"""

import json
import sys
import time

import torch
import torch.distributed as dist
from torch import nn

NET, BATCH, RANK, SIZE, PORT = sys.argv[1], *map(int, sys.argv[2:6])
torch.set_num_threads(1)
torch.manual_seed(1)
dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{PORT}", rank=RANK, world_size=SIZE)

if NET == "course":
    shape, classes, layers, inputs = (1, 128, 128), 1, [], 1
    for filters in (16, 32, 64, 64):
        layers += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        inputs = filters
    layers += [nn.Flatten(), nn.Linear(4096, 64), nn.ReLU(), nn.Linear(64, 1)]
else:
    shape, classes, layers, inputs = (1, 21, 32, 32), 2, [], 1
    for filters in (64, 32):
        layers += [nn.Conv3d(inputs, filters, 3, padding=1), nn.ReLU(), nn.Dropout(0.2), nn.BatchNorm3d(filters)]
        layers.append(nn.MaxPool3d(2))
        inputs = filters
    layers += [nn.Flatten(), nn.Linear(10240, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2)]

own = BATCH // SIZE
x = torch.rand(own, *shape)
y = torch.randint(0, max(2, classes), (own,))
y = y.float()[:, None] if classes == 1 else y
model = nn.parallel.DistributedDataParallel(nn.Sequential(*layers))
penalty = 1e-4 if NET == "course" else 0
optimizer = torch.optim.Adam(model.parameters(), 1e-3, weight_decay=2 * penalty)
loss_of = nn.BCEWithLogitsLoss() if classes == 1 else nn.CrossEntropyLoss()


def step():
    optimizer.zero_grad()
    loss = loss_of(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


for line in sys.stdin:
    count = json.loads(line)["steps"]
    start = time.perf_counter()
    for _ in range(count):
        step()
    print(json.dumps({"ms": (time.perf_counter() - start) / count * 1000}), flush=True)
dist.destroy_process_group()
