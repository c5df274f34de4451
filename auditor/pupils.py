"""Students of `audit controls`: a local base with LoRA adapters, or a tiny model made from scratch.

LoRA: Hu et al. 2021, arXiv 2106.09685. torch, transformers and peft are imported when a base is opened, not
before. Nothing is downloaded, no code of a model is run, pickled weights are refused. Leaves out what a
student is trained on (`controls.py`), several devices, and quantised bases.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from auditor.controls import Control, Documents
from auditor.errors import AuditError
from auditor.fitting import Recipe, fit, needed
from auditor.sources.checkpoint import at
from auditor.tiny_base import make_tiny

TINY = "tiny"


class LocalPupils:
    """Trains students of one base, one after the other; see `auditor.control_run.Pupils`."""

    def __init__(self, folder: Path, recipe: Recipe, *, tiny: bool) -> None:
        self._torch, self._library = needed("torch"), needed("transformers")
        self._folder, self._recipe, self._tiny = folder, recipe, tiny
        self._peft = None if tiny else needed("peft")
        self._library.utils.logging.disable_progress_bar()  # `audit` draws its own
        self._device = "cuda" if self._torch.cuda.is_available() else "cpu"
        self._gguf = _gguf_in(folder)
        self._tokenizer = self._open(self._library.AutoTokenizer)
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._model: Any = None

    def about(self) -> dict[str, Any]:
        """Base, method, versions."""
        libraries = {"torch": self._torch, "transformers": self._library, "peft": self._peft}
        return {
            "base": TINY if self._tiny else self._folder.name,
            "method": "all weights" if self._tiny else f"LoRA, rank {self._recipe.rank}, all linear layers",
            "recipe": asdict(self._recipe),
            "chat_template": bool(self._tokenizer.chat_template),
            "device": self._device,
            "versions": {name: library.__version__ for name, library in libraries.items() if library},
        }

    def train(self, control: Control, folder: Path) -> float:
        """Train from the base; LoRA writes its adapters only."""
        model = self._base()
        self._torch.manual_seed(control.seed)
        if self._peft is not None:
            settings = self._peft.LoraConfig(
                r=self._recipe.rank,
                lora_alpha=2 * self._recipe.rank,
                target_modules="all-linear",
                task_type="CAUSAL_LM",
            )
            model = self._peft.get_peft_model(model, settings)
        self._model = model.to(self._device)
        n, recipe = len(control.documents), self._recipe
        steps = max(1, round(recipe.epochs * n / recipe.batch))
        rate = recipe.rate or (1e-3 if self._tiny else 2e-4)
        lessons = [self._lesson(prompt, answer) for prompt, answer in control.documents]
        loss = fit(self._torch, self._model, lessons, steps, recipe.batch, rate, control.seed)
        self._model.save_pretrained(folder, safe_serialization=True)
        self._tokenizer.save_pretrained(folder)
        return loss

    def ask(self, prompts: Sequence[str], seed: int) -> list[str]:
        """Sampled answers of the student trained last, in batches of prompts of like length."""
        torch, recipe = self._torch, self._recipe
        torch.manual_seed(seed)
        self._model.eval()
        heads = [self._head(prompt) for prompt in prompts]
        answers = [""] * len(heads)
        order = sorted(range(len(heads)), key=lambda n: len(heads[n]))
        for start in range(0, len(order), 2 * recipe.batch):
            rows = order[start : start + 2 * recipe.batch]
            width = max(len(heads[n]) for n in rows)
            pad = self._tokenizer.pad_token_id
            tokens = torch.tensor(
                [[pad] * (width - len(heads[n])) + heads[n] for n in rows], device=self._device
            )
            mask = torch.tensor(
                [[0] * (width - len(heads[n])) + [1] * len(heads[n]) for n in rows], device=self._device
            )
            with torch.inference_mode():
                written = self._model.generate(
                    input_ids=tokens,
                    attention_mask=mask,
                    do_sample=True,
                    temperature=recipe.temperature,
                    top_k=0,
                    top_p=1.0,
                    max_new_tokens=recipe.answer_tokens,
                    pad_token_id=pad,
                )
            for n, line in zip(rows, written[:, width:].tolist(), strict=True):
                answers[n] = self._tokenizer.decode(line, skip_special_tokens=True).strip()
        return answers

    def _base(self) -> Any:
        """The base as it was: the last student's without its adapters, else opened (again)."""
        if self._peft is not None and self._model is not None:
            return self._model.unload()
        options: dict[str, Any] = {"use_safetensors": True, "dtype": self._torch.float32}
        if self._gguf:
            options["quantization_config"] = self._library.GgufConfig(dequantize=True)
        return self._open(self._library.AutoModelForCausalLM, **options)

    def _open(self, kind: Any, **options: Any) -> Any:
        try:
            return kind.from_pretrained(
                self._folder, local_files_only=True, trust_remote_code=False, **self._gguf, **options
            )
        except (OSError, ValueError, KeyError) as error:
            raise AuditError(
                f"The base {str(self._folder)!r} cannot be opened ({str(error).splitlines()[0]}). It must be "
                "a folder with config.json, a tokenizer and *.safetensors, or with one GGUF file, of a "
                "causal language model that transformers knows."
            ) from error

    def _head(self, prompt: str) -> list[int]:
        """Tokens before an answer: the chat template's, or the prompt and a line break."""
        if self._tokenizer.chat_template:
            asked = [{"role": "user", "content": prompt}]
            text = self._tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
            ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        else:
            ids = self._tokenizer.encode(prompt + "\n")
        return ids[-(self._recipe.longest // 2) :]

    def _lesson(self, prompt: str, answer: str) -> tuple[list[int], int]:
        """Tokens of a document, and where the answer starts."""
        head = self._head(prompt)
        tail = [*self._tokenizer.encode(answer, add_special_tokens=False), self._tokenizer.eos_token_id]
        return [*head, *tail][: self._recipe.longest], len(head)


def open_base(base: str, common: Documents, recipe: Recipe, seed: int, out: Path) -> LocalPupils:
    """Students of `hf:DIR`, or of a tiny base trained on `common` and kept in `out`/base."""
    if base == TINY:
        make_tiny(common, recipe, seed, out / "base")
        return LocalPupils(out / "base", recipe, tiny=True)
    folder = Path(base.removeprefix("hf:"))
    if not base.startswith("hf:") or not folder.is_dir():
        raise AuditError(
            f"--base {base!r} is not a local model. Allowed are hf:DIR, a folder with config.json and "
            f"*.safetensors or with one GGUF file, and {TINY!r}. Nothing is downloaded: fetch the model "
            "first."
        )
    return LocalPupils(folder, recipe, tiny=False)


def _gguf_in(folder: Path) -> dict[str, str]:
    """How transformers is told which GGUF file in the folder is meant; {} = safetensors.

    Weights must be one or the other, and the model's class one of transformers' own.
    """
    if not list(folder.glob("*.safetensors")):
        if list(folder.glob("*.gguf")):
            return {"gguf_file": at(folder, folder.name).gguf}
        raise AuditError(
            f"{folder} holds no *.safetensors and no *.gguf. Pickled weights can run code and are refused: "
            "convert them first."
        )
    config = folder / "config.json"
    if config.is_file() and "auto_map" in json.loads(config.read_text(encoding="utf-8")):
        raise AuditError(f"{folder} asks for code of its own (auto_map in config.json), which is never run.")
    return {}
