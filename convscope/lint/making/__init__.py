"""A file that makes no network → why, where, and the line that mends it.

    file.py:Net ── network/own.py ── NotMade ──▶ Failure ── the first rule that knows it ──▶ Finding

| file | what it knows |
| --- | --- |
| failure.py | the error, the line and the call that failed, what they were given; whether a fix helps |
| syntax.py, names.py, classes.py, networks.py, holders.py, arguments.py, settings.py | the rules |
"""
