"""From the tables of places and names to the arrays of the index.

What is in it: `key_*` every folded spelling and word ending, sorted, with the places that it leads to (`entry_*`);
`word_*` every word of a whole spelling, with the keys that hold it; `place_*` what orders and filters places;
`record_*` what an answer shows. It refuses places that are not active.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from safeconduct.places.files import TYPED, read_rows
from safeconduct.places.folding import fold
from safeconduct.places.models import Place, PlaceName
from safeconduct.places.searchindex.likeness import patterns
from safeconduct.places.searchindex.sections import Array, packed

# Raised when the same tables would make another file.
FORMAT = 4
KINDS = ("country", "territory", "city", "airport")
WHOLE, KNOWN, JOINED = 1, 2, 4
# A name typed without its spaces, and all words of an airport's names together: found last of the ways to begin.
JOINED_WEIGHT, BAG_WEIGHT = 20, 5
RANK_SHARE = 5
MOST_NAMES = 200
MOST_LETTERS = 160
Entry = tuple[int, int, int, int]  # place, weight, flags, languages


@dataclass
class _Growing:
    """What is gathered name by name."""

    entries: dict[str, dict[int, Entry]] = field(default_factory=lambda: defaultdict(dict))
    languages: dict[str, int] = field(default_factory=lambda: {"": 0})
    of_code: list[str] = field(default_factory=lambda: [""])
    spellings: dict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    bags: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))


class Described(Protocol):
    """What is needed of a place: a row of the tables or of the shipped files."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def native_name(self) -> str: ...
    @property
    def country_code(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def population(self) -> int | None: ...
    @property
    def lat(self) -> float: ...
    @property
    def lon(self) -> float: ...
    @property
    def rank(self) -> int: ...


P = TypeVar("P", bound=Described)


def build(key: str) -> bytes:
    """The bytes of the index of the tables as they are now; `key` names their state."""
    places = likeliest_first(Place.objects.filter(state=Place.State.ACTIVE).order_by("pk"))
    number_of = {place.pk: number for number, place in enumerate(places)}
    rows = PlaceName.objects.filter(place__state=Place.State.ACTIVE).order_by("place_id", "pk")
    columns = rows.values_list("place_id", "name", "langs", "folded", "is_whole", "weight")
    names = (
        (number_of[pk], row)
        for pk, *row in columns.iterator(chunk_size=5000)
        # A place of a load that is under way at this moment.
        if pk in number_of
    )
    return assembled(key, places, names)


def likeliest_first(places: Iterable[P]) -> list[P]:
    """Places in the order in which those that fit alike are shown: by rank, then by people (the two Koreas)."""
    return sorted(places, key=lambda place: (-place.rank, -(place.population or 0)))


def assembled(key: str, places: Sequence[Described], names: Iterable[tuple[int, Sequence[Any]]]) -> bytes:
    """The bytes of the index of places, likeliest first, and their names: (number of the place, (name,
    languages, folded, whether it is whole, weight))."""
    growing = _Growing()
    for number, row in names:
        _add(growing, places[number], number, row)
    for number, words in growing.bags.items():
        folded = " ".join(dict.fromkeys(" ".join(words).split(" ")))
        weight = BAG_WEIGHT + RANK_SHARE * places[number].rank
        growing.entries[folded].setdefault(number, (number, weight, JOINED, 0))
    arrays = _key_arrays(growing) | _place_arrays(places) | _record_arrays(places, growing)
    about = {
        "key": key,
        "format": FORMAT,
        "languages": growing.of_code,
        "codes": _codes(places),
        "countries": sorted({place.country_code for place in places}),
        "parts": _parts(places),
    }
    return packed(arrays, about)


def _add(growing: _Growing, place: Described, number: int, row: Sequence[Any]) -> None:
    name, langs, folded, is_whole, weight = row
    is_known = bool(langs) or name == place.name or place.kind != Place.Kind.CITY
    flags = (WHOLE | (KNOWN if is_known else 0)) if is_whole else 0
    _put(growing, folded, number, weight, flags, langs)
    if not is_whole:
        return
    growing.spellings[number].append((langs, name))
    if is_known and " " in folded:
        joined = JOINED_WEIGHT + RANK_SHARE * place.rank
        _put(growing, folded.replace(" ", ""), number, joined, JOINED, "")
    if place.kind == Place.Kind.AIRPORT:
        growing.bags[number].append(folded)


def _put(growing: _Growing, folded: str, number: int, weight: int, flags: int, langs: str) -> None:
    """One entry a key and place: the best of what its spellings say."""
    have = growing.entries[folded].get(number)
    languages = growing.languages
    if have is not None:
        langs = " ".join(dict.fromkeys(f"{growing.of_code[have[3]]} {langs}".split()))
        weight, flags = max(weight, have[1]), flags | have[2]
    if langs not in languages:
        languages[langs] = len(languages)
        growing.of_code.append(langs)
    code = languages[langs]
    growing.entries[folded][number] = (number, weight, flags, code)


def _key_arrays(growing: _Growing) -> dict[str, Array]:
    keys = sorted(growing.entries, key=str.encode)
    ordered = [entry for key in keys for entry in growing.entries[key].values()]
    columns = list(zip(*ordered, strict=True)) or [(), (), (), ()]
    holding: dict[str, list[int]] = defaultdict(list)
    best: dict[str, int] = defaultdict(int)
    for number, key in enumerate(keys):
        found = growing.entries[key].values()
        if not any(entry[2] & (WHOLE | JOINED) for entry in found):
            continue
        weight = max(entry[1] for entry in found)
        for word in dict.fromkeys(key.split(" ")):
            holding[word].append(number)
            best[word] = max(best[word], weight)
    words = sorted(holding, key=str.encode)
    by_length = sorted(range(len(words)), key=lambda number: len(words[number]))
    letters, pairs = patterns([words[number] for number in by_length])
    lengths = [len(words[number]) for number in by_length]
    return {
        **_texts("key", keys),
        "key_first": _starts([len(growing.entries[key]) for key in keys]),
        "entry_place": np.array(columns[0], np.uint32),
        "entry_weight": np.array(columns[1], np.int16),
        "entry_flags": np.array(columns[2], np.uint8),
        "entry_languages": np.array(columns[3], np.uint16),
        **_texts("word", words),
        "word_first": _starts([len(holding[word]) for word in words]),
        "word_key": np.array([number for word in words for number in holding[word]], np.uint32),
        "word_weight": np.array([best[word] for word in words], np.int16),
        # The same words by length.
        "like_word": np.array(by_length, np.uint32),
        "like_first": np.searchsorted(np.array(lengths, np.int32), np.arange(MOST_LETTERS + 2)).astype(
            np.uint32
        ),
        "like_letters": letters,
        "like_pairs": pairs,
    }


def _place_arrays(places: Sequence[Described]) -> dict[str, Array]:
    countries = {code: n for n, code in enumerate(sorted({place.country_code for place in places}))}
    regions = {code: n for n, code in enumerate(sorted({_part(place) for place in places}))}
    return {
        "place_rank": np.array([place.rank for place in places], np.int16),
        "place_kind": np.array([KINDS.index(place.kind) for place in places], np.uint8),
        "place_country": np.array([countries[place.country_code] for place in places], np.uint16),
        "place_part": np.array([regions[_part(place)] for place in places], np.uint16),
        "place_lat": np.array([place.lat for place in places], np.float32),
        "place_lon": np.array([place.lon for place in places], np.float32),
    }


def _record_arrays(places: Sequence[Described], growing: _Growing) -> dict[str, Array]:
    """What answers show, in three parts: of every answer; its name by language; all its spellings."""
    heads = [
        [
            place.key,
            place.kind,
            place.code,
            place.name,
            place.native_name,
            place.country_code,
            place.region,
            place.population,
        ]
        for place in places
    ]
    labels: list[dict[str, str]] = []
    spellings: list[list[str]] = []
    for number, place in enumerate(places):
        rows = growing.spellings.get(number, [])
        # The first name wins that is said to be of a language.
        labels.append({tag: name for langs, name in reversed(rows) for tag in langs.split()})
        spellings.append([*dict.fromkeys([place.name, *(name for _langs, name in rows)])][:MOST_NAMES])
    return {
        **_texts("record", [_packed(row) for row in heads]),
        **_texts("label", [_packed(row) for row in labels]),
        **_texts("spelling", [_packed(row) for row in spellings]),
    }


def _packed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _texts(name: str, texts: list[str]) -> dict[str, Array]:
    raw = [text.encode() for text in texts]
    return {
        f"{name}_text": np.frombuffer(b"".join(raw), np.uint8),
        f"{name}_start": _starts([len(text) for text in raw]),
    }


def _starts(lengths: Iterable[int]) -> Array:
    """Where each of the pieces begins, and where the last one ends."""
    return np.cumsum([0, *lengths]).astype(np.uint32)


def _codes(places: Sequence[Described]) -> dict[str, int]:
    return {place.code: n for n, place in enumerate(places) if place.kind != Place.Kind.CITY}


def _part(place: Described) -> str:
    return f"{place.country_code} {place.region}" if place.region else ""


def _parts(places: Sequence[Described]) -> dict[str, list[int]]:
    """Folded name or code of a state or province → its numbers in `place_part`."""
    numbers = {code: n for n, code in enumerate(sorted({_part(place) for place in places}))}
    found: dict[str, set[int]] = defaultdict(set)
    for row in read_rows(TYPED / "part_name.csv"):
        if (number := numbers.get(f"{row['iso2']} {row['part']}")) is not None:
            found[fold(row["name"])].add(number)
            found[fold(row["part"])].add(number)
    return {name: sorted(of) for name, of in found.items()}
