"""What a network says of samples, and how good that is.

| file | what it is |
| --- | --- |
| judging.py | a model and samples → predictions, or an evaluation |
| predictions.py | what was said, as table, CSV, JSON or pictures |
| metrics.py | labels and probabilities → every figure |
| classification.py, regression.py | the figures, and how they are told |
| intervals.py | how far a figure may lie from that of all such samples |
| latency.py | how long one sample takes |
"""
