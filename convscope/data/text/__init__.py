"""Text tables, whoever reads them: what their text is in, where the table begins, what its cells say."""
