"""The paper as a whole: its figures from decks and its claims as a table (Kempski & Quataert)."""
