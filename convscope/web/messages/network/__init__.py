"""Messages of a whole network, and of one operation; their types are in web/types/network.py."""
