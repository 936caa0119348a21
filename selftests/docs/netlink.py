# SPDX-License-Identifier: GPL-2.0-or-later
# Reads a generic netlink specification and prints the names that its C header has to define: one a
# line, with its value and, for attributes, its type. Complains about what is inconsistent in itself.

import sys
import yaml


class Mistake(Exception):
    pass


def c_name(*parts):
    return "-".join(parts).replace("-", "_").upper()


def known_keys(what, table, keys):
    unknown = set(table) - set(keys.split())
    if unknown:
        raise Mistake(f"{what} has unknown keys: {', '.join(sorted(unknown))}")


def show(name, value, kind="-"):
    print(f"{name}\t{value}\t{kind}")


def definition(family, d):
    known_keys(f"definition {d.get('name')}", d, "name type doc entries value value-start name-prefix"
               " enum-name header render-max")
    if d["type"] == "const":
        show(c_name(family, d["name"]), d["value"])
        return
    if d["type"] not in ("enum", "flags"):
        raise Mistake(f"definition {d['name']} is of type {d['type']}")
    value = d.get("value-start", 0)
    for entry in d["entries"]:
        if isinstance(entry, str):
            entry = {"name": entry}
        known_keys(f"an entry of {d['name']}", entry, "name value doc")
        value = entry.get("value", value)
        shown = 1 << value if d["type"] == "flags" else value
        show(c_name(d.get("name-prefix", f"{family}-{d['name']}-").rstrip("-"), entry["name"]), shown)
        value += 1


def attribute_set(family, spec, s):
    known_keys(f"attribute set {s.get('name')}", s, "name doc attributes name-prefix attr-cnt-name"
               " attr-max-name enum-name subset-of")
    if "subset-of" in s:
        return
    enums = {d["name"] for d in spec.get("definitions", [])}
    sets = {other["name"] for other in spec["attribute-sets"]}
    value = 1
    for a in s["attributes"]:
        known_keys(f"attribute {a.get('name')}", a, "name type doc value enum enum-as-flags nested-attributes"
                   " checks len display-hint byte-order multi-attr sub-type")
        if a.get("enum", None) not in enums | {None}:
            raise Mistake(f"attribute {a['name']} of {s['name']}: there is no enum {a['enum']}")
        if a["type"] == "nest" and a.get("nested-attributes") not in sets:
            raise Mistake(f"attribute {a['name']} of {s['name']} nests no known set")
        value = a.get("value", value)
        prefix = s.get("name-prefix", f"{family}-a-{s['name']}-").rstrip("-")
        show(c_name(prefix, a["name"]), value, a["type"])
        value += 1


def check_attributes(where, spec, op, names):
    attributes = {a["name"] for s in spec["attribute-sets"] if s["name"] == op["attribute-set"]
                  for a in s["attributes"]}
    for name in names:
        if name not in attributes:
            raise Mistake(f"{where}: {op['attribute-set']} has no attribute {name}")


def operation(family, spec, op, value):
    known_keys(f"operation {op.get('name')}", op, "name doc value attribute-set flags do dump notify event"
               " mcgrp dont-validate")
    if op["attribute-set"] not in {s["name"] for s in spec["attribute-sets"]}:
        raise Mistake(f"operation {op['name']}: there is no attribute set {op['attribute-set']}")
    for mode in ("do", "dump", "event"):
        body = op.get(mode) or {}
        messages = [body] if mode == "event" else [body.get("request") or {}, body.get("reply") or {}]
        for message in messages:
            check_attributes(f"operation {op['name']}", spec, op, message.get("attributes", []))
    groups = {g["name"] for g in spec.get("mcast-groups", {}).get("list", [])}
    if "mcgrp" in op and op["mcgrp"] not in groups:
        raise Mistake(f"operation {op['name']}: there is no multicast group {op['mcgrp']}")
    prefix = spec["operations"].get("name-prefix", f"{family}-cmd-").rstrip("-")
    show(c_name(prefix, op["name"]), value)


def main(path):
    with open(path, encoding="utf-8") as file:
        spec = yaml.safe_load(file)
    known_keys("the specification", spec, "name doc protocol version uapi-header kernel-policy max-by-define"
               " c-family-name c-version-name definitions attribute-sets operations mcast-groups")
    family = spec["name"]
    show(spec.get("c-family-name", c_name(family, "family-name")), f'"{family}"')
    show(spec.get("c-version-name", c_name(family, "family-version")), spec.get("version", 1))
    for d in spec.get("definitions", []):
        definition(family, d)
    for s in spec["attribute-sets"]:
        attribute_set(family, spec, s)
    value = 1
    for op in spec["operations"]["list"]:
        value = op.get("value", value)
        operation(family, spec, op, value)
        value += 1
    for group in spec.get("mcast-groups", {}).get("list", []):
        show(group.get("c-define-name", c_name(family, "mcgrp", group["name"])), f'"{group["name"]}"')


try:
    main(sys.argv[1])
except Mistake as mistake:
    sys.exit(f"{sys.argv[1]}: {mistake}")
