"""Messages of what a person tries: an input, an edit, a filter; their types are in web/types/trying.py."""
