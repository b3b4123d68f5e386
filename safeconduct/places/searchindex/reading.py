"""Looking things up in the open index: spellings by their beginning, words, words that look alike, places.

Every look-up is a binary search or one pass over a column of numbers; nothing is copied out of the file but the
answers. It refuses to rank: that is `ranking.py`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cached_property
from typing import Any

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from safeconduct.places.searchindex.building import KINDS, MOST_LETTERS
from safeconduct.places.searchindex.likeness import cost, edits_allowed, having, pattern
from safeconduct.places.searchindex.sections import Array

MOST_COUNTED = 400
# What an error in the first letter costs besides.
FIRST_LETTER = 60


class SearchIndex:
    """One state of the tables. Safe to use from many threads: it is only read."""

    def __init__(self, arrays: dict[str, Array], about: dict[str, Any]) -> None:
        self._arrays = arrays
        self._keys = _Texts(arrays["key_text"], arrays["key_start"])
        self._words = _Texts(arrays["word_text"], arrays["word_start"])
        self._records = _Texts(arrays["record_text"], arrays["record_start"])
        self._labels = _Texts(arrays["label_text"], arrays["label_start"])
        self._spellings = _Texts(arrays["spelling_text"], arrays["spelling_start"])
        self.key_first, self.word_first = arrays["key_first"], arrays["word_first"]
        self.entry_place, self.entry_weight = arrays["entry_place"], arrays["entry_weight"]
        self.entry_flags, self.entry_languages = arrays["entry_flags"], arrays["entry_languages"]
        self.place_rank, self.place_kind = arrays["place_rank"], arrays["place_kind"]
        self.place_country, self.place_part = arrays["place_country"], arrays["place_part"]
        self.place_lat, self.place_lon = arrays["place_lat"], arrays["place_lon"]
        self.codes: dict[str, int] = about["codes"]
        self.parts: dict[str, list[int]] = about["parts"]
        self.parts_count = int(self.place_part.max(initial=0)) + 1
        self.countries: list[str] = about["countries"]
        self._languages: list[str] = about["languages"]
        self.country_names: dict[tuple[int, str], str] = {}
        self._own: dict[tuple[str, ...], Array] = {}

    def __len__(self) -> int:
        return len(self.place_rank)

    @cached_property
    def is_airport(self) -> Array:
        """Which places are airports."""
        found: Array = self.place_kind == KINDS.index("airport")
        return found

    @cached_property
    def is_country(self) -> Array:
        """Which places are countries or territories."""
        found: Array = self.place_kind <= KINDS.index("territory")
        return found

    def keys_from(self, beginning: str) -> tuple[int, int]:
        """The keys that begin so, from and before which."""
        return self._keys.range_of(beginning)

    def key(self, number: int) -> str:
        """The text of a key."""
        return self._keys[number]

    def key_sizes(self, numbers: Array) -> Array:
        """How long keys are, in bytes."""
        starts = self._arrays["key_start"]
        sizes: Array = starts[numbers + 1] - starts[numbers]
        return sizes

    def entries_of(self, keys: Array) -> tuple[Array, Array]:
        """The entries of some keys, and for each the position of its key among them."""
        first = self.key_first[keys].astype(np.int64)
        count = self.key_first[keys + 1] - first
        positions = np.repeat(np.arange(len(keys)), count)
        before = np.cumsum(count) - count
        return np.arange(count.sum()) - before[positions] + first[positions], positions

    def word_number(self, word: str) -> int | None:
        """The number of a word that some whole name holds."""
        return self._words.number_of(word)

    def words_from(self, beginning: str) -> tuple[int, int]:
        """The words that begin so, from and before which."""
        return self._words.range_of(beginning)

    def keys_holding(self, first: int, end: int) -> Array:
        """The whole spellings that hold one of these words; sorted for a single word, with repetitions else."""
        return self._arrays["word_key"][self.word_first[first] : self.word_first[end]]

    @cached_property
    def _with_tag(self) -> dict[str, list[int]]:
        """For each language the combinations of languages that it is in."""
        found: dict[str, list[int]] = defaultdict(list)
        for number, tags in enumerate(self._languages):
            for tag in tags.split():
                found[tag].append(number)
        return found

    def is_in(self, tags: list[str]) -> Array:
        """For each combination of languages whether it has one of the tags."""
        wanted = tuple(tags)
        if wanted not in self._own:
            own = np.zeros(len(self._languages), np.bool_)
            for tag in tags:
                own[self._with_tag.get(tag, [])] = True
            self._own[wanted] = own
        return self._own[wanted]

    def record(self, number: int) -> list[Any]:
        """What an answer shows of a place: see `building._record_arrays`."""
        found: list[Any] = json.loads(self._records[number])
        return found

    def name_in(self, number: int, tags: list[str]) -> str | None:
        """The place's name in the first of the languages in which it has one."""
        labels: dict[str, str] = json.loads(self._labels[number])
        return next((labels[tag] for tag in tags if tag in labels), None)

    def spellings(self, number: int) -> list[str]:
        """All names of a place, the main one first."""
        found: list[str] = json.loads(self._spellings[number])
        return found

    def words_like(self, word: str) -> list[tuple[str, int]]:
        """Words within the edits that are forgiven, the likeliest first: (word, edits); else those that begin so."""
        allowed = edits_allowed(word)
        return (self.words_alike(word, allowed) or self._beginning_alike(word)) if allowed else []

    def _of_length(self, least: int, most: int) -> slice:
        first = self._arrays["like_first"]
        last = len(first) - 1
        return slice(int(first[min(max(least, 0), last)]), int(first[min(most + 1, last)]))

    def words_alike(self, word: str, allowed: int) -> list[tuple[str, int]]:
        """Words within so many edits, the likeliest first: (word, edits)."""
        letters, pairs = pattern(word)
        where = self._of_length(len(word) - allowed, len(word) + allowed)
        own_letters, own_pairs = self._arrays["like_letters"][where], self._arrays["like_pairs"][where]
        near = having(own_letters, letters, allowed)
        near = near[np.bitwise_count(own_letters[near] & ~np.uint64(letters)) <= allowed]
        lost = np.bitwise_count(np.uint64(pairs) & ~own_pairs[near])
        near, lost = near[lost <= 3 * allowed], lost[lost <= 3 * allowed]
        if len(near) > MOST_COUNTED:
            near = near[np.argpartition(lost, MOST_COUNTED)[:MOST_COUNTED]]
        numbers = self._arrays["like_word"][where][near]
        texts = [self._words[number] for number in numbers.tolist()]
        return self._counted(word, numbers, texts, texts, allowed)

    def _beginning_alike(self, word: str) -> list[tuple[str, int]]:
        """A word that is still being typed, with one error in it."""
        size = len(word)
        if size < 5:
            return []
        letters, pairs = pattern(word, is_whole=False)
        where = self._of_length(size, MOST_LETTERS)
        near = having(self._arrays["like_pairs"][where], pairs, 3)
        near = near[np.bitwise_count(np.uint64(letters) & ~self._arrays["like_letters"][where][near]) <= 1]
        numbers = self._arrays["like_word"][where][near]
        if len(numbers) > MOST_COUNTED:
            weight = self._arrays["word_weight"][numbers]
            numbers = numbers[np.argpartition(-weight, MOST_COUNTED)[:MOST_COUNTED]]
        texts = [self._words[number] for number in numbers.tolist()]
        found: dict[str, int] = {}
        for cut in (size, size + 1, size - 1):
            for text, edits in self._counted(word, numbers, texts, [text[:cut] for text in texts], 1):
                found.setdefault(text, edits)
        return list(found.items())

    def _counted(
        self, word: str, numbers: Array, texts: list[str], compared: list[str], allowed: int
    ) -> list[tuple[str, int]]:
        if not texts:
            return []
        edits = process.cdist([word], compared, scorer=OSA.distance, score_cutoff=allowed, dtype=np.uint8)[0]
        weight = self._arrays["word_weight"]
        loss = {
            n: cost(int(edits[n]), len(word))
            + (FIRST_LETTER if compared[n][:1] != word[:1] else 0)
            - int(weight[numbers[n]])
            for n in np.flatnonzero(edits <= allowed).tolist()
        }
        return [(texts[n], int(edits[n])) for n in sorted(loss, key=loss.__getitem__)]


class _Texts:
    """Sorted or numbered texts in one run of bytes."""

    def __init__(self, text: Array, start: Array) -> None:
        # Plain numbers and bytes: numpy's own cost five times as much one by one.
        self._text = memoryview(text)  # type: ignore[arg-type] # numpy's arrays are buffers
        self._start = memoryview(start)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self._start) - 1

    def __getitem__(self, number: int) -> str:
        return str(self._text[self._start[number] : self._start[number + 1]], "utf-8")

    def _first_not_before(self, wanted: bytes, low: int = 0) -> int:
        text, start = self._text, self._start
        high = len(start) - 1
        while low < high:
            middle = (low + high) // 2
            if bytes(text[start[middle] : start[middle + 1]]) < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def range_of(self, beginning: str) -> tuple[int, int]:
        """The sorted texts that begin so."""
        raw = beginning.encode()
        first = self._first_not_before(raw)
        return first, self._first_not_before(raw + b"\xff", first)

    def number_of(self, text: str) -> int | None:
        """The number of a sorted text."""
        number = self._first_not_before(text.encode())
        return number if number < len(self) and self[number] == text else None
