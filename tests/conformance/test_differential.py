"""Hairpin and three other name servers with the same zones answer some tens of thousands of questions alike."""

from __future__ import annotations

import collections
import functools

import answers
import asker
import legitimate
from questions import DO_TCP, PLAIN_TCP, Question, make_questions

SHOWN = 10  # Differences in full; the rest is counted.


def ask(port: int, questions: list[Question]) -> list[bytes | None]:
    found: list[bytes | None] = [None] * len(questions)
    for tcp, send in ((False, asker.ask_udp), (True, asker.ask_tcp)):
        numbers = [number for number, question in enumerate(questions) if question.way.tcp == tcp]
        for number, answer in zip(numbers, send(port, [questions[number].message for number in numbers])):
            found[number] = answer
    return found


def again_over_tcp(questions: list[Question], ours: list[bytes | None]) -> list[Question]:
    """What a resolver does with TC: so that what did not fit is compared too."""
    truncated = (question for question, answer in zip(questions, ours) if answer and answer[2] & 2)
    return list(dict.fromkeys(Question(each.name, each.rtype, DO_TCP if each.way.edns_flags & 0x8000 else PLAIN_TCP)
                              for each in truncated))


def own_faults(question: Question, answer: answers.Answer) -> set[str]:
    """What is wrong with an answer of ours whatever the peers say."""
    faults = set()
    asked = question.message[12:12 + len(question.name) + 4]
    if answer.question != asked:
        faults.add("the question is not the one asked, octet for octet")
    if answer.flags & 0x80F0 != 0x8000:
        faults.add("flags that an authoritative answer does not have")
    if (answer.opt is not None) != question.way.edns:
        faults.add("OPT without being asked, or none although asked (RFC 6891 section 6.1.1)")
    limit = max(512, min(question.way.udp_octets, 1232)) if question.way.edns else 512
    if not question.way.tcp and len(answer.wire) > limit:
        faults.add(f"larger than {limit} octets")
    if any(owner.lower() == question.name.lower() and owner != question.name
           for section, owner in answer.body.owners if section == 1):
        faults.add("the owner of the answer is not written as it was asked (RFC 4343 section 4.1)")
    if question.way.tcp and answer.has(answers.TC):
        faults.add("TC over TCP")
    return faults


read = functools.lru_cache(maxsize=100_000)(answers.read)  # Ours, once for all peers.


def compare(peer: str, question: Question, ours: bytes | None, theirs: bytes | None) -> set[str]:
    """The parts that differ and that nothing explains."""
    if ours is None or theirs is None:
        return {"silence"} if (ours is None) != (theirs is None) else set()
    our_answer, their_answer = read(ours), answers.read(theirs)
    parts = answers.differences(our_answer, their_answer)
    return legitimate.explain(peer, question, our_answer, their_answer, parts) if parts else set()


def test_all_name_servers_give_the_same_answers(hairpin, peers, zones):
    questions = make_questions(zones)
    ours = ask(hairpin.dns_port, questions)
    more = again_over_tcp(questions, ours)
    questions += more
    ours += ask(hairpin.dns_port, more)
    assert len(questions) > 20_000

    found: collections.Counter[tuple[str, ...]] = collections.Counter()
    told: list[str] = []

    def tell(who: str, question: Question, parts: set[str], answer: bytes | None, theirs: bytes | None = None) -> None:
        kind = (who, *sorted(parts))
        found[kind] += 1
        if found[kind] <= 2 and len(told) < SHOWN:
            told.append(f"{question}: {who}: {', '.join(sorted(parts))}\n\n-- hairpin\n{answers.shown(answer)}"
                        + (f"\n\n-- {who}\n{answers.shown(theirs)}" if theirs is not None else ""))

    for question, answer in zip(questions, ours):
        faults = own_faults(question, answers.read(answer)) if answer else {"silence"}
        if faults:
            tell("hairpin", question, faults, answer)
    for peer in peers:
        common = [(question, answer) for question, answer in zip(questions, ours)
                  if not any(question.is_within(apex) for apex in peer.refuses)]
        theirs = ask(peer.port, [question for question, _ in common])
        for (question, our_answer), their_answer in zip(common, theirs):
            parts = compare(peer.name, question, our_answer, their_answer)
            if parts:
                tell(peer.name, question, parts, our_answer, their_answer)

    kinds = "\n".join(f"{count:6}  {kind[0]}: {', '.join(kind[1:])}" for kind, count in found.most_common())
    assert not found, f"of {len(questions)} questions:\n{kinds}\n\n" + "\n\n".join(told)
    unused = [reason.name for reason in legitimate.REASONS if reason.count == 0]
    assert not unused, f"reasons that explain nothing: {unused}"
