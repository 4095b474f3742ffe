"""One file a way of training the same network on the same pictures.

Each has `train(task, record)`: it notes its phases in the record and returns a function that takes raw uint8
pictures (n, height, width) and gives the predicted classes (n,).
"""
