"""`LocalModel`: weights on this machine, loaded and ready to be asked, with everything said about how.

torch and transformers are imported when a model is opened, not before, and kept from the network. Device and
kind of number are chosen by what there is. Leaves out which files may be opened (`checkpoint.py`), asking
(`generating.py`) and scoring (`scoring.py`).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import AuditError
from auditor.sources.chat import Template, template_of
from auditor.sources.checkpoint import Checkpoint, find
from auditor.sources.room import BYTES, place
from detectors.scores import Scores, TextId

if TYPE_CHECKING:
    from auditor.sources.generating import Answer

NEEDS = "needs: pip install 'distill-audit[models]'"


@dataclass(frozen=True)
class LocalModel:
    """A model that can be asked.

    Attributes
    ----------
    checkpoint : its files. model, tokenizer : of transformers. template : how a prompt is put to it.
    device : "cuda", "mps" or "cpu". dtype : kind of number it computes in.
    n_vocabulary : rows of its embedding. context : most tokens it can see, None = unknown.
    stops : tokens that end an answer.
    hashes : file name -> SHA-256 of weights, settings and tokenizer. notes : what the user should know.
    """

    checkpoint: Checkpoint
    model: Any
    tokenizer: Any
    template: Template
    device: str
    dtype: str
    n_vocabulary: int
    context: int | None
    stops: tuple[int, ...]
    hashes: dict[str, str]
    notes: tuple[str, ...] = ()

    def about(self) -> dict[str, Any]:
        """Return what is recorded of a model beside everything it gave (JSON)."""
        import torch
        import transformers

        return {
            "name": self.checkpoint.name,
            "revision": self.checkpoint.revision,
            "files": self.hashes,
            "stored": self.checkpoint.stored.dtype,
            "template": self.template.about(),
            "device": self.device,
            "dtype": self.dtype,
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        }

    def ids(self, text: str) -> list[int]:
        """Tokens of a text; special tokens that it spells out are text, too."""
        encoded = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        return self.checked(encoded["input_ids"])

    def prompt_ids(self, prompt: str) -> list[int]:
        """Tokens that stand before an answer to this prompt; of no prompt, at most a start token."""
        return self.checked(self.template.ids(self.tokenizer, prompt))

    def checked(self, ids: Sequence[int]) -> list[int]:
        """Return the tokens, once each is known to have an embedding."""
        if ids and max(ids) >= self.n_vocabulary:
            raise _mismatched(self.checkpoint.folder, max(ids) + 1, self.n_vocabulary)
        return list(ids)

    def answers(
        self,
        prompts: Sequence[str],
        max_tokens: int = 256,
        temperature: float = 0.0,
        seed: int = 0,
        samples: int = 1,
        *,
        logprobs: bool = False,
    ) -> list[list[Answer]]:
        """`samples` answers to each prompt; see `auditor.sources.generating.answers`."""
        from auditor.sources.generating import answers

        return answers(self, prompts, max_tokens, temperature, seed, samples, logprobs=logprobs)

    def scores(self, prompts: Sequence[str], texts: Sequence[str], ids: Sequence[TextId]) -> Scores:
        """Log-probabilities of given texts, each after its prompt; see `auditor.sources.scoring.scores`."""
        from auditor.sources.scoring import scores

        return scores(self, prompts, texts, ids)


def opened(text: str, *, base: bool = False, device: str = "auto", dtype: str = "auto") -> LocalModel:
    """Open `hf:DIR_OR_ID`.

    Parameters
    ----------
    text : folder, GGUF file, or id in the local cache of the hub. base : put prompts without a chat template.
    device : "auto", "cuda", "mps" or "cpu". dtype : "auto", "float32", "bfloat16", "float16" or "float64".

    Raises
    ------
    AuditError : not there, refused (pickle, remote code), damaged, too large for memory, no fitting
        tokenizer, or transformers cannot load it.
    """
    torch, transformers = _libraries()
    checkpoint = find(text)
    where = place(checkpoint, torch, device, dtype)
    if where.dtype not in BYTES:
        raise AuditError(f"dtype {where.dtype!r}: allowed are auto, {', '.join(BYTES)}.")
    tokenizer = _tokenizer(checkpoint, transformers)
    model, notes = _model(checkpoint, transformers, getattr(torch, where.dtype), where.device)
    rows = int(model.get_input_embeddings().weight.shape[0])
    notes += _check_tokenizer(checkpoint, tokenizer, rows)
    config = model.config.get_text_config()
    return LocalModel(
        checkpoint=checkpoint,
        model=model,
        tokenizer=tokenizer,
        template=template_of(tokenizer, base=base),
        device=where.device,
        dtype=where.dtype,
        n_vocabulary=rows,
        context=getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None),
        stops=_stops(model, tokenizer, transformers),
        hashes=checkpoint.hashes(),
        notes=tuple(notes),
    )


def _libraries() -> tuple[Any, Any]:
    """Torch and transformers, told to leave the network alone."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["USE_HUB_KERNELS"] = "0"
    os.environ.setdefault("TQDM_DISABLE", "1")  # its bars would be drawn over ours
    try:
        import accelerate  # noqa: F401  (transformers asks for it when it reads GGUF)
        import torch
        import transformers
    except ImportError as error:
        raise AuditError(f"Local models (hf:...) are not available: {NEEDS}") from error
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return torch, transformers


def _tokenizer(checkpoint: Checkpoint, transformers: Any) -> Any:
    """The model's tokenizer; only fast ones know where a token stands in its text."""
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(checkpoint.folder), trust_remote_code=False, local_files_only=True, **_gguf(checkpoint)
        )
    except Exception as error:
        raise AuditError(
            f"{checkpoint.folder}: transformers cannot load the tokenizer ({_first_line(error)}). Get the "
            "tokenizer's files again from where the weights come from."
        ) from error
    if not tokenizer.is_fast:
        raise AuditError(
            f"{checkpoint.folder}: its tokenizer ({type(tokenizer).__name__}) does not say where tokens stand"
            " in the text. A tokenizer.json is needed: save it with transformers' save_pretrained."
        )
    return tokenizer


def _model(checkpoint: Checkpoint, transformers: Any, dtype: Any, device: str) -> tuple[Any, list[str]]:
    """The model, with none of its weights made up."""
    quantised = {"quantization_config": transformers.GgufConfig(dequantize=True)} if checkpoint.gguf else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, report = transformers.AutoModelForCausalLM.from_pretrained(
                str(checkpoint.folder),
                dtype=dtype,
                device_map={"": device},
                use_safetensors=True,
                weights_only=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                **_gguf(checkpoint),
                **quantised,
            )
    except Exception as error:
        raise AuditError(
            f"{checkpoint.folder}: transformers cannot load the model ({_first_line(error)}). Is it a text"
            " model that this version of transformers knows, and are all its files there?"
        ) from error
    if lacking := sorted(report["missing_keys"]):
        raise AuditError(
            f"{checkpoint.folder}: {len(lacking)} weights of the model are not in its files, the first is "
            f"{lacking[0]}; transformers would make them up. Get all files of the checkpoint."
        )
    extra = sorted(report["unexpected_keys"])
    note = (
        f"{checkpoint.name}: {len(extra)} weights in its files belong to no part of the model"
        f" ({', '.join(extra[:2])})."
    )
    return model.eval(), [note] if extra else []


def _check_tokenizer(checkpoint: Checkpoint, tokenizer: Any, rows: int) -> list[str]:
    """Refuse a tokenizer with more tokens than the model; say so where it has far fewer."""
    own = tokenizer.backend_tokenizer.get_vocab(with_added_tokens=False)
    known = max(own.values(), default=-1) + 1
    if known > rows:
        raise _mismatched(checkpoint.folder, known, rows)
    if known < 0.9 * rows:
        return [
            f"{checkpoint.name}: the tokenizer knows {known} tokens, the model {rows}. Check that the"
            " tokenizer is the model's own: with another's, scores mean nothing."
        ]
    return []


def _mismatched(folder: Path, known: int, rows: int) -> AuditError:
    return AuditError(
        f"{folder}: the tokenizer does not belong to the model: it has tokens up to number {known - 1}, the"
        f" model embeds only {rows}. Get the tokenizer's files from where the weights come from."
    )


def _stops(model: Any, tokenizer: Any, transformers: Any) -> tuple[int, ...]:
    """Tokens that end an answer; whatever else the model's settings say of generating is taken from it."""
    own = model.generation_config.eos_token_id
    model.generation_config = transformers.GenerationConfig()
    listed = [*(own if isinstance(own, list) else [own]), tokenizer.eos_token_id]
    return tuple(dict.fromkeys(token for token in listed if token is not None))


def _gguf(checkpoint: Checkpoint) -> dict[str, str]:
    return {"gguf_file": checkpoint.gguf} if checkpoint.gguf else {}


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}"
