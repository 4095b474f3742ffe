"""Sums of products: linear layers, matrices, attention, likeness; and rows looked up in a table."""

from convscope.explaining.op import Op
from convscope.explaining.ops.products import attention, embedding, likeness, linear, matmul

OPS: dict[str, Op] = {
    "linear": linear.LINEAR,
    "bilinear": linear.BILINEAR,
    **matmul.PRODUCTS,
    "scaled_dot_product_attention": attention.ATTENTION,
    **likeness.OPS,
    "embedding": embedding.EMBEDDING,
    "embedding_bag": embedding.EMBEDDING_BAG,
}
