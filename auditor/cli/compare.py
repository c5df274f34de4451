"""`audit compare`: was the student distilled from one of the teachers? The main job.

Exit code 0: no evidence at or above --fail-on; 1: there is; 2: usage; 3: incomplete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import (
    COMPARE_EXTENSIONS,
    COMPARE_FORMATS,
    Words,
    destinations,
    option,
    refuse_overwriting,
    shared,
    written,
)
from auditor.cli.progress import Bars
from auditor.cli.reading import reading
from auditor.cli.sign import key_of, signed, signing
from auditor.cli.terminal import Terminal
from auditor.config import LEVELS, NEVER, CompareConfig

if TYPE_CHECKING:
    from auditor.report import Report

EVIDENCE_FOUND = 1
# Support for these explains a resemblance, and accuses nobody.
ACQUITTING = ("common_ancestor", "public_data")


@click.command(short_help="Judge whether a student was distilled from a teacher.")
@option("-s", "--student", required=True, metavar="MODEL", help="The model that is judged.")
@option("-t", "--teacher", multiple=True, required=True, type=Words("MODEL"), help="A candidate teacher.")
@option("--decoy", multiple=True, type=Words("MODEL"), help="Another provider's model, for contrast.")
@option("--panel", metavar="FILE", help="Answers of many models to the same probes ('audit panel').")
@option(
    "--lineage",
    metavar="FILE",
    help="CSV or TOML of what is documented about the models; goes before the shipped table of public "
    "models. 'none': neither.",
)
@option(
    "--calibration",
    metavar="FILE",
    help="Pairs that turn the score into a likelihood ratio ('audit calibrate'); goes before the shipped "
    "ones. 'none': p-values only.",
)
@option(
    "--weights",
    multiple=True,
    type=Words("NAME=FOLDER"),
    help="Weights of the student or of a teacher, beside its answers.",
)
@option("--base", multiple=True, type=Words("hf:FOLDER"), help="Weights of a model that both may come from.")
@option("--key", metavar="FILE", help="Right answers of closed questions, a letter a prompt or prompt id.")
@option(
    "--embedding",
    metavar="FOLDER",
    help="A local sentence-transformers model for 'semantics'.  [default: the packaged one]",
)
@option(
    "--device",
    type=click.Choice(("cpu", "cuda")),
    default="cpu",
    show_default=True,
    help="Where 'wording' is measured; cuda needs torch and a GPU.",
)
@option(
    "--scores",
    multiple=True,
    type=Words("FILE"),
    help="Log-probabilities that models gave to the panel's answers ('audit score'), a file or a folder.",
)
@option(
    "--same-data",
    multiple=True,
    type=Words("TEACHER=MODEL"),
    help="A model of the scores that was trained on the teacher's public data, not on its outputs.",
)
@option(
    "--served",
    multiple=True,
    type=Words("FILE"),
    help="Answers of the teacher (prompt, response) that the student may have been trained on: its log. With "
    "several teachers: TEACHER=FILE. Needs --held-out, and --scores of both.",
)
@option(
    "--held-out",
    multiple=True,
    type=Words("FILE"),
    help="Answers of the same teacher and kind that the student cannot have seen.",
)
@option(
    "--canary-key",
    multiple=True,
    type=Words("FILE"),
    help="Secret of the watermark or canaries in the teacher's answers; it is not stored. With several "
    "teachers: TEACHER=FILE.",
)
@option(
    "--controls",
    multiple=True,
    type=Words("FOLDER"),
    help="Students taught on purpose by one of the teachers ('audit controls'): the report says what share "
    "of its data would have been found.",
)
@option("--terms", is_flag=True, help="Say also what the teachers' terms allow (no legal advice).")
@option("--channel", metavar="NAME", help="With --terms: how the teacher was asked, as api or self_host.")
@option("--host", metavar="NAME", help="With --terms: the service that served it, such as openrouter.ai.")
@option(
    "--use",
    multiple=True,
    type=Words("NAME"),
    help="With --terms: what the outputs were for ('audit terms list').  [default: train_competing_llm, "
    "train_other_model_release_weights]",
)
@option("--evidence", metavar="FILE", default="audit.duckdb", show_default=True, help="The evidence file.")
@option("--detector", multiple=True, type=Words("NAME"), help="Run only this detector.")
@option("--seed", type=int, default=0, show_default=True, help="Seed of every random draw.")
@option(
    "--bootstrap",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="Resamples behind an interval.",
)
@option(
    "--fail-on",
    type=click.Choice([*LEVELS, NEVER]),
    default="moderate",
    show_default=True,
    help="Exit with 1 for evidence of this level or above.",
)
@option(
    "--most-requests",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="Most requests to models that are asked; where more are due, none is sent.",
)
@reading
@signing
@option("--dry-run", is_flag=True, help="Print what would be done, and stop.")
@written(COMPARE_FORMATS)
@shared
@click.pass_context
def compare(ctx: click.Context, /, **given: Any) -> None:
    """Judge whether the student was distilled from each teacher.

    MODEL is 'panel:NAME' (a model of the panel), a file of recorded answers: a path, 'file:PATH', or
    'file:PATH#NAME' for one of several models in it, or a model that is asked the panel's prompts it has not
    answered yet: 'openai:NAME@URL' behind an endpoint, 'hf:FOLDER' on this disk (see 'audit collect').
    Repeat -t to test several teachers; the verdict accounts for their number.

    With 'hf:FOLDER' for student and teachers, their weights are compared, too: was one made from the other,
    or both from one base? Without --panel, only that is asked.

    Exit code: 0 no evidence at or above --fail-on, 1 evidence, 2 usage, 3 incomplete.
    """
    terminal = ctx.ensure_object(Terminal)
    places = destinations(given["format"], given["output"], COMPARE_EXTENSIONS)
    config = _config(given)
    refuse_overwriting(given["output"], _files(config) | {"the key": given["sign"]})

    from auditor import compare as job

    if given["dry_run"]:
        return terminal.out(str(job.plan(config)))
    key = key_of(given["sign"])
    with Bars(terminal) as progress:
        report = job.run(config, progress)
    if key:
        signed(terminal, config.evidence, report.run.id, key)
    _show(report, places, config, terminal)
    if any(config.fails_on(v.level) for v in report.verdicts if v.proposition not in ACQUITTING):
        ctx.exit(EVIDENCE_FOUND)


def _config(given: dict[str, Any]) -> CompareConfig:
    """Freeze what was asked."""
    return CompareConfig(
        student=given["student"],
        teachers=given["teacher"],
        decoys=given["decoy"],
        panel=given["panel"],
        lineage=given["lineage"],
        calibration=given["calibration"],
        prompts=given["prompts"],
        key=given["key"],
        weights=given["weights"],
        bases=given["base"],
        embedding=given["embedding"],
        device=given["device"],
        scores=given["scores"],
        same_data=given["same_data"],
        served=given["served"],
        held_out=given["held_out"],
        canary_keys=given["canary_key"],
        controls=given["controls"],
        terms=given["terms"],
        channel=given["channel"],
        host=given["host"],
        uses=given["use"],
        evidence=given["evidence"],
        detectors=given["detector"],
        seed=given["seed"],
        bootstrap=given["bootstrap"],
        fail_on=given["fail_on"],
        input_format=given["input_format"],
        encoding=given["encoding"],
        columns=given["column"],
        keep_going=given["keep_going"],
        match=given["match"],
        most_requests=given["most_requests"],
    )


def _files(config: CompareConfig) -> dict[str, str | None]:
    """Return what the run reads and keeps, each with its path."""
    from auditor.collected import beside
    from auditor.sources import parse_model

    models = (config.student, *config.teachers, *config.decoys)
    named = [parse_model(text) for text in models if not text.startswith("hf:")]
    recordings = {f"the recorded answers {m.value!r}": m.value for m in named if m.kind == "file"}
    scores = {f"the scores {path!r}": path for path in config.scores}
    owned = (*config.served, *config.held_out, *config.canary_keys)
    teachers_own = {
        f"the teacher's file {path!r}": path
        for text in owned
        for path in (text, text.partition("=")[2])
        if path
    }
    named_files = {
        "the file of collected answers": beside(config.evidence),
        "the evidence file": config.evidence,
        "the panel": config.panel,
        "the lineage table": config.lineage,
        "the calibration": config.calibration,
        "the file of prompts": config.prompts,
        "the answer key": config.key,
    }
    controls = {f"the controls {path!r}": path for path in config.controls}
    return recordings | scores | teachers_own | controls | named_files


def _show(report: Report, places: list[tuple[str, str]], config: CompareConfig, terminal: Terminal) -> None:
    """Write the report wherever it was asked for, and the answer on stderr when stdout does not say it."""
    from auditor.reports import rendered

    if ("text", "-") not in places:
        terminal.say(report.headline)
    terminal.say(f"Evidence: run {report.run.id} in {config.evidence}")
    for format_, output in places:
        terminal.write(rendered(report, format_), output)
