"""Tests marked `real_data` read the folder that CONVSCOPE_DATA names; without it they are left out."""

import os


def pytest_configure(config):
    config.addinivalue_line("markers", "real_data: reads data from the folder $CONVSCOPE_DATA")


def pytest_collection_modifyitems(config, items):
    """Leave them out in the open: the last line of pytest counts them as deselected."""
    if os.environ.get("CONVSCOPE_DATA"):
        return
    without = [item for item in items if item.get_closest_marker("real_data")]
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if item not in without]


def pytest_report_header():
    data = os.environ.get("CONVSCOPE_DATA")
    return f"real data: {data or 'not here (CONVSCOPE_DATA is not set), tests that need them are deselected'}"
