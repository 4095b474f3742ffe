"""The page in Chromium, against the real server. A package, so that its browser ends with it."""
