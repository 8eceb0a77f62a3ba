"""Figures, drawn from results, decks and coefficients alone: matplotlib is imported when one is drawn."""
