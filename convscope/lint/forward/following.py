"""What autograd does not allow on tensors that it follows."""

from convscope.lint.finding import Finding, rule
from convscope.lint.forward.code import call_replaced
from convscope.lint.forward.scene import Scene


@rule(
    "forward",
    "in-place-parameter",
    why="Autograd needs the number that a trained parameter had. Written over, it is nowhere any more.",
    example="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.weight = nn.Parameter(torch.ones(3))

            def forward(self, x):
                self.weight.add_(1)
                return x * self.weight


        model = Net()
        inputs = torch.zeros(2, 3)
    """,
    fix="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.weight = nn.Parameter(torch.ones(3))

            def forward(self, x):
                return x * (self.weight + 1)


        model = Net()
        inputs = torch.zeros(2, 3)
    """,
)
def parameter_in_place(scene: Scene) -> Finding | None:
    """A parameter that the forward writes into."""
    if "leaf Variable that requires grad" not in scene.message:
        return None
    own = next((scene.origin(value) for value in scene.tensors), None)
    named = f"`{own.name}` {own.shape}" if own and own.name else "a tensor"
    what = f"{scene.name} changes {named} in place, which is trained: autograd needs the number that it had."
    cause = "The gradient belongs to the parameter before the change; written over, it is nowhere any more."
    advice = (
        "Make a new tensor (`w = self.w + 1`; a copy to write into is `self.w.clone()`). If it is no weight "
        "but a count or an average, make it a buffer: self.register_buffer(…)."
    )
    return Finding(what, cause, advice=advice)


@rule(
    "forward",
    "numpy-requires-grad",
    why="NumPy knows no gradients: what happens there is not followed, so no weight "
    "before it would learn from it.",
    example="""
        fc = nn.Linear(3, 2)


        def model(x):
            return torch.tensor(fc(x).numpy())


        inputs = torch.zeros(2, 3)
    """,
    fix="""
        fc = nn.Linear(3, 2)


        def model(x):
            return torch.tensor(fc(x).detach().numpy())


        inputs = torch.zeros(2, 3)
    """,
)
def numbers_outside(scene: Scene) -> Finding | None:
    """`.numpy()` of a tensor that autograd follows."""
    if "numpy() on Tensor that requires grad" not in scene.message:
        return None
    what = f"{scene.name} hands numbers to NumPy that autograd follows: NumPy knows no gradients."
    cause = "What happens there is not followed, so no weight before it would learn from it."
    line = call_replaced(scene, "{0}.detach().numpy()")
    advice = (
        "In a forward that is trained, do the same with torch: there is a function for nearly everything."
    )
    return Finding(what, cause, fixes=scene.rewritten(line), advice=advice)
