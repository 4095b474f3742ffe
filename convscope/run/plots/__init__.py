"""Drawings for people who read a run: the plots of its report, its samples as small pictures, contact sheets.

| file | what it draws |
| --- | --- |
| learning.py | loss, accuracy and learning rate over the epochs |
| classes.py, values.py | how good a classification or a regression is |
| over_time.py | what was predicted over time |
| points.py | a map: each sample a point |
| drawing.py, sheet.py | one sample, and many with what the network says of each |
| figures.py | what the plots share |
"""
