"""Whatever the format: folders, tables of paths, decoding in threads, the cache."""
