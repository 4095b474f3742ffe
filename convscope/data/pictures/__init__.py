"""Picture files and tensors of pictures: decoded, their size and channels chosen, resized."""
