"""initialize: what is promised is kept, and nothing is kept secret."""

from __future__ import annotations

from dapserver.client import DapClient
from tests.conftest import Connect
from tests.support.steps import refusal

# The request that each capability of the protocol promises.
PROMISES = {
    "supportsConfigurationDoneRequest": "configurationDone",
    "supportsExceptionInfoRequest": "exceptionInfo",
    "supportsModulesRequest": "modules",
    "supportsTerminateRequest": "terminate",
    "supportsCancelRequest": "cancel",
    "supportsRestartRequest": "restart",
    "supportsReadMemoryRequest": "readMemory",
    "supportsWriteMemoryRequest": "writeMemory",
    "supportsDisassembleRequest": "disassemble",
    "supportsSetVariable": "setVariable",
    "supportsSetExpression": "setExpression",
    "supportsCompletionsRequest": "completions",
    "supportsLoadedSourcesRequest": "loadedSources",
    "supportsGotoTargetsRequest": "gotoTargets",
    "supportsStepInTargetsRequest": "stepInTargets",
    "supportsBreakpointLocationsRequest": "breakpointLocations",
    "supportsDataBreakpoints": "setDataBreakpoints",
    "supportsInstructionBreakpoints": "setInstructionBreakpoints",
    "supportsFunctionBreakpoints": "setFunctionBreakpoints",
    "supportsTerminateThreadsRequest": "terminateThreads",
    "supportsStepBack": "stepBack",
    "supportsRestartFrame": "restartFrame",
}
# Told when it becomes true: a launched program can be restarted, an attached one cannot.
LATER = {"supportsRestartRequest"}
UNKNOWN = "notSupported"


def test_capabilities_and_requests_agree(session_client: DapClient) -> None:
    capabilities = session_client.initialize()
    for capability, command in PROMISES.items():
        response = session_client.response(session_client.send(command, threadId=1))
        unknown = response.get("message") == UNKNOWN
        promised = capabilities.get(capability, False) or capability in LATER
        assert promised is not unknown, f"{capability}: {response}"


def test_what_is_promised_for_leaving_and_for_single_threads(connect: Connect) -> None:
    capabilities = connect().initialize()
    for capability in (
        "supportTerminateDebuggee",
        "supportSuspendDebuggee",
        "supportsSingleThreadExecutionRequests",
        "supportsTerminateRequest",
        "supportsCancelRequest",
    ):
        assert capabilities[capability] is True, capability


def test_an_event_says_that_configuration_may_begin(session_client: DapClient) -> None:
    session_client.initialize()
    session_client.wait_event("initialized")
    assert session_client.messages[0]["command"] == "initialize"


def test_an_unknown_request_is_named(connect: Connect) -> None:
    client = connect()
    client.initialize()
    assert "fetchCoffee" in refusal(client, "fetchCoffee", sugar=True)
