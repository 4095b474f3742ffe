"""What a person names, opened: a run, a network, `file.py:Class`, a `.keras` file, a layer as it is typed."""
