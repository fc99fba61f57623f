"""What Schemathesis has to know to hold the servers against their descriptions: how the body of an import is written."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def rows(context, value):
    """One row a line."""
    return json.dumps(value).encode()
