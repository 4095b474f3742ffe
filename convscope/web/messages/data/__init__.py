"""Messages of samples, of how a run did, and of its neighbours; their types are in web/types/data.py."""
