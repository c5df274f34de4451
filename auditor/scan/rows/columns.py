"""`Plan`: which places of a record name a model, a source, a licence, a day, and which hold answers.

Told by names alone; what a value is worth is for the rules. Leaves out SQL (`statement.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.scan.rows.paths import INSIDE, ITEM, Place, Steps
from auditor.scan.rows.patterns import patterns
from auditor.scan.rows.shapes import Shape
from auditor.scan.synthetic import signals

MOST = {"generators": 8, "named": 4, "envelopes": 12, "sources": 5, "licences": 3, "dates": 1, "answers": 12}
"""Places of a kind that are read; of more, those nearest to the top."""
TOP_ONLY = frozenset(("text", "target", "targets", "answer", "generated", "bot", "context", "data"))
"""Names of answers that say nothing deep inside a record."""
JUDGES = ("judge", "annotator", "grader", "evaluator", "critic", "reviewer", "annotation", "evaluation")


@dataclass(frozen=True)
class Answer:
    """A place with what a model may have written.

    Attributes
    ----------
    role, content : fields of a list of turns; "" = no turns. parts : the content is a list of parts with
        texts. alternating : a list of texts, every second one an answer.
    """

    place: Place
    role: str = ""
    content: str = ""
    parts: bool = False
    alternating: bool = False

    @property
    def below(self) -> tuple[Steps, ...]:
        """Steps from the place to what is read of it."""
        if self.role:
            content = (self.content, ITEM, "text") if self.parts else (self.content,)
            return (ITEM, self.role), (ITEM, *content)
        return ((ITEM,),) if self.alternating else ((),)


@dataclass(frozen=True)
class Plan:
    """What is read of files with the same columns.

    Attributes
    ----------
    named : place and the model its name tells. weak : those of `sources` whose names are common elsewhere.
    requests : what a user said, where it is no turn.
    """

    generators: tuple[Place, ...] = ()
    named: tuple[tuple[Place, str], ...] = ()
    envelopes: tuple[Place, ...] = ()
    sources: tuple[Place, ...] = ()
    weak: frozenset[Place] = frozenset()
    licences: tuple[Place, ...] = ()
    dates: tuple[Place, ...] = ()
    answers: tuple[Answer, ...] = ()
    requests: tuple[Place, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """All of them, turns with the fields they need."""
        plain = (*self.generators, *(p for p, _ in self.named), *self.envelopes, *self.sources)
        answers = [Place((*a.place.steps, *below)) for a in self.answers for below in a.below]
        return (*plain, *self.licences, *self.dates, *self.requests, *answers)


def plan(shape: Shape) -> Plan:
    """Choose by names."""
    own, known = patterns(), signals()
    found: dict[str, list[Place]] = {kind: [] for kind in MOST}
    answers, requests, weak = [], [], set()
    for place, one in sorted(_walk(shape), key=lambda pair: len(pair[0].steps)):
        name, deep = place.name, len(place.steps) > 1
        # DuckDB knows no field without a name, and no text with a zero byte.
        if "\0" in place.label or "" in place.steps:
            continue
        if answer := _answer(place, one):
            answers.append(answer)
            if name in known.named_fields:
                found["named"].append(place)
            if name in own.envelopes:
                found["envelopes"].append(place)
            continue
        if name in own.envelopes:
            found["envelopes"].append(place)
        if not one.text or _judged(place):
            continue
        if name in known.generator_fields or place.label.lower() in known.generator_fields:
            found["generators"].append(place)
        elif name in known.named_fields:
            found["named"].append(place)
        elif name in known.source_fields or name in known.weak_source_fields:
            found["sources"].append(place)
            if name in known.weak_source_fields:
                weak.add(place)
        elif name in known.licence_fields:
            found["licences"].append(place)
        elif name in own.dates:
            found["dates"].append(place)
        if not deep and name in own.columns["requests"]:
            requests.append(place)
    found["dates"].sort(key=lambda p: own.dates.index(p.name))
    found["sources"].sort(key=lambda p: p in weak)
    kept = {kind: tuple(places[: MOST[kind]]) for kind, places in found.items()}
    return Plan(
        generators=kept["generators"],
        named=tuple((p, known.named_fields[p.name]) for p in kept["named"]),
        envelopes=kept["envelopes"],
        sources=kept["sources"],
        weak=frozenset(weak & set(kept["sources"])),
        licences=kept["licences"],
        dates=kept["dates"],
        answers=tuple(answers[: MOST["answers"]]) or _only_text(shape),
        requests=tuple(requests),
    )


def _walk(shape: Shape, steps: Steps = ()) -> Iterator[tuple[Place, Shape]]:
    """Every named place; of a list of texts the list's own name, with `ITEM`."""
    for name, one in shape.fields.items():
        yield from _places((*steps, name), one)


def _places(steps: Steps, one: Shape) -> Iterator[tuple[Place, Shape]]:
    yield Place(steps), one
    yield from _walk(one, steps)
    if one.inside:
        yield from _within((*steps, INSIDE), one.inside)
    if one.items:
        yield from _within((*steps, ITEM), one.items)


def _within(steps: Steps, one: Shape) -> Iterator[tuple[Place, Shape]]:
    if one.text or one.items:
        yield Place(steps), one
    yield from _walk(one, steps)
    if one.items:
        yield from _within((*steps, ITEM), one.items)


def _answer(place: Place, one: Shape) -> Answer | None:
    """Tell whether, and how, answers lie there."""
    columns = patterns().columns
    name, deep = place.name, len([s for s in place.steps if s not in (ITEM, INSIDE)]) > 1
    if _judged(place):
        return None
    if one.items and one.items.fields:
        by_name = {n.lower(): n for n in one.items.fields}
        role = next((by_name[n] for n in sorted(columns["roles"]) if n in by_name), "")
        content = next((n for n in ("content", "value", "text", "message") if n in by_name), "")
        if role and content:
            own = one.items.fields[by_name[content]]
            parts = own.items is not None and "text" in own.items.fields and not own.text
            return Answer(place, role, by_name[content], parts)
    if one.items and one.items.text and name in columns["conversations"] and not deep:
        return Answer(place, alternating=True)
    if not one.text:
        return None
    above = [s.lower() for s in place.steps if s not in (ITEM, INSIDE)]
    if above[-2:] in (["message", "content"], ["choices", "text"]):
        return Answer(place)
    if name in columns["answers"] and not (deep and name in TOP_ONLY):
        return Answer(place)
    if name in signals().named_fields:
        return Answer(place)
    return None


def _judged(place: Place) -> bool:
    """Tell whether a place is about who judged, not who wrote."""
    judges = signals().judge_fields
    return any(s.lower() in judges or s.lower().startswith(JUDGES) for s in place.steps)


def _only_text(shape: Shape) -> tuple[Answer, ...]:
    """The one column of text that no name tells, if there is one and it is no request."""
    known = signals()
    said = {
        *known.generator_fields,
        *known.source_fields,
        *known.weak_source_fields,
        *known.licence_fields,
        *known.judge_fields,
        *patterns().columns["requests"],
        *patterns().dates,
        *("id", "uuid", "uid", "index", "lang", "language", "label", "split", "url", "title"),
    }
    texts = [name for name, one in shape.fields.items() if one.text and name.lower() not in said]
    return (Answer(Place((texts[0],))),) if len(texts) == 1 else ()
