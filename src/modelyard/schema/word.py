"""One spelling of a word: what looks the same and is the same to Unicode is one category.

`é` is one character or an `e` with a mark over it (as file names of one operating system and some keyboards write it).
Training rows and requests come from different programs, so without this a word could be unseen that everybody can see,
and a text fall into other words. Nothing else is made equal: an upper case, a blank at the end or another script are
other words, and are said to be.
"""

from __future__ import annotations

from unicodedata import normalize


def one_form(word: str) -> str:
    r"""Unicode's composed form (NFC).

    >>> one_form("Zoe\u0308") == "Zo\u00eb", one_form("RED ")
    (True, 'RED ')
    """
    return word if word.isascii() else normalize("NFC", word)


def alike(word: str) -> str:
    r"""What words of two writers who meant the same have in common: to tell a person which one an unseen word may be.

    >>> alike(" RED"), alike("Ｒｅｄ\u00a0")
    ('red', 'red')
    """
    return normalize("NFKC", normalize("NFKC", word).casefold()).strip()
