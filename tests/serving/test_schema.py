"""Whatever the document of the addresses allows, and what it does not: an answer as it says, never 5xx."""

import threading

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

import convscope
from convscope.serving import InferenceServer
from convscope.serving.openapi import DOCUMENT

SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    x = np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
    runs = tmp_path_factory.mktemp("served")
    run = convscope.train((x, [0, 1] * 20), network="plain", epochs=1, runs=runs, threads=1)
    server = InferenceServer([run])
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.address
    server.stop()
    thread.join(20)


@SCHEMA.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_address_answers_as_its_document_says(case, address):
    response = case.call(base_url=address)
    assert response.status_code < 500
    case.validate_response(
        response,
        checks=[
            schemathesis.checks.not_a_server_error,
            schemathesis.specs.openapi.checks.response_schema_conformance,
            schemathesis.specs.openapi.checks.content_type_conformance,
            schemathesis.specs.openapi.checks.status_code_conformance,
        ],
    )
