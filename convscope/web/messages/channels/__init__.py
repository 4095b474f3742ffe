"""Messages of a layer's channels, and of one number; their types are in web/types/channels.py."""
