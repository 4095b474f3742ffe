"""report.html, the page that a run leaves: page.py writes it, words.py puts figures into words for all."""
