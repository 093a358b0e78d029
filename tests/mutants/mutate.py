"""What may be wrong with a source: its mutants, by its tokens; and a source that holds many of them, of which one is chosen when
the program runs.

It relies on the project's format: an operator between two operands stands between blanks, and angle brackets of a template do
not."""

import re
from dataclasses import dataclass

TOKEN = re.compile(r"""
    (?P<skip> \s+ | //[^\n]* | /\*.*?\*/ | ^\#(?:\\\n|[^\n])* )
  | (?P<text> R"(?P<mark>[^\s()\\]*)\(.*?\)(?P=mark)" | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])' )
  | (?P<number> (?:0x[\da-f']+ | \d[\d']*(?:\.[\d']*)?(?:e[+-]?\d+)?) [a-z]* )
  | (?P<word> [A-Za-z_]\w* )
  | (?P<sign> <=> | <<= | >>= | -> | :: | && | \|\| | [-+*/%|&^=!<>]= | \+\+ | -- | << | >> | . )
    """, re.VERBOSE | re.DOTALL | re.MULTILINE)

BETWEEN = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-", "-": "+",
           "*": "/", "/": "*", "%": "*", "+=": "-=", "-=": "+=", "|=": "&=", "<<": ">>"}
WORDS = {"min": "max", "max": "min", "floor": "ceil", "ceil": "floor", "round": "floor", "true": "false", "false": "true",
         "all_of": "any_of", "any_of": "all_of"}
# What cannot begin a statement that may be left out. (A `return` would leave a function without a value.)
NO_STATEMENT = set("const auto static constexpr using return struct class namespace case default if for while do switch else template "
                   "enum public private friend inline void bool int double".split())
OPENING, CLOSING = "([{", ")]}"
DECLARED = re.compile(r"(const )?auto\b")  # in a condition


@dataclass(frozen=True)
class Mutant:
    begin: int  # what is replaced: offsets into the source
    end: int
    text: str
    line: int
    what: str  # for people: `latest < 3` at that line

    def apply(self, source):
        """No line moves."""
        lost = source[self.begin:self.end].count("\n")
        return source[:self.begin] + self.text + "\n" * lost + source[self.end:]


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    begin: int
    end: int


def tokens(source):
    found = ((match.lastgroup if match.lastgroup != "mark" else "text", match) for match in TOKEN.finditer(source))
    return [Token(kind, match.group(), match.start(), match.end()) for kind, match in found if kind != "skip"]


def mutants(source):
    """All of them, in the order of the source."""
    found = []
    parts = tokens(source)

    def add(begin, end, text, what):
        found.append(Mutant(begin, end, text, source.count("\n", 0, begin) + 1, " ".join(what.split())))

    pairs = matching(parts)
    for i, part in enumerate(parts):
        if in_static_assert(parts, i):
            continue
        if part.kind == "number":
            for other in other_numbers(part.text):
                add(part.begin, part.end, other, f"{around(source, parts, i)}: {part.text} is {other}")
        elif part.kind == "word" and part.text in WORDS and (part.text in ("true", "false") or parts[i + 1].text in ("(", "<")):
            add(part.begin, part.end, WORDS[part.text], f"{around(source, parts, i)}: {part.text} is {WORDS[part.text]}")
        elif part.kind == "sign":
            other = other_sign(source, parts, i)
            if other is not None:
                add(part.begin, part.end, other, f"{around(source, parts, i)}: {part.text} is {other or 'left out'}")
        if part.text in ("if", "while") and parts[i + 1].text == "(":
            branches(source, parts, i, pairs, add)
        if part.text == "?":
            begin = choice_begins(parts, i, pairs)
            asked = source[parts[begin].begin:parts[i - 1].end]
            add(parts[begin].begin, parts[i - 1].end, f"!({asked})", f"{asked} ?: inverted")
        end = statement_ends(parts, i, pairs)
        if end is not None:
            text = source[part.begin:parts[end].end]
            add(part.begin, parts[end].end, ";", f"{text} left out")
    return found


def matching(parts):
    """{opening: closing and closing: opening}, as indices."""
    pairs, stack = {}, []
    for i, part in enumerate(parts):
        if part.kind == "sign" and part.text in OPENING:
            stack.append(i)
        elif part.kind == "sign" and part.text in CLOSING:
            pairs[i] = stack.pop()
            pairs[pairs[i]] = i
    return pairs


def in_static_assert(parts, i):
    while i > 0 and parts[i].text not in (";", "{", "}"):
        if parts[i].text == "static_assert":
            return True
        i -= 1
    return False


def around(source, parts, i):
    """The line of a token, without its comment."""
    begin = source.rfind("\n", 0, parts[i].begin) + 1
    end = source.find("\n", begin)
    return re.sub(r"\s*//.*", "", source[begin:end if end >= 0 else None]).strip()


def other_numbers(text):
    """A tenth more and a tenth less, by one at least (a number of the floating kind: by a tenth)."""
    body, unit = re.fullmatch(r"(0x[\da-f']+|[\d'.]+(?:e[+-]?\d+)?)(.*)", text).groups()
    if body.startswith("0x"):
        return [f"{int(body.replace(chr(39), ''), 16) + 1}{unit}"]
    if "." in body or "e" in body:
        value = float(body.replace("'", ""))
        return [f"{value * 1.1!r}{unit}", f"{value * 0.9!r}{unit}"] if value else [f"1.0{unit}"]
    value = int(body.replace("'", ""))
    step = max(1, value // 10)
    return [f"{value + step}{unit}", *([f"{value - step}{unit}"] if value else [])]


def other_sign(source, parts, i):
    part, before, after = parts[i], parts[i - 1] if i else None, parts[i + 1] if i + 1 < len(parts) else None
    if part.text in ("++", "--"):
        return "--" if part.text == "++" else "++"
    spaced = source[part.begin - 1].isspace() and source[part.end:part.end + 1].isspace()
    if part.text in BETWEEN and spaced and before and before.kind != "sign" or part.text in BETWEEN and spaced and before.text in ")]}>":
        return BETWEEN[part.text]
    leading = before and (before.kind == "sign" and before.text not in ")]}" or before.text == "return")
    if part.text in ("!", "-") and leading and not spaced and after and after.text != "=":
        return ""
    return None


def branches(source, parts, i, pairs, add):
    """One that is always taken, and one that never is. (A loop that always goes on is a loop that hangs.) A variable that is declared
    there stays."""
    begin, end = i + 2, pairs[i + 1]
    for j in range(begin, end):
        if parts[j].text == ";" and top_level(parts, begin, j, pairs):
            begin = j + 1
    begin, end = parts[begin].begin, parts[end].begin
    asked = source[begin:end]
    what = f"{parts[i].text} ({source[parts[i + 2].begin:end]})"
    if DECLARED.match(asked):
        return add(end, end, "; false", f"{what}: never")
    add(begin, end, "false", f"{what}: never")
    if parts[i].text == "if":
        add(begin, end, "true", f"{what}: always")


def choice_begins(parts, question, pairs):
    """Where the condition of a ?: begins."""
    i = question - 1
    while i > 0:
        if i in pairs and pairs[i] < i:
            i = pairs[i]
        before = parts[i - 1]
        if before.text in ("=", "+=", "-=", "return", "(", "{", "[", ",", ";", "?", ":", "}", "|=") and before.kind in ("sign", "word"):
            return i
        i -= 1
    return i


def statement_ends(parts, i, pairs):
    """The index of its semicolon, if a statement that may be left out begins here."""
    part = parts[i]
    if not statement_begins(parts, i, pairs) or part.text in NO_STATEMENT or in_head(parts, i, pairs):
        return None
    end = semicolon(parts, i, pairs)
    return None if end is None or is_declaration(parts[i:end]) else end


def statement_begins(parts, i, pairs):
    if i == 0 or parts[i].kind != "word" and parts[i].text not in ("++", "--", "*"):
        return False
    before = parts[i - 1].text
    if before == ")":
        return parts[pairs[i - 1] - 1].text in ("if", "for", "while")
    if before == ":":
        return parts[i - 2].text == "default" or any(part.text == "case" for part in parts[max(0, i - 6):i - 2])
    return before in (";", "{", "}", "else")


def in_head(parts, i, pairs):
    """Between the brackets of a for or an if, and no lambda between."""
    while i > 0:
        i = pairs[i] - 1 if pairs.get(i, i) < i else i - 1
        if i in pairs and pairs[i] > i:
            return parts[i].text == "("
    return False


def semicolon(parts, i, pairs):
    """Of the statement that begins at i; None if it has none of its own."""
    while parts[i].text != ";":
        if pairs.get(i, i) < i:
            return None
        i = pairs.get(i, i) + 1
        if i >= len(parts) or parts[i].text == "{" and parts[i - 1].text in (")", "const"):
            return None
    return i


def is_declaration(parts):
    """Two names beside each other: a type and what is of it."""
    for before, part, after in zip([None, *parts], parts, parts[1:]):
        if part.text in ("(", "=", "+=", "-=", "|=", ".", "->", "["):
            return False
        if after.kind == "word" and (part.kind == "word" or part.text in (">", "&", "*") and before):
            return True
    return False


@dataclass
class Place:
    """A part of a source that can stand there several times over, with a choice among them."""
    kind: str  # "statement", "condition" or "value"
    begin: int
    end: int


def places(source):
    parts = tokens(source)
    pairs = matching(parts)
    found = []

    def value(begin, end):
        """What follows the first = of a declaration."""
        for i in range(begin, end):
            if parts[i].text == "=" and parts[i + 1].text != "{" and top_level(parts, begin, i, pairs):
                if not any(parts[j].text == "," and top_level(parts, i, j, pairs) for j in range(i, end)):
                    found.append(Place("value", parts[i + 1].begin, parts[end].begin))
                return

    for i, part in enumerate(parts):
        if part.text in ("if", "while", "for") and parts[i + 1].text == "(":
            begin, end = i + 2, pairs[i + 1]
            cuts = [j for j in range(begin, end) if parts[j].text == ";" and top_level(parts, begin, j, pairs)]
            if part.text == "for" and not cuts:
                continue
            pieces = list(zip([begin, *(cut + 1 for cut in cuts)], [*cuts, end]))
            asked = pieces[1 if part.text == "for" else -1]
            for piece in pieces[:1] if cuts else []:
                value(*piece)
            if asked[0] < asked[1]:
                begin, end = parts[asked[0]].begin, parts[asked[1]].begin
                if DECLARED.match(source, begin):
                    value(*asked)
                else:
                    found.append(Place("condition", begin, end))
        elif statement_begins(parts, i, pairs):
            end = semicolon(parts, i, pairs)
            if end is None or in_static_assert(parts, end):
                continue
            if part.text == "return" or part.text not in NO_STATEMENT and not is_declaration(parts[i:end]):
                found.append(Place("statement", part.begin, parts[end].end))
            else:
                value(i, end)
    return found


def top_level(parts, begin, i, pairs):
    """Whether no bracket that opens between the two is open at i."""
    while begin < i:
        if pairs.get(begin, begin) > begin:
            begin = pairs[begin]
            if begin >= i:
                return False
        begin += 1
    return True


def hold_all(source, numbered):
    """A source in which each of the mutants {number: mutant} is, and MUTANT(number) chooses it; and those that have no place in it.
    Each stands on a line of its own."""
    inside, homeless = {}, []
    everywhere = sorted(places(source), key=lambda place: place.end - place.begin)
    for number, mutant in numbered.items():
        home = next((place for place in everywhere if place.begin <= mutant.begin and mutant.end <= place.end), None)
        if home:
            inside.setdefault((home.begin, home.end), (home, []))[1].append((number, mutant))
        else:
            homeless.append(number)
    ordered = [inside[place] for place in sorted(inside)]

    def plain(begin, end, mutant):
        text = source[begin:mutant.begin] + mutant.text + source[mutant.end:end]
        return re.sub(r"\s*\n\s*", " ", re.sub(r"//[^\n]*", "", text))

    def render(begin, end, within):
        """The text between, with the places that lie in it."""
        out, at = "", begin
        for i, (place, choices) in enumerate(within):
            if place.begin < at:
                continue  # in the one before
            nested = [other for other in within[i + 1:] if other[0].end <= place.end and other[0].begin < place.end]
            original = render(place.begin, place.end, nested)
            arms = [(number, plain(place.begin, place.end, mutant)) for number, mutant in choices]
            if place.kind == "statement":
                chosen = "{" + "".join(f"\nif (MUTANT({n})) {{ {text} }} else" for n, text in arms) + "\n{ " + original + " } }"
            else:
                cast = "bool" if place.kind == "condition" else ""
                chosen = "(" + "".join(f"\nMUTANT({n}) ? {cast}({text}) :" for n, text in arms) + f"\n{cast}({original}))"
            out += source[at:place.begin] + chosen
            at = place.end
        return out + source[at:end]

    # What is chosen at run time is no constant of the compiler's.
    return re.sub(r"\bconstexpr\b", "const", render(0, len(source), ordered)), homeless
