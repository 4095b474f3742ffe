"""Networks as estimators of scikit-learn: `fit`, `predict`, `score`, in pipelines and searches.

    ConvClassifier(epochs=10, random_state=0).fit(X, y).predict(X2)  # X: (n, height, width), (n, time) …
    GridSearchCV(ConvClassifier(), {"network": ["fast", "plain"], "lr": [0.001, 0.01]}, cv=3).fit(X, y)
    make_pipeline(ConvFeatures(run="latest"), SVC()).fit(X, y)  # a trained network's features

X is an array, samples first; a table of numbers, a sample a row; or samples one by one: paths of files (a
list, a column of a DataFrame), pictures of Pillow's, signals of different lengths.

The parameters are the settings of `convscope.train`, by their names, but for these: what is held back for a
test (`test`, `fold`, `refit`) is scikit-learn's to say; `seed` is called `random_state`; `fit` is the method,
so pictures are brought to a `size` with bars; columns of tables are not named, for X and y are apart. A table
with dates gives fewer samples than it has rows: that is `convscope.train`'s. Beside them there are `kind`,
`shape`, `random_state` and `progress`.

A fit leaves nothing on disk; `save` writes a run folder, `load` reads one. Of `run = convscope.load(path)`
the report is `run.judge(run.dataset((X, y)))`, for the samples are not in it. There is no `sample_weight`: a
sample of weight 2 would have to do what two samples do, and in batches it does not; `balance` is for rare
classes.
"""

from convscope.errors import MissingLibrary

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise MissingLibrary("the estimators need", "scikit-learn", "sklearn") from error

from convscope.estimators.classifier import ConvClassifier
from convscope.estimators.features import ConvFeatures
from convscope.estimators.regressor import ConvRegressor

__all__ = ["ConvClassifier", "ConvFeatures", "ConvRegressor"]
