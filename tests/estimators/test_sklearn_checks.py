"""scikit-learn's own battery, every check of it, over every estimator."""

import pytest
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_get_feature_names_out_error,
    check_global_output_transform_pandas,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from convscope import ConvClassifier, ConvFeatures, ConvRegressor

QUICK = {"epochs": 5, "batch": 32, "lr": 0.03, "random_state": 0}
ESTIMATORS = [kind(**QUICK) for kind in (ConvClassifier, ConvRegressor, ConvFeatures)]
OF_TRANSFORMERS = (  # which scikit-learn asks of its own transformers
    check_get_feature_names_out_error,
    check_global_output_transform_pandas,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
)


@parametrize_with_checks(ESTIMATORS)
def test_what_scikit_learn_asks_of_everybody(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: type(each).__name__)
def test_names_of_columns_are_kept_and_demanded(estimator):
    check_dataframe_column_names_consistency(type(estimator).__name__, estimator)


@pytest.mark.filterwarnings("ignore:X .*feature names")  # these hand over both, arrays and tables
@pytest.mark.parametrize("check", OF_TRANSFORMERS, ids=lambda each: each.__name__)
def test_what_scikit_learn_asks_of_its_transformers(check):
    check("ConvFeatures", ConvFeatures(**QUICK))
