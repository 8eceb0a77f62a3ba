"""The paper made again: solved decks kept by content, plates of figures with their numbers, claims, and the page of all."""
