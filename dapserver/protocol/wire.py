"""The Debug Adapter Protocol on pygls: envelopes, the registry of handlers, and their turns.

pygls supplies the Content-Length framing and the registry. This module supplies what differs from
JSON-RPC 2.0: DAP's `seq`/`type`/`command` envelope, exactly one response per request, requests
answered in turn, and no event between a request and its response.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
import typing
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal

from pydantic import Field, ValidationError

from dapserver.debugger.errors import DebuggerError
from dapserver.protocol import types as dap
from dapserver.protocol.envelopes import Event, Response, ReverseRequest
from dapserver.protocol.framing import CheckedReader, FramingError
from dapserver.protocol.model import Model
from dapserver.protocol.outbox import Outbox
from dapserver.protocol.pygls_parts import FeatureManager, run_async
from dapserver.protocol.turns import Turns

log = logging.getLogger(__name__)

MOST_IN_FLIGHT = 64
"""Requests that may be unanswered before the next is read."""

LAST_MOMENT = 0.5
"""Seconds for the requests of a client that has closed its side, or sent nonsense behind them."""

Handler = Callable[[Any, Any], Awaitable[Model | None]]
Served = Callable[["Connection", dict[str, Any]], Coroutine[Any, Any, Model | None]]

_registry = FeatureManager()  # type: ignore[no-untyped-call]
_capabilities: dict[str, Any] = {}


class Request(Model):
    """The envelope of a request."""

    seq: int = Field(ge=0, strict=True)
    type: Literal["request"]
    command: str
    arguments: dict[str, Any] | None = None


class ErrorBody(Model):
    """What a refused request's response says to the user."""

    error: dap.Message


class NoArguments(Model):
    """Of a request that takes none."""


def request(command: str, *, in_turn: bool = True) -> Callable[[Handler], Handler]:
    """Register a coroutine as the handler of DAP request *command*.

    It is called with the session and the arguments, validated by the model that its second
    parameter is annotated with. Requests are handled one at a time, in the order they came; with
    `in_turn=False` one may overtake a handler that is still waiting, as `cancel` must.
    """

    def register(handler: Handler) -> Handler:
        @functools.cache  # when first asked for: resolving annotations costs start-up time
        def model() -> type[Model]:
            found: type[Model] = list(typing.get_type_hints(handler).values())[1]
            return found

        @functools.wraps(handler)
        async def serve(connection: Connection, arguments: dict[str, Any]) -> Model | None:
            return await handler(connection.session, model().model_validate(arguments))

        serve.in_turn = in_turn  # type: ignore[attr-defined]
        serve.model = model  # type: ignore[attr-defined]
        _registry.feature(command)(serve)
        return handler

    return register


def resolve_arguments() -> None:
    """Find the models of all handlers' arguments now: for a server that forks, once for its sessions."""
    for handler in _registry.features.values():
        handler.model()


def capability(**values: Any) -> None:
    """Declare what `initialize` answers; stands beside the handler that makes it true."""
    _capabilities.update(values)


def capabilities() -> dap.Capabilities:
    return dap.Capabilities(**_capabilities)


class Connection:
    """One client: what it asked, what is being handled, and the way back to it."""

    def __init__(
        self, reader: asyncio.StreamReader, outbox: Outbox, room: Callable[[], Awaitable[None]]
    ) -> None:
        self.session: Any = None
        self.outbox = outbox
        self._reader = CheckedReader(reader, self._ready_for_more)
        self._room = room
        self._fewer = asyncio.Event()
        self._turns = Turns()
        self._turns.on_done = self._fewer.set
        self._overtaking: set[asyncio.Task[None]] = set()
        self._in_flight: dict[int, Callable[[], object]] = {}
        """How each request that was not answered yet is cancelled."""
        self._asked: list[tuple[ReverseRequest, asyncio.Future[dict[str, Any]]]] = []
        self._reading: asyncio.Future[None] | None = None
        self._hanging_up = False

    async def serve(self) -> None:
        """Handle messages until the client disconnects, goes away, or framing is lost."""
        never = threading.Event()  # run_async looks at it between messages only: see hang_up
        lost = None
        self._reading = asyncio.ensure_future(
            run_async(never, self._reader, self, _quiet, self._unreadable)  # type: ignore[arg-type] # duck-typed
        )
        try:
            await self._reading
        except asyncio.CancelledError:
            if not self._hanging_up:
                raise
        except FramingError as error:
            lost = f"{error}; the connection ends here, because the next message cannot be found."
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            log.info("client went away: %r", error)
        await self._settle()
        if lost:
            self._refuse_message(0, lost)

    async def _ready_for_more(self) -> None:
        """Wait until the client has read enough, and enough of its requests are answered."""
        await self._room()
        while len(self._turns) + len(self._overtaking) >= MOST_IN_FLIGHT:
            self._fewer.clear()
            await self._fewer.wait()

    async def _settle(self) -> None:
        """No request will come any more: give those that came a moment, and cancel the rest."""
        if not self._hanging_up:
            done = asyncio.ensure_future(self._all_done())
            await asyncio.wait([done], timeout=LAST_MOMENT)
        self._turns.close()
        for task in self._overtaking:
            task.cancel()
        await self._all_done()

    async def _all_done(self) -> None:
        while len(self._turns) or self._overtaking:
            await asyncio.gather(self._turns.finish(), *self._overtaking, return_exceptions=True)

    def hang_up(self) -> None:
        """End the connection, after the response of the request that is being handled if any."""
        self._hanging_up = True
        if self._reading is not None:
            self._reading.cancel()

    def cancel(self, seq: int) -> None:
        """Cancel the request with this seq if it is still being handled, or has not had its turn."""
        if cancel := self._in_flight.get(seq):
            cancel()

    async def ask(self, command: str, arguments: Model) -> dict[str, Any]:
        """Send a reverse request, and return its response (success or not)."""
        message = ReverseRequest(command=command, arguments=arguments)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked.append((message, answer))
        self.outbox.send(message)
        return await answer

    def post(self, event: str, body: Model | None = None) -> None:
        """Queue an event; see `Outbox.post`."""
        log.debug("event %s %r", event, body)
        self.outbox.post(Event(event=event, body=body))

    def between_requests(self, action: Callable[[], Awaitable[None]]) -> None:
        """Do something as soon as no request is being handled, and send what it posts.

        None is until it is done.
        """
        self._turns.add(functools.partial(self._between_requests, action))

    async def _between_requests(self, action: Callable[[], Awaitable[None]]) -> None:
        await action()
        self.outbox.flush()

    # -- called by pygls.io_.run_async ------------------------------------------------------

    structure_message = None
    """json's object_hook would see nested objects too; only handle_message knows which is the message."""

    def handle_message(self, message: Any) -> None:
        if self._hanging_up:
            return
        if isinstance(message, dict) and message.get("type") == "response":
            self._answered(message)
            return
        try:
            request = Request.model_validate(message)
        except ValidationError as error:
            seq = message.get("seq") if isinstance(message, dict) else 0
            seq = seq if type(seq) is int else 0
            self._refuse_message(seq, f"Not a DAP request: {describe(error)}")
            return
        if log.isEnabledFor(logging.DEBUG):
            log.debug("request %s", _without_tokens(message))
        self._begin(request)

    def _unreadable(self, error: Exception, _kind: object) -> None:
        self._refuse_message(0, f"A message could not be read as JSON: {error}")

    # -- one request -------------------------------------------------------------------------

    def _begin(self, request: Request) -> None:
        handler = _registry.features.get(request.command) or _unknown_request(request.command)
        if getattr(handler, "in_turn", True):
            serve = functools.partial(self._serve_in_turn, request, handler)
            turn = self._turns.add(serve, withdrawn=functools.partial(self._withdrawn, request))
            self._in_flight[request.seq] = functools.partial(self._turns.cancel, turn)
        else:
            task = asyncio.get_running_loop().create_task(self._serve_at_once(request, handler))
            self._in_flight[request.seq] = task.cancel
            self._overtaking.add(task)
            task.add_done_callback(self._overtaken)

    def _withdrawn(self, request: Request) -> None:
        response = Response(request_seq=request.seq, command=request.command)
        _cancel(response)
        self._answer(response)

    def _overtaken(self, task: asyncio.Task[None]) -> None:
        self._overtaking.discard(task)
        self._fewer.set()

    async def _serve_in_turn(self, request: Request, handler: Served) -> None:
        try:
            await self._room()
        except asyncio.CancelledError:
            self._withdrawn(request)
            return
        except ConnectionError:
            return  # nobody is there to be answered
        self.outbox.flush()
        self.outbox.take_turn()
        try:
            await self._respond(request, handler)
        finally:
            self.outbox.yield_turn()
        self.session.answered()

    async def _serve_at_once(self, request: Request, handler: Served) -> None:
        await self._respond(request, handler)
        self.session.answered()

    async def _respond(self, request: Request, handler: Served) -> None:
        response = Response(request_seq=request.seq, command=request.command)
        try:
            self.session.admit(request.command, request.arguments or {})
            response.body = await handler(self, request.arguments or {})
        except asyncio.CancelledError:
            _cancel(response)
        except DebuggerError as error:
            _fail(response, error)
        except ProcessLookupError:
            _fail(response, DebuggerError("It has just ended."))
        except ValidationError as error:
            _fail(response, DebuggerError(f"{request.command}: {describe(error)}"))
        except Exception as error:
            log.exception("%s failed", request.command)
            text = f"Internal error in dapserver ({error!r}); the log has the details. The program goes on."
            _fail(response, DebuggerError(text, short="internal error"))
        self._answer(response)

    def _answer(self, response: Response) -> None:
        log.debug("response %r", response)
        self._in_flight.pop(response.request_seq, None)
        self.outbox.send(response, more_soon=len(self._turns) > 1)

    def _refuse_message(self, seq: int, text: str) -> None:
        """Answer what is no request; `request_seq` 0 where it had no number."""
        response = Response(request_seq=seq, command="")
        _fail(response, DebuggerError(text))
        log.warning("refused: %s", text)
        self.outbox.send(response)

    def _answered(self, message: dict[str, Any]) -> None:
        for pair in self._asked:
            request, answer = pair
            if request.seq == message.get("request_seq"):
                self._asked.remove(pair)
                if not answer.done():
                    answer.set_result(message)
                return


def _cancel(response: Response) -> None:
    response.success, response.message = False, "cancelled"  # nobody is to be shown that


def _unknown_request(command: str) -> Served:
    async def refuse(_connection: Connection, _arguments: dict[str, Any]) -> None:
        raise DebuggerError(f"dapserver does not offer the request '{command}'.", short="notSupported")

    return refuse


def _without_tokens(value: Any) -> Any:
    """A message for the log, which more people may read than may debug."""
    if isinstance(value, dict):
        return {k: "***" if k == "token" else _without_tokens(v) for k, v in value.items()}
    return value


def _fail(response: Response, error: DebuggerError) -> None:
    response.success = False
    response.message = error.short
    # `format` is a template: a brace in a path or a name must not be taken for a variable.
    text = str(error)
    variables = None
    if "{" in text:
        text, variables = "{text}", {"text": text}
    message = dap.Message(id=1, format=text, variables=variables, show_user=True)
    response.body = ErrorBody(error=message)


def describe(error: ValidationError) -> str:
    """Say which argument is wrong, what it is and what was expected, for each."""
    problems = []
    for detail in error.errors(include_url=False, include_context=False):
        name = ".".join(str(part) for part in detail["loc"]) or "the message"
        if detail["type"] == "missing":
            problems.append(f"'{name}' is missing")
        else:
            value = repr(detail["input"])
            value = value if len(value) <= 60 else value[:57] + "..."
            problems.append(f"'{name}' is {value}: {detail['msg'][0].lower()}{detail['msg'][1:]}")
    return "; ".join(problems) + "."


# pygls logs each unreadable message with its traceback; the client gets an answer instead.
_quiet = logging.getLogger(f"{__name__}.pygls")
_quiet.setLevel(logging.CRITICAL + 1)
