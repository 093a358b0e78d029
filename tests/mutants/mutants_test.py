#!/usr/bin/env python3
"""The mutator: what it changes, what it leaves alone, and how a source holds many mutants."""

import unittest

import mutate


def changes(line):
    """What becomes of the line."""
    source = f"void f() {{\n  {line}\n}}\n"
    return [mutant.apply(source).splitlines()[1].strip() for mutant in mutate.mutants(source)]


class Mutate(unittest.TestCase):
    def test_an_operator_between_blanks_becomes_its_neighbour(self):
        self.assertIn("x = a <= b;", changes("x = a < b;"))
        self.assertIn("x = a || b;", changes("x = a && b;"))
        self.assertIn("x = a - b;", changes("x = a + b;"))

    def test_the_brackets_of_a_template_are_none(self):
        self.assertEqual(changes("std::optional<int> x;"), [])
        self.assertEqual(changes("f(T&& x);"), [";"])

    def test_a_number_becomes_a_tenth_more_and_less_but_one_at_least(self):
        self.assertEqual(changes("const auto x = 950ms;"), ["const auto x = 1045ms;", "const auto x = 855ms;"])
        self.assertEqual(changes("const auto x = 1'000;"), ["const auto x = 1100;", "const auto x = 900;"])
        self.assertEqual(changes("const auto x = 3;"), ["const auto x = 4;", "const auto x = 2;"])
        self.assertEqual(changes("const auto x = 0ns;"), ["const auto x = 1ns;"])

    def test_branches_are_always_taken_and_never(self):
        self.assertIn("if (true) g();", changes("if (x) g();"))
        self.assertIn("if (false) g();", changes("if (x) g();"))
        self.assertIn("if (const auto y = h(); false) g();", changes("if (const auto y = h(); y) g();"))
        self.assertIn("x = !(y) ? 1 : 2;", changes("x = y ? 1 : 2;"))

    def test_statements_are_left_out_declarations_and_returns_are_not(self):
        self.assertEqual(changes("g();"), [";"])
        self.assertIn("if (x) ;", changes("if (x) g();"))
        self.assertEqual(changes("const Thing thing;"), [])
        self.assertEqual(changes("return x;"), [])

    def test_signs_before_one_operand_are_dropped(self):
        self.assertIn("x = y;", changes("x = -y;"))
        self.assertIn("x = y;", changes("x = !y;"))

    def test_comments_texts_and_directives_are_left_alone(self):
        self.assertEqual(changes('const auto* x = "a < b + 1";  // a < b'), [])
        self.assertEqual(mutate.mutants("#if A < 1\n#endif\n/* a < b */\n"), [])

    def test_no_line_moves(self):
        source = "void f() {\n  if (a &&\n      b)\n    g();\n  h(1);\n}\n"
        self.assertEqual({mutant.apply(source).count("\n") for mutant in mutate.mutants(source)}, {source.count("\n")})


class Hold(unittest.TestCase):
    def held(self, line):
        source = f"void f() {{\n  {line}\n}}\n"
        text, homeless = mutate.hold_all(source, dict(enumerate(mutate.mutants(source), 1)))
        return " ".join(text.split()), homeless

    def test_a_statement_stands_there_once_for_each(self):
        text, homeless = self.held("x += 1;")
        self.assertEqual(homeless, [])
        for arm in ("{ ; } else", "{ x -= 1; } else", "{ x += 2; } else", "{ x += 0; } else", "{ x += 1; }"):
            self.assertIn(arm, text)

    def test_a_condition_is_chosen_among(self):
        text, _ = self.held("if (a < b) g();")
        self.assertIn("? bool(a <= b) :", text)
        self.assertIn("bool(a < b))) {", text)

    def test_a_constant_is_chosen_when_the_program_runs(self):
        text, _ = self.held("constexpr int x = 1;")
        self.assertEqual(text, "void f() { const int x = ( MUTANT(1) ? (2) : MUTANT(2) ? (0) : (1)); }")

    def test_what_can_only_stand_there_once_is_left_to_a_program_of_its_own(self):
        self.assertEqual(self.held("const Pair x{1, 2};")[1], [1, 2, 3, 4])


if __name__ == "__main__":
    unittest.main()
