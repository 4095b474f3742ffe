"""The addresses of a service as OpenAPI, for programs that make clients and tests of it.

Source: https://spec.openapis.org/oas/v3.1.0
"""

from typing import Any

import convscope

Schema = dict[str, Any]


def _object(required: dict[str, Schema], **more: Schema) -> Schema:
    return {"type": "object", "properties": required | more, "required": list(required)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _json(schema: Schema, words: str) -> Schema:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _at(place: str, name: str, words: str, required: bool = False) -> Schema:
    return {"name": name, "in": place, "required": required, "description": words, "schema": TEXT}


TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
PARAMETERS: Schema = {"type": "object"}
TENSOR = _object(
    {"name": TEXT, "datatype": TEXT, "shape": _list(WHOLE)},
    data={"type": "array", "items": {}},
    parameters=PARAMETERS,
)
INFER = _object(
    {"inputs": _list(TENSOR) | {"minItems": 1, "maxItems": 1}},
    id=TEXT,
    outputs=_list(_object({"name": TEXT}, parameters=PARAMETERS)),
    parameters=PARAMETERS,
)
INFERRED = _object({"model_name": TEXT, "model_version": TEXT, "outputs": _list(TENSOR)}, id=TEXT)
PREDICTED = _object(
    {"model": TEXT, "version": TEXT, "remarks": _list(TEXT), "predicted": {"type": ["string", "number"]}},
    probability=NUMBER,
    probabilities={"type": "object", "additionalProperties": NUMBER},
    target=TEXT,
)
PLACE = _object({"name": TEXT, "datatype": TEXT, "shape": _list(WHOLE)})
MODEL = _object(
    {
        "name": TEXT,
        "versions": _list(TEXT),
        "platform": TEXT,
        "inputs": _list(PLACE),
        "outputs": _list(PLACE),
    },
    parameters=PARAMETERS,
)
READY = _object({"ready": {"type": "boolean"}}, name=TEXT)
ERROR = _json(_object({"error": TEXT}), "What was wrong.")
ERRORS = dict.fromkeys(("400", "401", "403", "404", "405", "409", "413", "415", "421", "503", "504"), ERROR)
NAME, VERSION = _at("path", "name", "Of the model.", True), _at("path", "version", "1, 2 …", True)
BYTES: Schema = {"type": "string", "format": "binary"}


def _operation(
    words: str, answer: Schema, parameters: tuple[Schema, ...] = (), body: Schema | None = None
) -> Schema:
    made: Schema = {"summary": words, "responses": {"200": answer, **ERRORS}}
    if parameters:
        made["parameters"] = list(parameters)
    if body:
        made["requestBody"] = {"required": True, "content": body}
    return made


def _models() -> dict[str, Schema]:
    """Each address of a model, of its newest version and of a named one."""
    found = {}
    for place, at in (
        ("/v2/models/{name}", (NAME,)),
        ("/v2/models/{name}/versions/{version}", (NAME, VERSION)),
    ):
        model = _operation("What a model takes and says", _json(MODEL, "The model."), at)
        ready = _operation("Whether a model takes requests", _json(READY, "It does."), at)
        body = {"application/json": {"schema": INFER}}
        infer = _operation("Tensors in, tensors out", _json(INFERRED, "What it says."), at, body)
        found |= {place: {"get": model}, f"{place}/ready": {"get": ready}, f"{place}/infer": {"post": infer}}
    return found


FILE = (
    _at("query", "model", "Its name; the first one if not given."),
    _at("query", "version", "The newest if not given."),
    _at("query", "name", "Of the file."),
)
SERVER = _object({"name": TEXT, "version": TEXT, "extensions": _list(TEXT)})
LIVE = _object({"live": {"type": "boolean"}})
COUNTERS = {"description": "Counters.", "content": {"text/plain": {"schema": TEXT}}}
INDEX = _json(_list(_object({"name": TEXT, "version": TEXT, "state": TEXT}, look=TEXT)), "Models.")
FOUND = _json(PREDICTED, "What it is.")
DOCUMENT: Schema = {
    "openapi": "3.1.0",
    "info": {"title": "convscope", "version": convscope.__version__},
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{}, {"key": []}],
    "paths": {
        "/predict": {
            "post": _operation(
                "A file in, what it is out", FOUND, FILE, {"application/octet-stream": {"schema": BYTES}}
            )
        },
        **_models(),
        "/v2": {"get": _operation("Who this is", _json(SERVER, "convscope."))},
        "/v2/health/live": {"get": _operation("Whether it answers", _json(LIVE, "It does."))},
        "/v2/health/ready": {"get": _operation("Whether it takes requests", _json(READY, "It does."))},
        "/v2/repository/index": {"post": _operation("Which models there are", INDEX)},
        "/reload": {
            "post": _operation("Read the runs again", _json(_object({"models": _list(TEXT)}), "Done."))
        },
        "/metrics": {"get": _operation("Counters, for Prometheus", COUNTERS)},
    },
}
