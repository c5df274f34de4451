"""A server with OpenAI's chat interface on 127.0.0.1, that answers at once and fails as it is told to."""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from auditor.sources.abilities import _INVENT, _SAY

WORDS = ["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "spruce"]
ABILITY_PROMPTS = (_SAY, _INVENT)

Body = dict[str, Any]


def prompt_of(body: Body) -> str:
    return body["messages"][-1]["content"] if "messages" in body else body["prompt"]


def about_abilities(body: Body) -> bool:
    """Whether a request only asks what the server can do."""
    return prompt_of(body) in ABILITY_PROMPTS


class Server:
    """What it was asked, and how it is to behave.

    `fault(body)` names what goes wrong with a request, or None; `ignores` and `refuses` hold names of request
    fields; `key` is the key it wants.
    """

    def __init__(self) -> None:
        self.requests: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.fault: Callable[[Body], str | None] = lambda body: None
        self.ignores: set[str] = set()
        self.refuses: set[str] = set()
        self.models: tuple[str, ...] = ("m",)
        self.key = ""
        self.most_top = 20
        self.retry_after = "0.02"
        self.slow = 0.0
        self.greedy = False
        self.echoed = -1.5
        self.closed = self.moved = ""
        self.says: dict[str, str] = {}
        self.finish = "stop"
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.url = ""

    @property
    def asked(self) -> list[Body]:
        """Requests that were not about abilities."""
        return [body for body in self.requests if not about_abilities(body)]

    def times_of(self, prompt: str) -> int:
        return sum(prompt_of(body) == prompt for body in self.requests)

    def text(self, body: Body) -> str:
        prompt = prompt_of(body)
        if prompt in self.says:
            return self.says[prompt]
        chance: Any = None
        if body.get("temperature") == 0 or self.greedy:
            chance = prompt
        elif "seed" in body and "seed" not in self.ignores:
            chance = f"{prompt} {body['seed']}"
        return " ".join(random.Random(chance).choices(WORDS, k=12))

    def choice(self, body: Body, fault: str | None) -> Body:
        text = "" if fault == "empty" else self.text(body)
        choice: Body = {"message": {"role": "assistant", "content": text}, "finish_reason": self.finish}
        if body.get("logprobs") and "logprobs" not in self.ignores and fault != "no_logprobs":
            top = min(body["top_logprobs"], self.most_top)
            bad = float("nan") if fault == "nan" else math.log(0.5)
            choice["logprobs"] = {"content": [self.position(word, top, bad) for word in text.split()]}
        return choice

    def position(self, word: str, top: int, value: float) -> Body:
        entries = [{"token": word, "logprob": value}]
        entries += [{"token": f"{word}{i}", "logprob": -2.0 - i} for i in range(1, top)]
        return {"token": word, "logprob": value, "bytes": None, "top_logprobs": entries[:top]}

    def echo(self, body: Body) -> Body:
        """A plain completion that begins with the prompt, with log probabilities of all of it."""
        said = ("" if "echo" in self.ignores else body["prompt"]) + " oak"
        tokens = said.split()
        found = {"tokens": tokens, "token_logprobs": [None] + [self.echoed] * (len(tokens) - 1)}
        logprobs = None if "echo_logprobs" in self.ignores else found
        return {"id": "c", "model": body["model"], "choices": [{"text": said, "logprobs": logprobs}]}

    def completion(self, body: Body, fault: str | None) -> Body:
        n = 1 if "n" in self.ignores else body.get("n", 1)
        choices = [self.choice(body, fault) for _ in range(n)]
        used = {"prompt_tokens": 7, "completion_tokens": 12 * n, "total_tokens": 7 + 12 * n}
        return {"id": "c", "model": f"{body['model']}-0613", "choices": choices, "usage": used}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_of: Server

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.send(200, {"data": [{"id": name} for name in self.server_of.models]})

    def do_POST(self) -> None:
        server = self.server_of
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with server.lock:
            server.requests.append(body)
            server.headers.append({k.lower(): v for k, v in self.headers.items()})
            server.times.append(time.monotonic())
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
            fault = server.fault(body)
        try:
            if server.slow and not about_abilities(body):
                time.sleep(server.slow)
            self.answer(body, fault)
        except OSError:
            pass
        finally:
            with server.lock:
                server.at_once -= 1

    def answer(self, body: Body, fault: str | None) -> None:
        server = self.server_of
        if server.key and self.headers.get("authorization") != f"Bearer {server.key}":
            said = f"Incorrect key: {self.headers.get('authorization')}"
            return self.send(401, {"error": {"message": said, "code": "invalid_api_key"}})
        if server.moved:
            return self.send(307, b"", {"location": server.moved})
        if self.path == "/v1/completions" and server.closed:
            return self.send(int(server.closed), {"error": {"message": "not here"}})
        if self.path == "/v1/completions" and "completions" not in server.refuses:
            return self.send(200, server.echo(body))
        if not self.path.startswith("/v1/chat/completions") or body["model"] not in server.models:
            return self.send(404, {"error": {"message": f"no model {body['model']} here"}})
        refused = server.refuses & body.keys()
        if refused:
            name = sorted(refused)[0]
            hint = ", use max_completion_tokens" if name == "max_tokens" else ""
            return self.send(400, {"error": {"message": f"unsupported: {name}{hint}"}})
        if fault and fault.isdigit():
            headers = {"retry-after": server.retry_after} if fault in ("429", "503") else {}
            return self.send(int(fault), {"error": {"message": f"fault {fault}"}}, headers)
        content = json.dumps(server.completion(body, fault)).encode()
        if fault == "malformed":
            content = content[: len(content) // 2]
        if fault == "no_choices":
            content = b'{"error": {"message": "out of memory"}}'
        if fault == "hang":
            time.sleep(5)
        if fault == "stream":
            content = b'data: {"choices": [{"delta": {"content": "Oak"}}]}\n\ndata: [DONE]\n\n'
        if fault in ("drip", "chunks"):
            return self.send_slowly(content, whole=fault == "drip")
        self.send(200, content, cut=fault == "cut")

    def send_slowly(self, content: bytes, *, whole: bool) -> None:
        """Piece by piece, of unknown length; if not `whole`, break off in the middle at once."""
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for byte in content if whole else content[:9]:
            self.wfile.write(b"1\r\n%c\r\n" % byte)
            time.sleep(0.05 if whole else 0)
        self.close_connection = True

    def send(
        self, status: int, content: bytes | Body, headers: dict[str, str] | None = None, *, cut: bool = False
    ) -> None:
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = self.close_connection or cut


@contextmanager
def serving() -> Iterator[Server]:
    """Serve until the block ends."""
    state = Server()
    handler = type("Handler", (_Handler,), {"server_of": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        http.daemon_threads = True
        state.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield state
        finally:
            http.shutdown()
