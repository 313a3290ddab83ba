#!/usr/bin/python3
"""Checks documents against GS1's JSON schema for EPCIS 2.0: epcis.py SCHEMA FILE..."""

import json
import re
import sys

import jsonschema

URI = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$")
TIME = re.compile(r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")

# Debian's validator judges these formats only with further packages.
formats = jsonschema.FormatChecker(formats=())
formats.checks("uri")(lambda text: not isinstance(text, str) or URI.match(text) is not None)
formats.checks("date-time")(lambda text: not isinstance(text, str) or TIME.match(text) is not None)


def main(schema_file, *files):
    with open(schema_file, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema, format_checker=formats)
    wrong = 0
    for name in files:
        with open(name, encoding="utf-8") as file:
            document = json.load(file)
        for error in validator.iter_errors(document):
            wrong += 1
            place = "/".join(str(part) for part in error.absolute_path)
            print(f"{name}: {place}: {error.message[:300]}")
            for inner in (error.context or [])[:6]:
                print("    " + inner.message[:200])
    sys.exit(1 if wrong else 0)


main(*sys.argv[1:])
