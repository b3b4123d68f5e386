"""How names are compared: without case, accents, apostrophes and dashes, in every script.

Both sides of a comparison must go through `fold`. It refuses to transliterate: "Moskva" and "Москва" are
two names of one place, and both are stored.
"""

import re
import unicodedata

# Letters that Unicode does not decompose although a keyboard without them writes the plain letter, and the
# Arabic letters that writers use for one another (teh marbuta and heh, alef maksura and yeh, Farsi forms).
_PLAIN = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th",
        "ŋ": "n", "ə": "e", "ʻ": None, "ʼ": None, "’": None, "‘": None, "'": None, "`": None, "´": None,
        "ʿ": None, "ʾ": None, "ـ": None, "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ё": "е",
    }
)  # fmt: skip
_BREAKS = re.compile(r"[\s\-‐-―_/,.;:()\[\]·・&]+")


def fold(text: str) -> str:
    """Lower case without accents and punctuation, words separated by one space."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    # Accents, and what is never seen: control characters, joiners (category C).
    bare = "".join(
        char
        for char in decomposed
        if not unicodedata.combining(char) and (char.isspace() or unicodedata.category(char)[0] != "C")
    )
    return _BREAKS.sub(" ", unicodedata.normalize("NFC", bare).translate(_PLAIN)).strip()


def word_starts(folded: str) -> list[str]:
    """The ends of a folded name that begin at its second and later words: "new york" → ["york"]."""
    words = folded.split(" ")
    return [" ".join(words[index:]) for index in range(1, len(words)) if len(words[index]) > 1]
