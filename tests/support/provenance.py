"""Whether a file is an in-toto statement with SLSA's provenance, by in-toto's own schema: an unknown field is an error."""

import json
import sys

from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

with open(sys.argv[1]) as file:
    text = file.read()
statement = json_format.Parse(text, statement_pb2.Statement())
Statement.copy_from_pb(statement).validate()
json_format.Parse(json.dumps(json.loads(text)["predicate"]), provenance_pb2.Provenance())
