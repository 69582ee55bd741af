"""Whether a regular expression has an exponential worst case in an engine that backtracks.

Rust's engine and RE2 never backtrack; Python's and Java's (Glue's crawler and GrokSerDe) do. Such an engine
can take exponential time on a line only where the automaton of the expression has two different ways from a
state back to it over the same text (Weber and Seidl, "On the degree of ambiguity of finite automata", 1991).
That is decided here, for each loop of the automaton by itself.
"""

from __future__ import annotations

import functools
import re
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]

#: A repetition with a bound from here on counts as one without.
MANY = 10
#: Characters that stand for all: ASCII, and one for what is beyond.
_ALL = (1 << 129) - 1
_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def exponential(pattern: str) -> str:
    """The repetition of `pattern` that makes it exponential, as text; empty if there is none.

    Look-around and back-references are taken as empty: what they guard is judged without them.
    """
    parsed = parser.parse(pattern)
    machine = _Machine()
    start, end = machine.state(), machine.state()
    machine.sequence(parsed, start, end, bool(parsed.state.flags & re.IGNORECASE))
    for component in machine.loops():
        if (word := machine.ambiguous(component)) is not None:
            return f"what matches {word!r}"
    return ""


class _Machine:
    """A nondeterministic automaton: `steps[s]` lists (characters as a bit set, next state)."""

    def __init__(self) -> None:
        self.steps: list[list[tuple[int, int]]] = []
        self.free: list[list[int]] = []  # transitions that take no character

    def state(self) -> int:
        self.steps.append([])
        self.free.append([])
        return len(self.steps) - 1

    def sequence(self, items, start: int, end: int, ignore_case: bool) -> None:
        at = start
        for item in items:
            after = self.state()
            self._item(item, at, after, ignore_case)
            at = after
        self.free[at].append(end)

    def _item(self, item, start: int, end: int, ignore_case: bool) -> None:
        code, value = item
        if code in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
            self.steps[start].append((_characters(code, value, ignore_case), end))
        elif code is op.SUBPATTERN:
            _, add, remove, inner = value
            ignore_case = (ignore_case or bool(add & re.IGNORECASE)) and not remove & re.IGNORECASE
            self.sequence(inner, start, end, ignore_case)
        elif code is op.BRANCH:
            for branch in value[1]:
                self.sequence(branch, start, end, ignore_case)
        elif code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            self._repeat(value, start, end, ignore_case)
        else:  # anchors, look-around, back-references
            self.free[start].append(end)

    def _repeat(self, value, start: int, end: int, ignore_case: bool) -> None:
        least, most, inner = value
        if most is op.MAXREPEAT or most >= MANY:
            # No state is both where a round starts and where the loop ends: a way out of the loop and in
            # again by a loop around it would then seem to go in a circle.
            body, back = self.state(), self.state()
            self.free[start].append(body)
            self.sequence(inner, body, back, ignore_case)
            self.free[back] += [body, end]
            if not least:
                self.free[start].append(end)
            return
        at = start
        for number in range(most):
            after = self.state()
            self.sequence(inner, at, after, ignore_case)
            if number >= least:
                self.free[at].append(end)
            at = after
        self.free[at].append(end)

    def closure(self, state: int) -> list[int]:
        """States that are reached without a character: twice those that are reached in several ways."""
        reached: list[int] = []
        visits = [0] * len(self.steps)
        work, path = [(state, False)], set()
        while work:
            at, leaving = work.pop()
            if leaving:
                path.discard(at)
                continue
            if at in path or visits[at] == 2:  # a loop through nothing, or known to be reached in two ways
                continue
            visits[at] += 1
            reached.append(at)
            path.add(at)
            work.append((at, True))
            work += [(following, False) for following in self.free[at]]
        return reached

    @functools.cached_property
    def arrows(self) -> list[list[tuple[int, int]]]:
        """For each state (characters, next state), free transitions gone."""
        made: list[list[tuple[int, int]]] = []
        for state in range(len(self.steps)):
            found: list[tuple[int, int]] = []
            for reached in self.closure(state):
                found += self.steps[reached]
            made.append(found)
        return made

    def loops(self) -> list[set[int]]:
        """Strongly connected components with a cycle (Tarjan's algorithm, without recursion)."""
        size = len(self.steps)
        index, low = [-1] * size, [0] * size
        on_stack = [False] * size
        stack: list[int] = []
        found, count = [], 0
        for root in range(size):
            if index[root] >= 0:
                continue
            work = [(root, 0)]
            while work:
                state, place = work.pop()
                if index[state] < 0:
                    index[state] = low[state] = count
                    count += 1
                    stack.append(state)
                    on_stack[state] = True
                arrows = self.arrows[state]
                for number in range(place, len(arrows)):
                    following = arrows[number][1]
                    if index[following] < 0:
                        work += [(state, number), (following, 0)]
                        break
                    if on_stack[following]:
                        low[state] = min(low[state], low[following])
                else:
                    if low[state] == index[state]:
                        component: set[int] = set()
                        while True:
                            member = stack.pop()
                            on_stack[member] = False
                            component.add(member)
                            if member == state:
                                break
                        if len(component) > 1 or any(to == state for _, to in arrows):
                            found.append(component)
        return found

    def ambiguous(self, component: set[int]) -> str | None:
        """A text that leads in two ways from a state of a loop back to it; None if there is none."""
        arrows = {
            state: [(characters, to) for characters, to in self.arrows[state] if to in component]
            for state in component
        }
        # Two ways over the same text, within the component: pairs of states. From (q, q) to a pair of
        # different states, or twice by different arrows to the same, and back to (q, q).
        forward: dict[tuple[int, int], list[tuple[int, tuple[int, int]]]] = {}
        left = [(state, state) for state in component]
        seen = set(left)
        while left:
            pair = left.pop()
            found = forward.setdefault(pair, [])
            for number, (one, to) in enumerate(arrows[pair[0]]):
                for other_number, (other, other_to) in enumerate(arrows[pair[1]]):
                    both = one & other
                    if not both or (pair[0] == pair[1] and other_number < number):
                        continue
                    after = (to, other_to)
                    if pair[0] == pair[1] and number != other_number and to == other_to:
                        return _shown(both)  # the same step by two arrows
                    found.append((both, after))
                    if after not in seen:
                        seen.add(after)
                        left.append(after)
        parts = _components(forward)
        for part in parts:
            same = [pair for pair in part if pair[0] == pair[1]]
            other = [pair for pair in part if pair[0] != pair[1]]
            if same and other:
                into = next((both for pair in part for both, after in forward[pair] if after in part), _ALL)
                return _shown(into)
        return None


def _components(graph: dict[tuple[int, int], list[tuple[int, tuple[int, int]]]]) -> list[set]:
    """Strongly connected components with more than one node (Kosaraju's algorithm)."""
    order, seen = [], set()
    for root in graph:
        if root in seen:
            continue
        seen.add(root)
        work = [(root, iter(graph[root]))]
        while work:
            node, following = work[-1]
            for _, after in following:
                if after not in seen:
                    seen.add(after)
                    work.append((after, iter(graph[after])))
                    break
            else:
                order.append(node)
                work.pop()
    back: dict[tuple[int, int], list[tuple[int, int]]] = {node: [] for node in graph}
    for node, following in graph.items():
        for _, after in following:
            back[after].append(node)
    found, placed = [], set()
    for root in reversed(order):
        if root in placed:
            continue
        part, left = {root}, [root]
        placed.add(root)
        while left:
            for before in back[left.pop()]:
                if before not in placed:
                    placed.add(before)
                    part.add(before)
                    left.append(before)
        if len(part) > 1:
            found.append(part)
    return found


def _shown(characters: int) -> str:
    """A character of the set, a printable one where there is one."""
    for code in (*range(97, 123), *range(48, 58), *range(33, 127), 32):
        if characters >> code & 1:
            return chr(code)
    return "é"


def _characters(code, value, ignore_case: bool) -> int:
    if code is op.ANY:
        return _ALL & ~(1 << 10)
    if code is op.LITERAL:
        return _cases(_bit(value), ignore_case)
    if code is op.NOT_LITERAL:
        return _ALL & ~_cases(_bit(value), ignore_case) | (1 << 128)
    found, negated = 0, False
    for kind, member in value:
        if kind is op.NEGATE:
            negated = True
        elif kind is op.LITERAL:
            found |= _bit(member)
        elif kind is op.RANGE:
            low, high = member
            for character in range(low, min(high, 127) + 1):
                found |= 1 << character
            if high > 127:
                found |= 1 << 128
        else:
            found |= _of_category(member)
    found = _cases(found, ignore_case)
    return (_ALL & ~found) | (1 << 128) if negated else found


@functools.cache
def _of_category(category) -> int:
    regex = re.compile(_CATEGORIES[category])
    return sum(1 << code for code in range(128) if regex.match(chr(code))) | (
        1 << 128 if regex.match("é") else 0
    )


def _bit(code: int) -> int:
    return 1 << min(code, 128)


def _cases(characters: int, ignore_case: bool) -> int:
    if not ignore_case:
        return characters
    for lower in range(97, 123):
        if characters >> lower & 1 or characters >> (lower - 32) & 1:
            characters |= 1 << lower | 1 << (lower - 32)
    return characters
