"""What Schemathesis cannot know: what it has to leave alone, and what nobody but the API can make."""

import os
import re
import uuid

import schemathesis

# host:port of a receiver on this machine: nothing is sent to any other.
RECEIVER = os.environ["POSTDUIF_RECEIVER"]
# Id of the token that the tests are done with.
OWN_TOKEN = os.environ["POSTDUIF_TOKEN_ID"]

HOST = re.compile(r"^https?://[^/?#\\]+", re.IGNORECASE)
TAG = re.compile(r'\*|(W/)?"')


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if isinstance(body, dict) and isinstance(body.get("handler"), str):
        case.body = {**body, "handler": HOST.sub(f"http://{RECEIVER}", body["handler"])}
    if case.operation.label == "DELETE /v1/tokens/{id}" and case.path_parameters.get("id") == OWN_TOKEN:
        case.path_parameters["id"] = str(uuid.uuid4())
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    # Tokens end in the future.
    if case.operation.label == "POST /v1/tokens" and isinstance(body, dict) and "expiresAt" in body:
        case.body = {**body, "expiresAt": "9999-12-31T23:59:59Z"}
    # Only a page of the list has the next cursor.
    if case.query:
        case.query.pop("cursor", None)
    # The coverage phase of Schemathesis makes values that do not fit the pattern.
    for name in ("If-Match", "If-None-Match"):
        if case.headers and not TAG.match(case.headers.get(name, "*")):
            del case.headers[name]
