"""The study's training loop in PyTorch, nothing but torch needed: a model, an optimiser, slices [n, 1, mels, frames]."""

import numpy as np
import torch
from torch import nn

EVALUATION_BATCH = 128


def batch_ends(n, batch_size):
    """A last batch of one joins the batch before it: BatchNorm cannot train on one."""
    ends = list(range(batch_size, n, batch_size))
    if ends and n - ends[-1] == 1:
        ends.pop()
    return ends + [n]


def train_epoch(model, optimiser, slices, labels, order, batch_size, device="cpu"):
    """(mean loss, accuracy) over the epoch's slices, as they were trained."""
    model.train()
    loss_sum, hits, at = 0.0, 0, 0
    for end in batch_ends(len(order), batch_size):
        chosen = order[at:end]
        at = end
        optimiser.zero_grad()
        expected = labels[chosen].to(device)
        logits = model(slices[chosen].to(device))
        loss = nn.functional.cross_entropy(logits, expected)
        loss.backward()
        optimiser.step()
        loss_sum += loss.item() * len(chosen)
        hits += int((logits.argmax(1) == expected).sum())
    return loss_sum / len(order), hits / len(order)


def evaluate(model, slices, labels, device="cpu"):
    """(mean loss, class of each slice)."""
    model.eval()
    loss_sum, predicted = 0.0, []
    with torch.no_grad():
        for at in range(0, len(slices), EVALUATION_BATCH):
            logits = model(slices[at:at + EVALUATION_BATCH].to(device))
            expected = labels[at:at + EVALUATION_BATCH].to(device)
            loss_sum += nn.functional.cross_entropy(logits, expected, reduction="sum").item()
            predicted += logits.argmax(1).tolist()
    return loss_sum / len(slices), np.array(predicted)
