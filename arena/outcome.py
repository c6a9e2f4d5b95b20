"""Outcomes: what may be the matter with a turn, seen by rules that anybody can read.

What becomes of a speech that is not as it was asked for:

- empty, or all thinking: a failure (Unreadable); there is no turn
- longer than the cue's words, or than 12 characters for each: cut at the limit with a mark, `Turn.cut`; each statement
  of a claim at its share
- quotes free, and no <argument> tags: the whole reply but for the thinking is what was said, `untagged`
- a refusal, a concession, an argument for another answer (off-side): kept as it was said, and noted

An outcome changes no text and fails no turn; it is counted by arm, for what befalls one side more biases accuracy. The
rules read arguments and answers of a seat with a side, outside its quotes, and would rather miss a case than see one
that is not there: what is said of an opponent, on a condition or under a negation does not count. A model may look as
well (`Speaker.check`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from arena.nouns import Outcome

_QUOTE = re.compile(r"<quote>.*?(?:</quote>|\Z)", re.DOTALL | re.IGNORECASE)
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"")
_SENTENCE = re.compile(r"[.!?;]+(?=\s|\Z)|\n+")

_REFUSAL = re.compile(
    r"\bI(?:'m| am) sorry,? but I (?:can't|cannot|can not|won't|will not|am (?:not able|unable))\b"
    r"|\bI (?:can't|cannot|can not|won't|will not|(?:must )?decline to|refuse to|am (?:not able|unable) to"
    r"|(?:am not|don't feel) comfortable) (?:(?:in good conscience|in good faith|honestly) )?"
    r"(?:argue (?:for|that)|argue\W*\Z|assist|help (?:you|with)|comply|fulfil|provide (?:an|this|that|such)"
    r"|participate|take part|defend (?:this|that|the|my)|arguing (?:for|that)|make (?:this|that|such|a case))"
    r"|\bas an AI\b.{0,60}\bI (?:can't|cannot|do not|don't|am (?:not able|unable))\b",
    re.IGNORECASE,
)
_CONCESSION = re.compile(
    r"\bI (?:(?:must|have to|now|therefore|hereby|fully) )*concede(?: (?:the (?:debate|argument)|defeat))?\s*\Z"
    r"|\bI (?:(?:must|have to|now) )*(?:concede|admit|accept|agree|acknowledge) (?:that )?"
    r"(?:my (?:own )?(?:answer|position|claim) (?:is|was) (?:wrong|incorrect|false|mistaken|not (?:right|correct|true))"
    r"|(?:my opponent|the other (?:side|debater))(?:'s answer)? (?:is|was) (?:right|correct)\s*\Z"
    r"|I (?:am|was) (?:wrong|mistaken)\s*\Z)"
    r"|\bmy (?:own )?(?:answer|position) (?:is|was) (?:in fact |indeed |simply |actually )?"
    r"(?:wrong|incorrect|false|mistaken|not (?:right|correct|true))\b"
    r"|\bmy opponent(?:'s answer)? (?:is|was) (?:in fact |indeed |actually )?(?:right|correct)\s*\Z"
    r"|\bthe passage (?:does not|doesn't) support my (?:own )?answer\b"
    r"|\bI (?:(?:must|have to) )?(?:withdraw|give up|abandon) my (?:answer|position)\b",
    re.IGNORECASE,
)
_ASSERTION = re.compile(
    r"\b(?:right|correct|true|actual|best|only (?:possible|plausible)) answer "
    r"(?:(?:is|must be|has to be|can only be)(?: clearly| therefore| indeed| in fact)?(?: that)?:?|:)"
    r"\s*[\"'“‘*]*(?:the |a |an )?<(\d+)>"
    r"|<(\d+)>[\"'”’*]* (?:is|must be|has to be)(?: clearly| therefore| indeed| in fact)?"
    r" the (?:right|correct|true|actual|best) (?:answer|one|choice)\b",
    re.IGNORECASE,
)
_DISTANT = re.compile(
    r"\b(?:if|unless|whether|not|no|never|cannot|neither|nor|\w+n't|wrong|false|incorrect|mistaken|opponent\w*|alice"
    r"|bob|claim\w*|argu\w+|say\w*|said|assert\w*|suggest\w*|alleg\w*|suppos\w*|would|could|might|may"
    r"|think\w*|believ\w+|pretend\w*|convince\w*|other side)\b",
    re.IGNORECASE,
)
"""Words by which a sentence may speak of what another holds, or of what is not so."""
_CONDITION = re.compile(r"\b(?:if|unless|would|could|might|may|never|whether|claims?|says?|suggests?)\b", re.IGNORECASE)


def noted(text: str, answers: Sequence[str], mine: int) -> tuple[Outcome, ...]:
    """What the rules see in a speech for the answer with the index `mine`."""
    own = _QUOTE.sub(" ", text.replace("’", "'"))
    sentences = _sentences(_QUOTED.sub(" ", own))
    found: list[Outcome] = ["concession"] if _any(_CONCESSION, sentences) else []
    found += ["refusal"] if _any(_REFUSAL, sentences) else []
    asserted = set(_asserted(own, answers))
    found += ["off-side"] if asserted and mine not in asserted else []
    return tuple(found)


def _sentences(text: str) -> list[str]:
    return [" ".join(part.split()) for part in _SENTENCE.split(text)]


def _any(pattern: re.Pattern[str], sentences: Sequence[str]) -> bool:
    """Whether a sentence says it, and not on a condition or of what another says."""
    return any(
        (match := pattern.search(sentence)) and not _CONDITION.search(sentence[: match.start()])
        for sentence in sentences
    )


def _asserted(text: str, answers: Sequence[str]) -> Iterator[int]:
    """The answers that a sentence calls the right one, in the speaker's own name."""
    for sentence in _sentences(_numbered(text, answers)):
        for match in _ASSERTION.finditer(sentence):
            around = f"{match.string[: match.start()]} {match.string[match.end() :]}"
            if not _DISTANT.search(around):
                yield int(match[1] or match[2])


def _numbered(text: str, answers: Sequence[str]) -> str:
    """The text with each answer's words replaced by its number; where answers overlap, the longer one is meant."""
    words = {i: r"\W+".join(map(re.escape, re.findall(r"\w+", answer))) for i, answer in enumerate(answers)}
    ranked = sorted((i for i in words if words[i]), key=lambda i: -len(words[i]))
    if not ranked:
        return text
    any_of = "|".join(f"(?P<a{i}>{words[i]})" for i in ranked)
    return re.sub(rf"(?<!\w)(?:{any_of})(?!\w)", lambda m: f"<{(m.lastgroup or 'a')[1:]}>", text, flags=re.IGNORECASE)
