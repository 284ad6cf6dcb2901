"""Every header of ours compiles alone: nothing is included before it but what the next rule answers for.

Parsing the standard library some two hundred times took longer than all other checks, so it is
parsed once (cmake/pch.hpp), and what that would hide is looked for in the text: of each name
of the standard library that a header uses, it, or a header of ours that it includes, includes the home.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator

from proofs import Proofs, in_parallel, reached
from sources import MODULES, ROOT, files, finish, lines, text

COMPILER = "g++"
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-I."]
PARSED_ONCE = "cmake/pch.hpp"

# Header -> the names that it is the home of, as patterns. The headers are those of PARSED_ONCE, and those that
# the standard library's own headers bring along: any other that is missing, the compiler misses as well.
HOMES = {
    "algorithm": r"(all_of|any_of|none_of|clamp|copy(_n|_if|_backward)?|count(_if)?|equal|equal_range|fill(_n)?|find(_if|_if_not)?"
    r"|for_each|lexicographical_compare\w*|lower_bound|upper_bound|max|min|minmax|max_element|min_element|mismatch|move_backward"
    r"|n?th_element|partition|remove(_if)?|replace|reverse|rotate|search|sort|stable_sort|transform|unique|ranges::\w+)",
    "array": r"(array|to_array)",
    "atomic": r"(atomic(_\w+)?|memory_order(_\w+)?)",
    "bit": r"(bit_ceil|bit_floor|bit_width|bit_cast|countl_zero|countr_zero|endian|has_single_bit|popcount|rotl|rotr)",
    "chrono": r"chrono",
    "compare": r"(strong|weak|partial)_ordering",
    "cstddef": r"(size_t|ptrdiff_t|byte|nullptr_t|max_align_t)",
    "cstdint": r"u?int(8|16|32|64|ptr|max)_t",
    "cstring": r"(mem(cpy|move|cmp|set|chr)|strlen|strcmp|strncmp|strerror)",
    "functional": r"(function|hash|less|greater|plus|equal_to|ref|cref|invoke|reference_wrapper|bind_front)",
    "initializer_list": r"initializer_list",
    "iterator": r"(advance|distance|next|prev|back_inserter|inserter|make_move_iterator|reverse_iterator|istreambuf_iterator)",
    "limits": r"numeric_limits",
    "memory": r"((unique|shared|weak)_ptr|make_(unique|shared)\w*|enable_shared_from_this|addressof|allocator|\w+_pointer_cast)",
    "mutex": r"(mutex|lock_guard|unique_lock|scoped_lock|once_flag|call_once|recursive_mutex)",
    "new": r"(bad_alloc|nothrow|align_val_t|launder)",
    "optional": r"(optional|nullopt|nullopt_t|make_optional)",
    "span": r"(span|as_bytes|as_writable_bytes|dynamic_extent)",
    "string": r"(string|to_string|stoi|stoul|stoull|getline|char_traits)",
    "string_view": r"string_view",
    "thread": r"(thread|jthread|this_thread)",
    "tuple": r"(tuple|make_tuple|tie|forward_as_tuple|apply|ignore)",
    "type_traits": r"(is_\w+|decay_t|remove_\w+|underlying_type_t|enable_if_t|conditional_t|invoke_result_t|void_t|make_(un)?signed_t)",
    "unordered_map": r"unordered_(multi)?map",
    "utility": r"(move|forward|pair|make_pair|exchange|swap|as_const|declval|in_place(_t|_type)?|index_sequence|to_underlying|cmp_\w+)",
    "variant": r"(variant|monostate|visit|get_if|holds_alternative)",
    "vector": r"vector",
    "tl/expected.hpp": None,
}
# Where the standard itself says that a header has names of another's: [string.syn], [memory.syn] and so on.
ALSO = {
    "cstddef": {"cstring", "cstdio", "cstdlib", "ctime"},
    "compare": {"string", "string_view", "array", "optional", "vector", "variant", "chrono", "tuple", "utility", "memory"},
    "initializer_list": {"string", "string_view", "vector", "utility", "unordered_map", "algorithm"},
    "tuple": {"utility"},
    "iterator": {"string", "string_view", "array", "vector", "span", "unordered_map"},
}  # fmt: skip
SYSTEM = re.compile(r"^\s*#\s*include\s+<([^>]+)>", re.MULTILINE)
USES = {
    home: re.compile(r"\bstd::" + names + r"\b(?!_)" if names else r"\btl::\w+") for home, names in HOMES.items()
}


def homeless(path: str) -> Iterator[str]:
    included = {name for one in reached(path) for name in SYSTEM.findall(text(one))}
    for home, uses in USES.items():
        if included & {home, *ALSO.get(home, ())}:
            continue
        for number, line in lines(path):
            code = re.sub(r'"(\\.|[^"\\])*"', '""', line.split("//")[0])
            if found := uses.search(code):
                yield f"{path}:{number}: {found[0]} is used, but <{home}> is not included"
                break


def compile_alone(path: str) -> str:
    # A header in the place of a source is "the main file" to the compiler, so a file includes it.
    run = subprocess.run(
        [COMPILER, *FLAGS, "-fsyntax-only", "-Winvalid-pch", "-I", parsed, "-include", "pch.hpp", "-x", "c++", "-"],
        input=f'#include "{path}"\n',
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    if run.returncode == 0 and not run.stderr:
        proofs.add(path)
        return ""
    return f"{path}:1: does not compile alone\n{run.stderr}"


version = subprocess.run([COMPILER, "--version"], text=True, capture_output=True, check=True).stdout
headers = list(files(under=(*MODULES, "tests", "bench"), suffixes=(".hpp",)))
findings = [found for path in headers for found in homeless(path)]
proofs = Proofs("headers", headers, version + " ".join(FLAGS) + text(PARSED_ONCE))
with tempfile.TemporaryDirectory() as parsed:
    subprocess.run(
        [COMPILER, *FLAGS, "-w", "-x", "c++-header", PARSED_ONCE, "-o", f"{parsed}/pch.hpp.gch"], cwd=ROOT, check=True
    )
    findings += in_parallel([[path] for path in proofs.missing()], lambda group: compile_alone(group[0]))
finish(findings)
