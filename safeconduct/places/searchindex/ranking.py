"""What a text means, as a score for every place: by beginnings, by words in any order, within a country, with errors.

Scores are thousandths. Half of the scale is how the name fits, half how likely the place is meant (its rank). What
needed more good will scores less: every edit costs, a name found in pieces costs. Pure: no ORM, no settings.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from safeconduct.places.searchindex.building import KNOWN, WHOLE
from safeconduct.places.searchindex.likeness import cost
from safeconduct.places.searchindex.reading import SearchIndex
from safeconduct.places.searchindex.sections import Array
from safeconduct.places.searchindex.words import AIRPORT_WORDS, LITTLE_WORDS

RANK_SHARE = 5
EXACT_KNOWN, EXACT = 500, 300
OWN_EXACT, OWN_BEGINNING = 20, 150
CODE_TYPED, CODE = 500, 300
WHOLE_WORD = 60
HIGHEST = 1000
# All words of a name in another order; some of its words, up to this much for the share that was typed.
REORDERED, SOME_WORDS = 350, 200
WITHIN, LEFT_OUT = 40, 150
# A beginning that scores this much is taken as it stands: "lond" is London being typed, not Lund misspelt.
CLEAR = 430
# An error in a spelling that neither the reader's language, English nor the country itself uses is hardly one.
BEGINNING, NEAR, FOREIGN = 250, 100, 150
# Of this rank many people know the place (a main airport, a city of 600,000): who is one error away from it did not
# make two in the name of another.
WELL_KNOWN = 58
# What is spelt so, or begins so, may be a small place and also the typing error of a large one. Asked of a word of so
# many letters whose best place is below this rank (a million people); far likelier is who has this many ranks more
# (ten times as many people).
TYPED_ENOUGH, SMALL, FAR_LIKELIER = 6, 60, 10
MOST_TOKENS, MOST_CORRECTED, MOST_ALTERNATIVES, MOST_TEXTS, MOST_IN_PIECES = 8, 2, 6, 6, 2
MOST_KEYS = 4000
AIRPORT_KM = 70.0


@dataclass(frozen=True)
class Meaning:
    """A score for every place (0 = not meant), and the corrected text when an error was forgiven for the best."""

    scores: Array
    corrected: str = ""


def beginnings(index: SearchIndex, folded: str, tags: list[str], *, foreign: int = 0) -> tuple[Array, bool]:
    """Scores of the places with a spelling that begins so, and whether one is spelt exactly so; spellings of other
    languages score so much less."""
    scores = np.zeros(len(index), np.int16)
    low, high = index.keys_from(folded)
    if low == high:
        return scores, False
    first, end = int(index.key_first[low]), int(index.key_first[high])
    places = index.entry_place[first:end]
    found = index.entry_weight[first:end].astype(np.int16)
    own = index.is_in(tags)[index.entry_languages[first:end]] if tags else None
    if own is not None:
        found += OWN_BEGINNING * own
    is_exact = False
    if index.key(low) == folded:
        size = int(index.key_first[low + 1]) - first
        flags = index.entry_flags[first : first + size]
        quality = np.where(flags & KNOWN, EXACT_KNOWN, EXACT)
        quality += RANK_SHARE * index.place_rank[places[:size]].astype(np.int16)
        if own is not None:
            quality += OWN_EXACT * own[:size]
        found[:size] = np.where(flags & WHOLE, quality, found[:size])
        is_exact = bool((flags & KNOWN).any())
    # A whole word was typed: "heathrow" of "heathrow airport".
    after, end_after = index.keys_from(folded + " ")
    found[int(index.key_first[after]) - first : int(index.key_first[end_after]) - first] += WHOLE_WORD
    if foreign:
        rank = RANK_SHARE * index.place_rank[places].astype(np.int16)
        is_foreign = index.entry_weight[first:end] - rank < NEAR
        # A spelling of no known language scores less as it is.
        is_foreign &= index.entry_languages[first:end] > 0
        found[is_foreign if own is None else is_foreign & ~own] -= foreign
    np.maximum.at(scores, places, np.clip(found, 1, HIGHEST))
    return scores, is_exact


def with_code(index: SearchIndex, text: str, scores: Array) -> bool:
    """Raise the country or airport of an ISO or IATA code in the scores; whether there is one."""
    place = index.codes.get(text.upper()) if 2 <= len(text) <= 3 else None
    if place is None:
        return False
    quality = CODE_TYPED if text.isupper() else CODE
    scores[place] = max(scores[place], quality + RANK_SHARE * int(index.place_rank[place]))
    return True


def meaning(index: SearchIndex, text: str, folded: str, tags: list[str]) -> Meaning:
    """What somebody who types and errs may mean by a text."""
    scores, is_exact = beginnings(index, folded, tags)
    with_code(index, text, scores)
    tokens = folded.split(" ")[:MOST_TOKENS]
    if is_exact:
        return _or_likelier(index, tokens, tags, scores, is_exact=True)
    if len(tokens) > 1:
        scores = np.maximum(scores, _in_pieces(index, tokens, tags))
    best = int(scores.max(initial=0))
    if best >= CLEAR and (len(tokens) > 1 or _is_near(index, folded, tags)):
        return _or_likelier(index, tokens, tags, scores, is_exact=False)
    if not best and len(tokens[-1]) < 4 and (rest := tokens[:-1]):
        # The last word has hardly begun: what the others find stays on the screen.
        return Meaning(_lowered(beginnings(index, " ".join(rest), tags)[0], LEFT_OUT))
    return _corrected(index, tokens, tags, scores)


def _is_near(index: SearchIndex, folded: str, tags: list[str]) -> bool:
    """Whether something clear begins so in a language of the reader, in English or in the country's own."""
    low, high = index.keys_from(folded)
    entries = slice(int(index.key_first[low]), int(index.key_first[high]))
    weight = index.entry_weight[entries].astype(np.int16)
    is_near = weight - RANK_SHARE * index.place_rank[index.entry_place[entries]] >= NEAR
    if tags:
        own = index.is_in(tags)[index.entry_languages[entries]]
        is_near, weight = is_near | own, weight + OWN_BEGINNING * own
    return bool((is_near & (weight >= CLEAR)).any())


def _or_likelier(
    index: SearchIndex, tokens: list[str], tags: list[str], scores: Array, *, is_exact: bool
) -> Meaning:
    """What was typed as it stands, and far likelier places one error away: the best of these comes before what only
    begins so, and right after the best that is spelt so."""
    word, best = tokens[0], int(scores.argmax())
    rank = int(index.place_rank[best])
    if len(tokens) > 1 or len(word) < TYPED_ENOUGH or rank >= SMALL:
        return Meaning(scores)
    likelier, spelt = np.zeros(len(index), np.int16), ""
    for other, edits in index.words_alike(word, 1)[:MOST_ALTERNATIVES]:
        # What ends in another letter may still become another name.
        if not edits or (not is_exact and other.startswith(word[:-1])):
            continue
        found, _is_exact = beginnings(index, other, tags, foreign=HIGHEST)
        found[~_is_called(index, found) | (index.place_rank < rank + FAR_LIKELIER)] = 0
        if int(found.max(initial=0)) > int(likelier.max(initial=0)):
            likelier, spelt = found, other
    if not spelt:
        return Meaning(scores)
    stands_at = int(scores[best]) + (-1 if is_exact else 1)
    scores = np.maximum(scores, _lowered(likelier, int(likelier.max()) - stands_at))
    return Meaning(scores, "" if is_exact else spelt)


def _is_called(index: SearchIndex, found: Array) -> Array:
    """Of which places a whole word was found that begins their name; of main airports, one of their words: their
    names hold more of these than anybody says."""
    fits = found - RANK_SHARE * index.place_rank
    is_main = index.is_airport & (index.place_rank >= WELL_KNOWN)
    called: Array = fits >= np.where(is_main, NEAR + WHOLE_WORD, BEGINNING + WHOLE_WORD)
    return called


def _corrected(index: SearchIndex, tokens: list[str], tags: list[str], scores: Array) -> Meaning:
    """The scores with what is found when errors are forgiven, and in the end when words are left out."""
    best, corrected, is_clear = int(scores.max(initial=0)), "", False
    texts = _corrections(index, tokens, most=1 if best else 2)
    taken = 0
    for ways in (_as_one, _in_pieces):
        for words, loss in texts if ways is _as_one else texts[:MOST_IN_PIECES]:
            if corrected and is_clear and loss > taken:
                # Something likely is nearer: what is further off would only be noise.
                break
            found = _lowered(ways(index, words, tags), loss)
            if (top := int(found.max(initial=0))) > best:
                best, corrected, taken = top, " ".join(words), loss
                is_clear = best >= CLEAR or int(index.place_rank[found.argmax()]) >= WELL_KNOWN
            scores = np.maximum(scores, found)
        if best or len(tokens) == 1:
            break
    if not best and len(tokens) > 1:
        shorter = ["".join(tokens), *(" ".join(tokens[:-n]) for n in range(1, len(tokens)))]
        for text in shorter:
            scores = _lowered(beginnings(index, text, tags)[0], LEFT_OUT)
            if scores.any():
                return Meaning(scores, text)
    return Meaning(scores, corrected)


def _as_one(index: SearchIndex, words: list[str], tags: list[str]) -> Array:
    found, _is_exact = beginnings(index, " ".join(words), tags, foreign=FOREIGN)
    return found if found.any() or len(words) == 1 else _words_together(index, words, tags)


def _lowered(found: Array, loss: int) -> Array:
    lowered: Array = np.where(found > 0, np.maximum(found - loss, 1), 0).astype(np.int16)
    return lowered


def _in_pieces(index: SearchIndex, tokens: list[str], tags: list[str]) -> Array:
    """Words in any order, and a name beside the country, the state or the word for an airport."""
    scores = _words_together(index, tokens, tags)
    if not scores.any():
        spoken = [token for token in tokens if token not in LITTLE_WORDS]
        if 0 < len(spoken) < len(tokens):
            scores = _words_together(index, spoken, tags)
    for own, context, is_last in _splits(tokens):
        found = _within(index, own, context, is_last, tags)
        if found is not None:
            scores = np.maximum(scores, found)
    return scores


def _words_together(index: SearchIndex, tokens: list[str], tags: list[str]) -> Array:
    """Names that hold all the words, the last of which may still be typed."""
    scores = np.zeros(len(index), np.int16)
    whole = [index.word_number(token) for token in tokens[:-1]]
    low, high = index.words_from(tokens[-1])
    if None in whole or low == high:
        return scores
    last = index.keys_holding(low, high)
    held = [index.keys_holding(number, number + 1) for number in whole if number is not None]
    held.sort(key=len)
    keys = held[0] if held else np.flatnonzero(_marked(index, last))
    for other in held[1:]:
        keys = np.intersect1d(keys, other, assume_unique=True)
    if held:
        keys = keys[np.isin(keys, last)] if len(last) < 2000 else keys[_marked(index, last)[keys]]
    # A letter or two inside so many names says nothing.
    if not 0 < len(keys) <= MOST_KEYS:
        return scores
    size = len(" ".join(tokens).encode())
    entries, positions = index.entries_of(keys)
    share = size / np.maximum(index.key_sizes(keys), size)
    fits = np.where(share >= 1, REORDERED, SOME_WORDS * share)[positions]
    places, flags = index.entry_place[entries], index.entry_flags[entries]
    found = fits * np.where(flags & KNOWN, 1.0, 0.6) + RANK_SHARE * index.place_rank[places]
    if tags:
        found += OWN_EXACT * index.is_in(tags)[index.entry_languages[entries]]
    np.maximum.at(scores, places, found.astype(np.int16))
    return scores


def _marked(index: SearchIndex, keys: Array) -> Array:
    mask = np.zeros(len(index.key_first), np.bool_)
    mask[keys] = True
    return mask


def _splits(tokens: list[str]) -> Iterator[tuple[str, str, bool]]:
    """(name, context, whether the context comes last)."""
    for cut in range(1, len(tokens)):
        yield " ".join(tokens[:cut]), " ".join(tokens[cut:]), True
        yield " ".join(tokens[cut:]), " ".join(tokens[:cut]), False


def _within(index: SearchIndex, own: str, context: str, is_last: bool, tags: list[str]) -> Array | None:
    """Scores of a name within the country or state of the context; of the airports of a city."""
    if context in AIRPORT_WORDS:
        spoken = [token for token in own.split(" ") if token not in LITTLE_WORDS]
        return _airports_of(index, spoken, tags) if spoken else None
    mask = _area(index, context, is_last=is_last)
    if mask is None:
        return None
    found, _is_exact = beginnings(index, own, tags)
    found[~mask | index.is_country] = 0
    return _lowered(found, WITHIN)


def _area(index: SearchIndex, context: str, *, is_last: bool) -> Array | None:
    """The places in the countries or states of this name; of a beginning of it while it is typed."""
    low, high = index.keys_from(context)
    if low < high and index.key(low) == context:
        high = low + 1
    elif not (is_last and len(context) >= 3):
        high = low
    entries = slice(int(index.key_first[low]), int(index.key_first[high]))
    places = index.entry_place[entries]
    is_named = index.is_country[places] & ((index.entry_flags[entries] & WHOLE) > 0)
    countries = set(index.place_country[places[is_named]].tolist())
    code = index.codes.get(context.upper()) if len(context) == 2 else None
    if code is not None and index.is_country[code]:
        countries.add(int(index.place_country[code]))
    parts = index.parts.get(context, [])
    if not parts and not countries and is_last and len(context) >= 3:
        parts = [n for name, found in index.parts.items() if name.startswith(context) for n in found]
    if not countries and not parts:
        return None
    in_country, in_part = np.zeros(len(index.countries), np.bool_), np.zeros(index.parts_count, np.bool_)
    in_country[list(countries)] = True
    in_part[parts] = True
    mask: Array = in_country[index.place_country] | in_part[index.place_part]
    return mask


def _airports_of(index: SearchIndex, tokens: list[str], tags: list[str]) -> Array | None:
    """Airports called so, and those near the city that is called so."""
    city = " ".join(tokens)
    found, _is_exact = beginnings(index, city, tags)
    with_code(index, city, found)
    held = _words_together(index, tokens, []) > 0
    rank = RANK_SHARE * index.place_rank
    named = np.where(held, np.maximum(found, EXACT_KNOWN + rank), found)
    scores = np.where(index.is_airport, named, 0)
    towns = np.where(index.is_airport | index.is_country, 0, found)
    if not towns.any():
        return scores if scores.any() else None
    best = int(towns.argmax())
    north = (index.place_lat - index.place_lat[best]) * 111.2
    east = (index.place_lon - index.place_lon[best]) * 111.2 * np.cos(np.radians(index.place_lat[best]))
    away = np.hypot(north, east)
    is_near = index.is_airport & (away <= AIRPORT_KM)
    fits = int(towns[best]) - RANK_SHARE * int(index.place_rank[best]) - WITHIN
    # Of two alike the nearer one.
    nearby = np.where(is_near, fits + rank - np.minimum(away, AIRPORT_KM).astype(np.int16), 0)
    return np.maximum(scores, nearby).astype(np.int16)


def _corrections(index: SearchIndex, tokens: list[str], *, most: int) -> list[tuple[list[str], int]]:
    """Texts that may have been meant and what their errors cost, the likeliest first; `most` edits in a word.

    Words that are known stay; when all are, and lead nowhere together, one at a time may be another.
    """
    last = len(tokens) - 1
    unknown = [
        n
        for n, token in enumerate(tokens)
        if index.word_number(token) is None and not (n == last and len(token) < 4)
    ]
    options = {n: _alternatives(index, tokens[n], most) for n in unknown[:MOST_CORRECTED]}
    found: list[tuple[list[str], int]] = []
    if any(options.values()):
        choices = [options.get(n) or [(token, 0)] for n, token in enumerate(tokens)]
        for chosen in itertools.product(*choices):
            found.append(([word for word, _loss in chosen], sum(loss for _word, loss in chosen)))
    elif most > 1 and not unknown and last:
        longest = sorted(range(len(tokens)), key=lambda n: -len(tokens[n]))[:MOST_CORRECTED]
        for n in longest:
            for word, loss in _alternatives(index, tokens[n], most):
                if loss:
                    found.append(([*tokens[:n], word, *tokens[n + 1 :]], loss))
    return sorted(found, key=lambda one: one[1])[:MOST_TEXTS]


def _alternatives(index: SearchIndex, token: str, most: int) -> list[tuple[str, int]]:
    found = index.words_like(token)
    return [(word, cost(edits, len(token))) for word, edits in found if edits <= most][:MOST_ALTERNATIVES]
