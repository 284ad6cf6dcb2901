#!/usr/bin/python3
"""Writes docs/api/openapi.yaml as JSON into a C++ source: embed_openapi.py IN.yaml OUT.cpp VERSION."""

import json
import sys

import yaml


class UniqueKeys(yaml.SafeLoader):
    """YAML lets a mapping hold a key twice; a contract must not. Times stay text."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise SystemExit(f"{key_node.start_mark}: key {key!r} is there twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


UniqueKeys.yaml_implicit_resolvers = {
    letter: [rule for rule in rules if rule[0] != "tag:yaml.org,2002:timestamp"]
    for letter, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def main():
    source, target, version = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        document = yaml.load(file, Loader=UniqueKeys)
    document["info"]["version"] = version
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    # As numbers: a compiler need not take a string literal of more than 65,536 characters.
    octets = text.encode("ascii")
    rows = [",".join(map(str, octets[at : at + 40])) for at in range(0, len(octets), 40)]
    with open(target, "w", encoding="utf-8") as file:
        file.write(
            '#include "admin/openapi_document.hpp"\n\n'
            "namespace hairpin::admin {\n\n"
            "std::string_view openapi_document() noexcept {\n"
            "    static constexpr char kDocument[] = {\n    "
            + ",\n    ".join(rows)
            + "};\n    return {kDocument, sizeof kDocument};\n}\n\n}  // namespace hairpin::admin\n"
        )


main()
