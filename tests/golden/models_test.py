#!/usr/bin/env python3
"""Tutti's models against PyTorch modules that hold the same safetensors.

  models_test.py PROBE float32                outputs and gradients, all models and slice lengths
  models_test.py PROBE float64 --seconds 1    all weights after ten Adam steps
  models_test.py PROBE initial                names, counts and initial weights
  models_test.py PROBE adam                   Adam alone on a sequence of gradients
"""

import argparse
import math
import pathlib
import tempfile

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from comparison import Comparison, largest_difference, relative_difference, run_json
from torch_models import MODELS, SLICE_FRAMES, biases_before_batch_norm

BATCH = 2
ADAM_STEPS = 10
OUTPUT_BOUND = 1e-5
GRADIENT_BOUND = 1e-4  # relative
FLOAT64_BOUND = 1e-7
LEARNING_RATE = 0.001
SEED = 333


def make_input(frames, steps, seed):
    generator = torch.Generator().manual_seed(seed)
    slices = torch.rand((max(1, steps), BATCH, 128, frames), generator=generator)
    labels = torch.randint(0, 10, (max(1, steps), BATCH), generator=generator)
    return {"slices": slices, "labels": labels}


def backward(model, slices, labels):
    model.zero_grad()
    logits = model(slices.unsqueeze(1))
    nn.functional.cross_entropy(logits, labels).backward()
    return logits.detach()


def train(model, batches, steps):
    """What the probe answers, from PyTorch."""
    dtype = next(model.parameters()).dtype
    slices, labels = batches["slices"].to(dtype), batches["labels"]
    model.eval()
    with torch.no_grad():
        answer = {"eval_logits": model(slices[0].unsqueeze(1))}
    model.train()
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    answer["logits"] = backward(model, slices[0], labels[0])
    answer |= {f"grad.{name}": p.grad.clone() for name, p in model.named_parameters()}
    if steps == 0:
        return answer
    optimiser.step()
    for step in range(1, steps):
        backward(model, slices[step], labels[step])
        optimiser.step()
    return answer | {f"after.{name}": tensor for name, tensor in model.state_dict().items()}


def compare_training(comparison, case_name, name, ours, theirs, precision):
    comparison.equal("tensors", case_name, sorted(ours), sorted(theirs))
    noise = {f"grad.{bias}" for bias in biases_before_batch_norm(name)}
    for key in sorted(theirs):
        where = f"{case_name} {key}"
        comparison.equal("types and shapes", where, (ours[key].dtype, ours[key].shape),
                         (theirs[key].dtype, theirs[key].shape))
        if precision == "float64":
            comparison.check("float64: " + key.split(".")[0], where, largest_difference(ours[key], theirs[key]),
                             FLOAT64_BOUND)
        elif key.endswith("logits"):
            comparison.check(f"float32 outputs of {name}", where, largest_difference(ours[key], theirs[key]),
                             OUTPUT_BOUND)
        elif key not in noise:
            comparison.check(f"float32 gradients of {name}, relative", where,
                             relative_difference(ours[key], theirs[key]), GRADIENT_BOUND)


def check_models(comparison, probe, folder, precision, seconds):
    steps = ADAM_STEPS if precision == "float64" else 0
    for name, make in MODELS.items():
        for length in seconds:
            frames = SLICE_FRAMES[length]
            torch.manual_seed(frames)
            model = make(frames, dropout=False).to(getattr(torch, precision))
            case = {key: str(folder / f"{key}.safetensors") for key in ("weights", "input", "out")}
            case |= {"ask": "train", "model": name, "frames": frames, "precision": precision, "steps": steps}
            save_file(model.state_dict(), case["weights"])
            batches = make_input(frames, steps, seed=frames)
            save_file(batches, case["input"])
            facts = run_json(probe, [case])[0]
            comparison.equal("parameters", f"{name} {length} s", facts["parameters"],
                             sum(p.numel() for p in model.parameters()))
            compare_training(comparison, f"{name} {length} s", name, load_file(case["out"]),
                             train(model, batches, steps), precision)


def bound_of(model, key):
    """PyTorch's documented initial range of a parameter: U(-bound, bound)."""
    module = model.get_submodule(key.rsplit(".", 1)[0])
    if isinstance(module, (nn.GRU, nn.LSTM)):
        return 1 / math.sqrt(module.hidden_size)
    return 1 / math.sqrt(module.weight[0].numel())  # fan_in


def check_initial_tensor(comparison, model, key, tensor, where):
    module = model.get_submodule(key.rsplit(".", 1)[0])
    if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
        one = key.endswith((".weight", ".running_var"))
        comparison.equal("initial BatchNorm", where, bool((tensor == (1 if one else 0)).all()), True)
        return
    share = tensor.abs().max().item() / bound_of(model, key)
    comparison.equal("initial range", f"{where}: {share}", 0.8 < share <= 1 or tensor.numel() < 20 and share <= 1, True)
    if tensor.numel() > 1000:
        spread = tensor.double().std().item() / (bound_of(model, key) / math.sqrt(3))
        comparison.check("initial spread, relative to a uniform one's", where, abs(spread - 1), 0.06)


def check_initial(comparison, probe, folder):
    for name, make in MODELS.items():
        for length in (1, 3):
            frames = SLICE_FRAMES[length]
            out = str(folder / "out.safetensors")
            case = {"ask": "initial", "model": name, "frames": frames, "seed": SEED, "out": out}
            facts = run_json(probe, [case])[0]
            torch.manual_seed(SEED)
            model = make(frames)
            theirs, ours = {key: t.clone() for key, t in model.state_dict().items()}, load_file(out)
            comparison.equal("names of the state_dict", name, sorted(facts["names"]), sorted(theirs))
            comparison.equal("parameters", name, facts["parameters"], sum(p.numel() for p in model.parameters()))
            model.load_state_dict(ours, strict=True)
            for key, tensor in theirs.items():
                where = f"{name} {length} s {key}"
                comparison.equal("types and shapes", where, (ours[key].dtype, ours[key].shape),
                                 (tensor.dtype, tensor.shape))
                comparison.equal("initial weights of one seed, to the bit", where, torch.equal(ours[key], tensor), True)
                check_initial_tensor(comparison, model, key, ours[key], where)


def gradient_sequence(dtype):
    """Rows from large to tiny, signs that turn, zeros: where moments and epsilon matter."""
    generator = torch.Generator().manual_seed(SEED)
    n, steps = 200, 300
    scale = torch.logspace(-12, 3, n, dtype=torch.float64)
    gradients = torch.randn((steps, n), generator=generator, dtype=torch.float64) * scale
    gradients[50:100, ::3] = 0
    gradients[:, 0] = 0
    return (gradients + 0.1 * scale).to(dtype)


def adam_of_pytorch(start, gradients, **kind):
    """The parameter after each step."""
    parameter = nn.Parameter(start.clone())
    optimiser = torch.optim.Adam([parameter], lr=LEARNING_RATE, **kind)
    after = []
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimiser.step()
        after.append(parameter.detach().clone())
    return after


def check_adam(comparison, probe, folder):
    """Both of ours, step by step: the plain one, and the fused one that trainings use (train_loop), each against both of
    PyTorch's."""
    for dtype in (torch.float32, torch.float64):
        gradients = gradient_sequence(dtype)
        start = torch.linspace(-1, 1, gradients.shape[1], dtype=dtype)
        theirs = {"plain": adam_of_pytorch(start, gradients, foreach=False, fused=False),
                  "fused=True": adam_of_pytorch(start, gradients, fused=True)}
        case = {"ask": "adam", "input": str(folder / "input.safetensors"), "out": str(folder / "out.safetensors")}
        save_file({"parameter": start, "gradients": gradients}, case["input"])
        for fused in (False, True):
            run_json(probe, [case | {"fused": fused}])
            ours = load_file(case["out"])["parameters"]
            comparison.equal("steps that moved it", str(dtype), bool((ours[-1] != start).any()), True)
            for kind, after in theirs.items():
                for step, parameter in enumerate(after):
                    comparison.check(f"{'fused' if fused else 'plain'} Adam over {len(gradients)} gradients, {dtype}, "
                                     f"against PyTorch's {kind}", f"step {step + 1}",
                                     largest_difference(ours[step], parameter), FLOAT64_BOUND)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("probe")
    parser.add_argument("what", choices=["float32", "float64", "initial", "adam"])
    parser.add_argument("--seconds", type=int, action="append", choices=list(SLICE_FRAMES))
    options = parser.parse_args()
    torch.set_num_threads(1)
    comparison = Comparison("torch", "safetensors")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if options.what == "initial":
            check_initial(comparison, options.probe, folder)
        elif options.what == "adam":
            check_adam(comparison, options.probe, folder)
        else:
            check_models(comparison, options.probe, folder, options.what, options.seconds or list(SLICE_FRAMES))
    comparison.end()


if __name__ == "__main__":
    main()
